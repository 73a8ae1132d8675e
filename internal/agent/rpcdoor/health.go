package rpcdoor

import (
	"context"
	"time"

	"google.golang.org/grpc/health"
	healthrpc "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/barq-db/barq-operator/internal/barq/rpc"
)

const (
	// lookInterval is the time between two looks at the server, for those who watch its health.
	lookInterval = time.Second
	// lookTime is how long the server may take to answer one.
	lookTime = 5 * time.Second
)

// liveness is the standard health service. The door is healthy as long as the server answers.
type liveness struct {
	*health.Server
	alive func(context.Context) error
}

func newLiveness(alive func(context.Context) error) *liveness {
	l := &liveness{Server: health.NewServer(), alive: alive}
	l.set(healthrpc.HealthCheckResponse_NOT_SERVING)
	return l
}

// set says it of the service Barq, and of all together.
func (l *liveness) set(state healthrpc.HealthCheckResponse_ServingStatus) {
	for _, service := range []string{"", rpc.Barq_ServiceDesc.ServiceName} {
		l.SetServingStatus(service, state)
	}
}

// look asks the server.
func (l *liveness) look(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	state := healthrpc.HealthCheckResponse_SERVING
	if l.alive(ctx) != nil {
		state = healthrpc.HealthCheckResponse_NOT_SERVING
	}
	l.set(state)
}

// watch looks until the door closes.
func (l *liveness) watch(closing <-chan struct{}) {
	tick := time.NewTicker(lookInterval)
	defer tick.Stop()
	for {
		select {
		case <-closing:
			return
		case <-tick.C:
			l.look(context.Background())
		}
	}
}

// Check asks the server first, so that its answer is that of this moment.
func (l *liveness) Check(ctx context.Context, asked *healthrpc.HealthCheckRequest) (*healthrpc.HealthCheckResponse, error) {
	l.look(ctx)
	return l.Server.Check(ctx, asked)
}
