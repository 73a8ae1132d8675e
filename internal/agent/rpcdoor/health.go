package rpcdoor

import (
	"context"
	"time"

	"google.golang.org/grpc/health"
	healthrpc "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/barq-db/barq-operator/internal/barq/rpc"
)

// lookInterval is the time between two looks at the server, for those who watch its health.
const lookInterval = time.Second

// readiness is the standard health service. The door is healthy while the server can take a call, as HTTP says at /ready.
type readiness struct {
	*health.Server
	ready func(context.Context) error
}

func newReadiness(ready func(context.Context) error) *readiness {
	r := &readiness{Server: health.NewServer(), ready: ready}
	r.set(healthrpc.HealthCheckResponse_NOT_SERVING)
	return r
}

// set says it of the service Barq, and of all together.
func (r *readiness) set(state healthrpc.HealthCheckResponse_ServingStatus) {
	for _, service := range []string{"", rpc.Barq_ServiceDesc.ServiceName} {
		r.SetServingStatus(service, state)
	}
}

// look asks the server. A client that gives up changes nothing for the others.
func (r *readiness) look(ctx context.Context) {
	state := healthrpc.HealthCheckResponse_SERVING
	if r.ready(ctx) != nil {
		state = healthrpc.HealthCheckResponse_NOT_SERVING
	}
	if ctx.Err() == nil {
		r.set(state)
	}
}

// watch looks until the door closes.
func (r *readiness) watch(closing <-chan struct{}) {
	tick := time.NewTicker(lookInterval)
	defer tick.Stop()
	for {
		select {
		case <-closing:
			return
		case <-tick.C:
			r.look(context.Background())
		}
	}
}

// Check asks the server first, so that its answer is that of this moment.
func (r *readiness) Check(ctx context.Context, asked *healthrpc.HealthCheckRequest) (*healthrpc.HealthCheckResponse, error) {
	r.look(ctx)
	return r.Server.Check(ctx, asked)
}
