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
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	server := &http.Server{Handler: handler, ConnState: silent.note, Protocols: &protocols}
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

// silentConnections are those on which no client has said anything yet. Go's server
// waits five seconds for them when it stops; Barq DB does not.
type silentConnections struct {
	mutex sync.Mutex
	open  map[net.Conn]bool
	// refused says that none is wanted any more: one that is taken from the backlog between
	// close and Shutdown would be waited for as well.
	refused bool
}

func (s *silentConnections) note(connection net.Conn, state http.ConnState) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	switch {
	case state != http.StateNew:
		delete(s.open, connection)
	case s.refused:
		_ = connection.Close()
	default:
		s.open[connection] = true
	}
}

// close ends those that are open, and from now on each new one at once.
func (s *silentConnections) close() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.refused = true
	for connection := range s.open {
		// One that cannot be closed is closed already.
		_ = connection.Close()
	}
}
