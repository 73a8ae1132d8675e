package cluster

import (
	"errors"
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// port is a TCP port on the loopback address that the kernel chose and that
// no other process can get before it is released.
//
// It stays bound, without listening, while a program listens on it with
// SO_REUSEPORT. Choosing a free port and closing it again, as is usual, leaves a
// moment in which another cluster or any outgoing connection can take it.
type port struct {
	Number int

	socket int
}

func reservePort() (port, error) {
	socket, err := openSocket()
	if err != nil {
		return port{}, fmt.Errorf("reserve a port: %w", err)
	}
	number, err := bindLoopback(socket)
	if err != nil {
		return port{}, fmt.Errorf("reserve a port: %w", errors.Join(err, unix.Close(socket)))
	}
	return port{Number: number, socket: socket}, nil
}

// openSocket makes a socket that no child inherits: the port would stay taken for
// as long as the child lives.
func openSocket() (int, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err == nil {
		unix.CloseOnExec(socket)
	}
	return socket, err
}

func bindLoopback(socket int) (int, error) {
	if err := unix.SetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1); err != nil {
		return 0, err
	}
	if err := unix.Bind(socket, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return 0, err
	}
	address, err := unix.Getsockname(socket)
	if err != nil {
		return 0, err
	}
	bound, ok := address.(*unix.SockaddrInet4)
	if !ok {
		return 0, fmt.Errorf("bound to %T, not an IPv4 address", address)
	}
	return bound.Port, nil
}

func (p port) release() error { return unix.Close(p.socket) }
