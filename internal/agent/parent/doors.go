//go:build linux

package parent

import (
	"context"
	"net/http"
	"time"

	"github.com/barq-db/barq-operator/internal/agent/disk"
	"github.com/barq-db/barq-operator/internal/agent/door"
	"github.com/barq-db/barq-operator/internal/agent/gate"
	"github.com/barq-db/barq-operator/internal/agent/rpcdoor"
)

// frontDoor is open to clients.
type frontDoor interface {
	// Close takes no more requests, and returns when those that are open have been answered, or the context has ended.
	Close(ctx context.Context) error
}

// wayToServer is what the requests of clients take.
func (p *parent) wayToServer() (http.RoundTripper, error) {
	space, err := disk.NewSpace(p.root)
	return gate.New(door.NewWay(), p.log(), space), err
}

// openDoors lets clients in, who are told to wait until the server serves. The server has to find its port for gRPC taken, so both
// are open before it starts.
func (p *parent) openDoors() error {
	way, err := p.wayToServer()
	if err != nil {
		return err
	}
	p.Door.Way, p.Calls.Way = way, way
	if p.Door.Address != "" {
		opened, err := door.Open(p.Door)
		if err != nil {
			return err
		}
		p.doors = append(p.doors, opened)
	}
	if p.Calls.Address != "" {
		opened, err := rpcdoor.Open(p.Calls)
		if err != nil {
			return err
		}
		p.doors = append(p.doors, opened)
	}
	return nil
}

// drain lets the requests that are open be answered, and takes no more.
func (p *parent) drain(limit time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	closed := make(chan error)
	for _, opened := range p.doors {
		go func() { closed <- opened.Close(ctx) }()
	}
	for range p.doors {
		if err := <-closed; err != nil {
			p.Log.Warn("requests were not answered in time and are cut off", "limit", limit.String(), "error", err)
		}
	}
}
