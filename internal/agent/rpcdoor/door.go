package rpcdoor

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"time"

	"golang.org/x/net/netutil"
	"golang.org/x/sync/semaphore"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthrpc "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/barq-db/barq-operator/internal/agent/calls"
	"github.com/barq-db/barq-operator/internal/agent/door"
	"github.com/barq-db/barq-operator/internal/barq/rpc"
)

// The limits, beside those of every door.
const (
	// largestMessage is the largest message that the server's own gRPC takes, in bytes.
	largestMessage = 4 << 20
	// arriving is how many bytes of messages are held at a time, as messages and as the JSON that they become.
	arriving = 32 << 20
	// growth is how many times larger a message is as JSON, itself included: a number of 4 bytes has up to 20 characters.
	growth = 6
	// helloTime is how long a client may take to say that it speaks HTTP/2. The end of the door waits for it.
	helloTime = 5 * time.Second
	// window is how many bytes of a call arrive before it is read.
	window = 64 << 10
	// The time between two pings of a client is at least pingTime. A connection without an answer to a ping ends.
	pingTime = 5 * time.Second
	pongTime = 20 * time.Second
)

// Options are what is listened on, and where the server is.
type Options struct {
	// Address is where clients come: a host, which may be empty for all addresses of both families, and a port.
	Address string
	// Server is where the server listens for HTTP, and Way carries requests to it.
	Server string
	Way    http.RoundTripper
	// Ready returns an error unless the server can take a call now.
	Ready func(context.Context) error
	// Count and CountStream count what comes through the door.
	Count       grpc.UnaryServerInterceptor
	CountStream grpc.StreamServerInterceptor
	Log         *slog.Logger
}

// Door is open to clients.
type Door struct {
	log    *slog.Logger
	server *grpc.Server
	health *readiness
	// messages and answers bound what is held in memory.
	messages, answers *semaphore.Weighted
	// closing is closed when the door closes, and ends what never ends by itself.
	closing chan struct{}
	ended   chan error
}

// Open listens. Until the server serves, calls are answered with UNAVAILABLE.
func Open(options Options) (*Door, error) {
	listener, err := net.Listen("tcp", options.Address)
	if err != nil {
		return nil, fmt.Errorf("listening for calls: %w", err)
	}
	service := calls.New(options.Server, options.Way)
	d := &Door{
		log: options.Log, health: newReadiness(options.Ready), closing: make(chan struct{}), ended: make(chan error, 1),
		messages: semaphore.NewWeighted(arriving), answers: semaphore.NewWeighted(calls.LargestAnswer),
	}
	d.server = grpc.NewServer(
		grpc.ConnectionTimeout(helloTime), grpc.MaxHeaderListSize(door.LargestHeader), grpc.MaxConcurrentStreams(door.Streams),
		grpc.ForceServerCodecV2(newFraming()), grpc.MaxRecvMsgSize(largestMessage), grpc.StaticStreamWindowSize(window), grpc.WaitForHandlers(true),
		grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionIdle: door.IdleTime, Time: door.IdleTime / 2, Timeout: pongTime}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: pingTime, PermitWithoutStream: true}),
		grpc.ChainUnaryInterceptor(options.Count, d.unary), grpc.ChainStreamInterceptor(options.CountStream, d.stream),
	)
	d.server.RegisterService(d.bounded(rpc.Barq_ServiceDesc), service)
	healthrpc.RegisterHealthServer(d.server, d.health)
	reflection.Register(d.server)
	go d.health.watch(d.closing)
	go func() { d.ended <- d.server.Serve(netutil.LimitListener(listener, door.Connections)) }()
	return d, nil
}

// Close takes no more calls, and returns when those that are open have been answered, or the context has ended.
func (d *Door) Close(ctx context.Context) error {
	d.health.Shutdown()
	close(d.closing)
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		d.server.GracefulStop()
	}()
	select {
	case <-answered:
		return <-d.ended
	case <-ctx.Done():
		// A client that has only connected holds up the end of this too.
		go d.server.Stop()
		return ctx.Err()
	}
}

// bounded makes streams of the calls of a service, which look the same to a client. A call is read before any code of its own
// runs, and a stream is not, so its memory and time can be bounded.
func (d *Door) bounded(described grpc.ServiceDesc) *grpc.ServiceDesc {
	for _, method := range described.Methods {
		described.Streams = append(described.Streams, grpc.StreamDesc{
			StreamName: method.MethodName,
			Handler: func(of any, stream grpc.ServerStream) error {
				var held call
				defer held.release()
				read := func(into any) error { return d.read(stream, into, &held) }
				answer, err := method.Handler(of, stream.Context(), read, nil)
				if err != nil {
					return err
				}
				return stream.SendMsg(answer)
			},
		})
	}
	described.Methods = nil
	return &described
}

// call is what a call holds of the memory.
type call struct{ releases []func() }

func (c *call) acquire(ctx context.Context, of *semaphore.Weighted, size int64) error {
	if err := of.Acquire(ctx, size); err != nil {
		return status.FromContextError(err).Err()
	}
	c.releases = append(c.releases, func() { of.Release(size) })
	return nil
}

func (c *call) release() {
	for _, release := range c.releases {
		release()
	}
}

// read reads the message of a call, which may be any until it is there.
func (d *Door) read(stream grpc.ServerStream, into any, held *call) error {
	ctx := stream.Context()
	if err := d.messages.Acquire(ctx, largestMessage); err != nil {
		return status.FromContextError(err).Err()
	}
	size := int64(largestMessage)
	defer func() { held.releases = append(held.releases, func() { d.messages.Release(size) }) }()
	message, is := into.(proto.Message)
	if !is {
		return status.Errorf(codes.Internal, "%T is no message", into)
	}
	var got frame
	arrived := make(chan error, 1)
	go func() { arrived <- stream.RecvMsg(&got) }()
	select {
	case err := <-arrived:
		if err != nil {
			return err
		}
	case <-time.After(door.BodyTime):
		// The end of the call ends the reading too.
		return status.Error(codes.DeadlineExceeded, "the message did not arrive in time")
	}
	if err := got.decode(message); err != nil {
		return err
	}
	known := min(growth*int64(len(got.content)), largestMessage)
	d.messages.Release(size - known)
	size = known
	return held.acquire(ctx, d.answers, calls.SizeOfAnswer(into))
}

// unary and stream keep a fault of a call from ending the agent, and the server with it.
func (d *Door) unary(ctx context.Context, message any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (answer any, err error) {
	defer d.recovered(info.FullMethod, &err)
	return handle(ctx, message)
}

// A stream of the server, as of those who watch its health, has no end, so the door ends it.
func (d *Door) stream(of any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handle grpc.StreamHandler) (err error) {
	guarded := func() (err error) {
		defer d.recovered(info.FullMethod, &err)
		return handle(of, stream)
	}
	if !info.IsServerStream {
		return guarded()
	}
	ended := make(chan error, 1)
	go func() { ended <- guarded() }()
	select {
	case err := <-ended:
		return err
	case <-d.closing:
		return status.Error(codes.Unavailable, door.NoAnswer)
	}
}

func (d *Door) recovered(method string, err *error) {
	if fault := recover(); fault != nil {
		d.log.Error("a call of gRPC panicked; file an issue", "method", method, "fault", fault, "stack", string(debug.Stack()))
		*err = status.Error(codes.Internal, "the agent failed at this call; its log says how")
	}
}
