package conformance

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/test/privatenetwork"
)

// soon is what an ordinary stop must be faster than. A grace period is 30 s and more.
const soon = 2 * time.Second

func TestInterruptStopsSoon(t *testing.T) {
	s := serve(t, start{})
	inserted := s.fill(10)
	// A connection without use, and one on which nothing was said yet.
	idle := s.open("GET /health HTTP/1.1\r\nHost: test\r\n\r\n")
	response, err := http.ReadResponse(bufio.NewReader(idle), nil)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	s.open("")

	begin := time.Now()
	s.stop()
	t.Logf("stopped in %s", time.Since(begin).Round(time.Millisecond))
	require.Less(t, time.Since(begin), soon)
	s.again().requireAll(inserted)
}

// A request that has begun is finished, however long its client takes.
func TestInterruptWaitsForRequests(t *testing.T) {
	s := serve(t, start{})
	s.fill(0)
	const body = `{"id":1,"vector":[1,0],"payload":{"title":"document 1"}}`
	connection := s.open(fmt.Sprintf("POST /collections/things/documents HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		len(body), body[:10]))
	time.Sleep(100 * time.Millisecond)
	s.signal(syscall.SIGINT)
	require.Eventually(t, func() bool { return !listens(s.address) }, soon, 10*time.Millisecond, "new connections are refused")
	// Another signal changes nothing.
	s.signal(syscall.SIGINT)
	require.True(t, s.livesFor(time.Second))

	_, err := connection.Write([]byte(body[10:]))
	require.NoError(t, err)
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusCreated, response.StatusCode)
	require.Equal(t, stopped, s.exit())
	s.again().requireAll(documents(1))
}

// open connects to the server and says something.
func (s *server) open(text string) net.Conn {
	s.t.Helper()
	connection, err := net.Dial("tcp", s.address)
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = connection.Close() })
	_, err = connection.Write([]byte(text))
	require.NoError(s.t, err)
	return connection
}

func TestTerminationIsNotHandled(t *testing.T) {
	s := serve(t, start{})
	inserted := s.fill(10)
	s.signal(syscall.SIGTERM)
	require.Equal(t, exit{Signal: syscall.SIGTERM}, s.exit())
	s.again().requireAll(inserted)
}

// As the first process of a container it ignores what Kubernetes sends.
func TestTerminationIsIgnoredAsProcessOne(t *testing.T) {
	privatenetwork.Require(t)
	s := serve(t, start{attributes: []func(*syscall.SysProcAttr){asInit}})
	inserted := s.fill(1)
	s.signal(syscall.SIGTERM)
	require.True(t, s.livesFor(time.Second))
	s.requireAll(inserted)
	begin := time.Now()
	s.stop()
	require.Less(t, time.Since(begin), soon)
}

func TestInterruptDuringTheReplay(t *testing.T) {
	dir := large(t)
	interrupt := func(t *testing.T, how start) *server {
		s := launch(t, how)
		require.Eventually(t, func() bool { return s.out() != "" }, patience, time.Millisecond)
		s.signal(syscall.SIGINT)
		require.False(t, listens(s.address), "the replay was over too early to tell")
		return s
	}
	t.Run("ends the process", func(t *testing.T) {
		require.Equal(t, exit{Signal: syscall.SIGINT}, interrupt(t, start{dir: dir}).exit())
	})
	// So a preStop hook that interrupts a server which is still reading does nothing,
	// and the pod is killed at the end of its grace period.
	t.Run("is lost as process one", func(t *testing.T) {
		privatenetwork.Require(t)
		s := interrupt(t, start{dir: dir, attributes: []func(*syscall.SysProcAttr){asInit}})
		s.await()
		require.True(t, s.livesFor(500*time.Millisecond))
		s.stop()
	})
}
