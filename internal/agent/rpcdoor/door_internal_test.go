package rpcdoor

import (
	"context"
	"io"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/semaphore"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/barq-db/barq-operator/internal/agent/calls"
	"github.com/barq-db/barq-operator/internal/barq/rpc"
)

// arrival is a stream on which a message arrives, or never does.
type arrival struct {
	grpc.ServerStream
	ctx     context.Context
	message proto.Message
}

func (a arrival) Context() context.Context { return a.ctx }

func (a arrival) RecvMsg(into any) error {
	if a.message == nil {
		<-a.ctx.Done()
		return a.ctx.Err()
	}
	content, err := proto.Marshal(a.message)
	into.(*frame).content = content
	return err
}

func newDoor() *Door {
	return &Door{
		log:      slog.New(slog.NewJSONHandler(io.Discard, nil)),
		messages: semaphore.NewWeighted(arriving), answers: semaphore.NewWeighted(calls.LargestAnswer),
	}
}

// requireFree requires that nothing is held.
func (d *Door) requireFree(t *testing.T) {
	t.Helper()
	require.True(t, d.messages.TryAcquire(arriving))
	require.True(t, d.answers.TryAcquire(calls.LargestAnswer))
}

// A client that does not send its message holds memory for a minute.
func TestAMessageThatDoesNotArrive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, began := newDoor(), time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var held call
		err := d.read(arrival{ctx: ctx}, &rpc.SearchRequest{}, &held)
		require.Equal(t, codes.DeadlineExceeded, status.Code(err))
		require.Equal(t, time.Minute, time.Since(began))
		held.release()
		d.requireFree(t)
	})
}

// What a call holds is what its message and answer take, until its end.
func TestACallHoldsWhatItTakes(t *testing.T) {
	d := newDoor()
	message := &rpc.SearchRequest{Collection: "things", Vector: make([]float32, 1000), TopK: 100}
	var into rpc.SearchRequest
	var held call
	require.NoError(t, d.read(arrival{ctx: t.Context(), message: message}, &into, &held))
	require.True(t, proto.Equal(message, &into))
	free := arriving - growth*int64(proto.Size(message))
	require.False(t, d.messages.TryAcquire(free+1))
	require.True(t, d.messages.TryAcquire(free))
	require.False(t, d.answers.TryAcquire(calls.LargestAnswer-calls.SizeOfAnswer(message)+1))
	d.messages.Release(free)
	held.release()
	d.requireFree(t)
}

// A fault of a call ends neither the agent nor the server.
func TestAFaultOfACall(t *testing.T) {
	d := newDoor()
	_, err := d.unary(t.Context(), nil, &grpc.UnaryServerInfo{}, func(context.Context, any) (any, error) { panic("a fault") })
	require.Equal(t, codes.Internal, status.Code(err))
	for _, endless := range []bool{false, true} {
		err = d.stream(nil, arrival{ctx: t.Context()}, &grpc.StreamServerInfo{IsServerStream: endless}, func(any, grpc.ServerStream) error { panic("a fault") })
		require.Equal(t, codes.Internal, status.Code(err))
	}
}
