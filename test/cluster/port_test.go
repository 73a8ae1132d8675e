package cluster

import (
	"fmt"
	"net"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestReservedPortIsForThoseWhoShareIt(t *testing.T) {
	reserved, err := reservePort()
	require.NoError(t, err)
	address := fmt.Sprintf("127.0.0.1:%d", reserved.Number)

	_, err = net.Listen("tcp", address)
	require.ErrorIs(t, err, syscall.EADDRINUSE, "another program cannot take it")

	sharing := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		var failed error
		err := raw.Control(func(fd uintptr) {
			failed = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
		})
		if err != nil {
			return err
		}
		return failed
	}}
	server, err := sharing.Listen(t.Context(), "tcp", address)
	require.NoError(t, err)
	// Every connection must reach the server, none the reservation.
	for range 20 {
		client, err := net.Dial("tcp", address)
		require.NoError(t, err)
		accepted, err := server.Accept()
		require.NoError(t, err)
		require.Equal(t, client.LocalAddr().String(), accepted.RemoteAddr().String())
		require.NoError(t, client.Close())
		require.NoError(t, accepted.Close())
	}
	require.NoError(t, server.Close())

	require.NoError(t, reserved.release())
	free, err := net.Listen("tcp", address)
	require.NoError(t, err)
	require.NoError(t, free.Close())
}
