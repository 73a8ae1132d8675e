package barqserver

import (
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A connection that is in the backlog when the server is interrupted is taken before the
// listener is closed. The stop does not wait for it.
func TestALateConnectionIsNotWaitedFor(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	silent := silentConnections{open: map[net.Conn]bool{}}
	server := &http.Server{ConnState: silent.note}
	go func() { _ = server.Serve(listener) }()
	defer func() { _ = server.Close() }()

	silent.close()
	connection, err := net.Dial("tcp", listener.Addr().String())
	require.NoError(t, err)
	defer func() { _ = connection.Close() }()
	require.NoError(t, connection.SetReadDeadline(time.Now().Add(2*time.Second)))
	_, err = connection.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
	begin := time.Now()
	require.NoError(t, server.Shutdown(t.Context()))
	require.Less(t, time.Since(begin), 2*time.Second)
}
