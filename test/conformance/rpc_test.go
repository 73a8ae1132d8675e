package conformance

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"net"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/test/barqserver/client"
)

// rpcAddress is where gRPC is, whatever the environment says.
const rpcAddress = "127.0.0.1:50051"

// The codes of gRPC.
const (
	rpcOK                 = "0"
	rpcInvalidArgument    = "3"
	rpcFailedPrecondition = "9"
	rpcUnimplemented      = "12"
)

// call makes a call of gRPC, in plain text and without a key, and gives its code.
func call(t *testing.T, service, method string, message []byte) string {
	t.Helper()
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: &protocols}
	defer transport.CloseIdleConnections()
	frame := binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message)))
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+rpcAddress+"/"+service+"/"+method, bytes.NewReader(append(frame, message...)))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/grpc")
	request.Header.Set("Te", "trailers")
	response, err := transport.RoundTrip(request)
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	// A call that fails at once has its code in the header.
	if code := response.Header.Get("Grpc-Status"); code != "" {
		return code
	}
	return response.Trailer.Get("Grpc-Status")
}

// text is a field of a message that holds bytes.
func text(number byte, content string) []byte {
	return append(binary.AppendUvarint([]byte{number<<3 | 2}, uint64(len(content))), content...)
}

func collectionMessage(name string) []byte {
	return append(append(text(1, name), 2<<3, 2), text(3, "L2")...)
}

func documentMessage(collection, id string, vector ...float32) []byte {
	return documentWith(collection, id, `{"title":"document 1"}`, vector...)
}

func documentWith(collection, id, payload string, vector ...float32) []byte {
	var numbers []byte
	for _, number := range vector {
		numbers = binary.LittleEndian.AppendUint32(numbers, math.Float32bits(number))
	}
	message := append(text(1, collection), text(2, id)...)
	return append(append(message, text(3, string(numbers))...), text(4, payload)...)
}

func TestRPC(t *testing.T) {
	needsPrivateNetwork(t)
	s := serve(t, start{})
	require.Equal(t, rpcOK, call(t, "barq.Barq", "Health", nil))
	require.Equal(t, rpcUnimplemented, call(t, "grpc.health.v1.Health", "Check", nil), "a gRPC probe of the kubelet would fail")

	// No key is asked for, and the tenant is always the default one.
	require.NoError(t, s.RegisterKey(t.Context(), "another", "the-key", client.RoleAdmin))
	require.Equal(t, rpcOK, call(t, "barq.Barq", "CreateCollection", collectionMessage("things")))
	require.Equal(t, rpcOK, call(t, "barq.Barq", "InsertDocument", documentMessage("things", "1", 1, 0)))
	s.stop()
	s.again().requireAll(documents(1))
}

func TestRPCOfAFollower(t *testing.T) {
	needsPrivateNetwork(t)
	serve(t, withCluster(t, clusterFile(t, map[string]any{"node_id": "db-1"})))
	require.Equal(t, rpcOK, call(t, "barq.Barq", "CreateCollection", collectionMessage("things")), "nobody asks the cluster file")
	require.Equal(t, rpcFailedPrecondition, call(t, "barq.Barq", "InsertDocument", documentMessage("things", "1", 1, 0)))
}

// Over gRPC a vector can hold what is not a number.
func TestRPCTakesNaN(t *testing.T) {
	needsPrivateNetwork(t)
	s := serve(t, start{})
	s.fill(1)
	require.Equal(t, rpcOK, call(t, "barq.Barq", "InsertDocument", documentMessage("things", "2", float32(math.NaN()), 0)))
	require.Contains(t, s.read(s.collectionFile("things", "wal.jsonl")), `"vector":[null,0`)
	s.stop()
	s.requireFailure(unreadable("invalid type: null, expected f32 at line 1 column 46"))
}

// Without its port for gRPC a server goes on without gRPC, and only the standard error says so.
func TestRPCPortThatIsTaken(t *testing.T) {
	needsPrivateNetwork(t)
	said := panicOf(workerThread, `gRPC server failed: tonic::transport::Error(Transport, hyper::Error(Listen, Os { code: 98, kind: AddrInUse, message: "Address already in use" }))`)
	t.Run("by another server", func(t *testing.T) {
		first := serve(t, start{})
		second := serve(t, start{})
		second.requireAll(second.fill(1))
		require.Regexp(t, said, second.problems())
		require.Equal(t, rpcOK, call(t, "barq.Barq", "Health", nil))
		first.stop()
		require.False(t, listens(rpcAddress), "the second does not try again")
	})
	// So a process that takes the port first is the only one that answers calls.
	for _, taken := range []struct{ network, address string }{{"tcp4", "0.0.0.0:50051"}, {"tcp", "[::]:50051"}, {"tcp4", rpcAddress}} {
		t.Run(taken.address, func(t *testing.T) {
			listener, err := net.Listen(taken.network, taken.address)
			require.NoError(t, err)
			defer func() { _ = listener.Close() }()
			s := serve(t, start{})
			s.requireAll(s.fill(1))
			require.Regexp(t, said, s.problems())
			s.stop()
		})
	}
}
