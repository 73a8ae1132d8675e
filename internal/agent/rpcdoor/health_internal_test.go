package rpcdoor

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	healthrpc "google.golang.org/grpc/health/grpc_health_v1"
)

// The health of both services is what the server says now. A client that gives up says nothing about it.
func TestHealthIsReadiness(t *testing.T) {
	var problem error
	health := newReadiness(func(ctx context.Context) error { return errors.Join(problem, ctx.Err()) })
	check := func(service string, expected healthrpc.HealthCheckResponse_ServingStatus) {
		t.Helper()
		answer, err := health.Check(t.Context(), &healthrpc.HealthCheckRequest{Service: service})
		require.NoError(t, err)
		require.Equal(t, expected, answer.GetStatus())
	}
	for _, service := range []string{"", "barq.Barq"} {
		problem = nil
		check(service, healthrpc.HealthCheckResponse_SERVING)
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		health.look(gone)
		answer, err := health.Server.Check(t.Context(), &healthrpc.HealthCheckRequest{Service: service})
		require.NoError(t, err)
		require.Equal(t, healthrpc.HealthCheckResponse_SERVING, answer.GetStatus())
		problem = errors.New("its lock is held")
		check(service, healthrpc.HealthCheckResponse_NOT_SERVING)
	}
}
