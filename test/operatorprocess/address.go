package operatorprocess

import (
	"fmt"
	"math/rand/v2"
	"net"
	"runtime"
)

// FreeAddress gives an address of loopback on which no process listens. Linux has all
// of 127.0.0.0/8, so a random host keeps other programs, which use 127.0.0.1, from
// taking the port before the operator does.
func FreeAddress() (string, error) {
	host := "127.0.0.1"
	if runtime.GOOS == "linux" {
		host = fmt.Sprintf("127.%d.%d.%d", 1+rand.IntN(254), rand.IntN(256), 1+rand.IntN(254))
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return "", err
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String(), nil
}
