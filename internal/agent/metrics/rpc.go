package metrics

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthrpc "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/barq-db/barq-operator/internal/agent/refusal"
	"github.com/barq-db/barq-operator/internal/barq/request"
	"github.com/barq-db/barq-operator/internal/barq/rpc"
)

// call counts a call of gRPC. One without an end, as of those who watch, has no duration.
func (m *Metrics) call(ctx context.Context, method string, endless bool, do func() error) {
	open := m.open.WithLabelValues(overRPC)
	open.Inc()
	defer open.Dec()
	began := time.Now()
	err := do()
	route, in := routeOf(method)
	if !endless {
		m.observe(overRPC, route, time.Since(began))
	}
	var refused interface{ Reason() refusal.Reason }
	if errors.As(err, &refused) {
		m.refused.WithLabelValues(overRPC, string(refused.Reason())).Inc()
	}
	tenant := request.DefaultTenant
	if named := metadata.ValueFromIncomingContext(ctx, request.TenantHeader); len(named) > 0 {
		tenant = cmp.Or(named[0], tenant)
	}
	m.ended(kind{protocol: overRPC, route: route, code: nameOf(status.Code(err)), tenant: tenant}, err == nil && in)
}

// CountCall counts calls: it is a grpc.UnaryServerInterceptor.
func (m *Metrics) CountCall(ctx context.Context, message any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (answer any, err error) {
	m.call(ctx, info.FullMethod, false, func() error {
		answer, err = handle(ctx, message)
		return err
	})
	return answer, err
}

// CountStream counts streams: it is a grpc.StreamServerInterceptor.
func (m *Metrics) CountStream(of any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handle grpc.StreamHandler) (err error) {
	m.call(stream.Context(), info.FullMethod, info.IsServerStream, func() error {
		err = handle(of, stream)
		return err
	})
	return err
}

// routeOf returns what a call asks for, by the name that HTTP has for it. It reports true if success shows that the tenant has a
// collection.
func routeOf(method string) (route string, shows bool) {
	var action request.Action
	switch method {
	case rpc.Barq_CreateCollection_FullMethodName:
		return request.CreateCollection.String(), true
	case rpc.Barq_InsertDocument_FullMethodName:
		action = request.InsertDocument
	case rpc.Barq_Search_FullMethodName:
		action = request.Search
	case rpc.Barq_BatchSearch_FullMethodName:
		action = request.BatchSearch
	case rpc.Barq_Health_FullMethodName:
		action = request.Describe
	case healthrpc.Health_Check_FullMethodName, healthrpc.Health_Watch_FullMethodName:
		return readyRoute, false
	default:
		action = request.Other
	}
	return action.String(), action.InCollection()
}

// nameOf returns a code as it is counted, such as NOT_FOUND.
func nameOf(code codes.Code) string {
	if code > codes.Unauthenticated {
		return other
	}
	var name strings.Builder
	for index, letter := range code.String() {
		if index > 0 && 'A' <= letter && letter <= 'Z' && code != codes.OK {
			name.WriteByte('_')
		}
		name.WriteRune(letter)
	}
	return strings.ToUpper(name.String())
}
