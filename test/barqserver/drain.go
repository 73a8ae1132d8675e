package barqserver

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
)

// serveUntilInterrupted serves until SIGINT, and then finishes the requests that have
// begun, however long they take.
func serveUntilInterrupted(listener net.Listener, handler http.Handler) error {
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt)

	silent := silentConnections{open: map[net.Conn]bool{}}
	server := &http.Server{Handler: handler, ConnState: silent.note}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return err
	case <-interrupted:
	}
	silent.close()
	if err := server.Shutdown(context.Background()); err != nil {
		return err
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// silentConnections are those on which nobody has said anything yet. Go's server
// waits five seconds for them when it stops; Barq DB does not.
type silentConnections struct {
	mutex sync.Mutex
	open  map[net.Conn]bool
}

func (s *silentConnections) note(connection net.Conn, state http.ConnState) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if state == http.StateNew {
		s.open[connection] = true
	} else {
		delete(s.open, connection)
	}
}

func (s *silentConnections) close() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for connection := range s.open {
		// One that cannot be closed is closed already.
		_ = connection.Close()
	}
}
