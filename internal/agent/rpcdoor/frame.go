package rpcdoor

import (
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	protocodec "google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/barq-db/barq-operator/internal/barq/rpc"
)

// mostQueries is how many queries a batch may have. A query of 2 bytes takes 80 once it is decoded, so a batch of them would
// take more memory than the agent has.
const mostQueries = 50_000

// frame is a message as it arrived.
type frame struct{ content []byte }

// framing leaves a message as it arrived where a frame is wanted.
type framing struct{ encoding.CodecV2 }

func newFraming() framing { return framing{CodecV2: encoding.GetCodecV2(protocodec.Name)} }

// Unmarshal reads a message into a frame or what else is given.
func (f framing) Unmarshal(data mem.BufferSlice, into any) error {
	if whole, is := into.(*frame); is {
		whole.content = data.Materialize()
		return nil
	}
	return f.CodecV2.Unmarshal(data, into)
}

// decode reads what arrived, if it is not many times larger than it was. The error is the status of the call.
func (f frame) decode(into proto.Message) error {
	if _, is := into.(*rpc.BatchSearchRequest); is && f.queries() > mostQueries {
		return status.Errorf(codes.InvalidArgument, "the batch has more than %d queries; send several batches", mostQueries)
	}
	if err := proto.Unmarshal(f.content, into); err != nil {
		return status.Errorf(codes.Internal, "the message cannot be decoded: %v", err)
	}
	return nil
}

// queries counts the queries of a batch.
func (f frame) queries() int {
	field := (&rpc.BatchSearchRequest{}).ProtoReflect().Descriptor().Fields().ByName("queries").Number()
	count := 0
	for rest := f.content; len(rest) > 0; {
		number, _, size := protowire.ConsumeField(rest)
		if size < 0 {
			// It cannot be decoded.
			return count
		}
		if number == field {
			count++
		}
		rest = rest[size:]
	}
	return count
}
