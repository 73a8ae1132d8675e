package conformance

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"io"
	"math"
	"net"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/barq-db/barq-operator/internal/barq/rpc"
	"github.com/barq-db/barq-operator/test/barqserver/client"
	"github.com/barq-db/barq-operator/test/privatenetwork"
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
	privatenetwork.Require(t)
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
	privatenetwork.Require(t)
	serve(t, withCluster(t, clusterFile(t, map[string]any{"node_id": "db-1"})))
	require.Equal(t, rpcOK, call(t, "barq.Barq", "CreateCollection", collectionMessage("things")), "the cluster file is not asked")
	require.Equal(t, rpcFailedPrecondition, call(t, "barq.Barq", "InsertDocument", documentMessage("things", "1", 1, 0)))
}

// contract calls as programs do that know the contract.
func contract(t *testing.T) rpc.BarqClient {
	t.Helper()
	connection, err := grpc.NewClient(rpcAddress, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = connection.Close() })
	return rpc.NewBarqClient(connection)
}

// The server says its version over gRPC, and in the description of its HTTP API.
func TestVersion(t *testing.T) {
	s := serve(t, start{})
	answer, err := s.Send(t.Context(), http.MethodGet, "/api-docs/openapi.json", "", "")
	require.NoError(t, err)
	var described struct{ Info struct{ Version string } }
	require.NoError(t, json.Unmarshal([]byte(answer.Body), &described))
	require.Equal(t, "0.1.0", described.Info.Version)
	if privatenetwork.Inside() {
		health, err := contract(t).Health(t.Context(), &rpc.HealthRequest{})
		require.NoError(t, err)
		require.Equal(t, []any{true, "0.1.0"}, []any{health.GetOk(), health.GetVersion()})
	}
}

// A search gives no payloads, and counts nowhere.
func TestRPCSearches(t *testing.T) {
	privatenetwork.Require(t)
	s := serve(t, start{})
	db := contract(t)
	search := func(collection string, count uint32, vector ...float32) (*rpc.SearchResponse, error) {
		return db.Search(t.Context(), &rpc.SearchRequest{Collection: collection, Vector: vector, TopK: count})
	}
	_, err := db.CreateCollection(t.Context(), &rpc.CreateCollectionRequest{Name: "things", Dimension: 2})
	require.NoError(t, err)
	for id, place := range map[string]float32{"7": 1, "far": 9} {
		_, err := db.InsertDocument(t.Context(), &rpc.InsertDocumentRequest{Collection: "things", Id: id, Vector: []float32{place, 0}, PayloadJson: `{"a":1}`})
		require.NoError(t, err)
	}
	hit := func(id string, score float32) *rpc.SearchResult {
		return &rpc.SearchResult{Id: id, Score: score, PayloadJson: "{}"}
	}
	found, err := search("things", 1, 1, 0)
	require.NoError(t, err)
	require.EqualExportedValues(t, &rpc.SearchResponse{Results: []*rpc.SearchResult{hit("7", 0)}}, found)
	batch, err := db.BatchSearch(t.Context(), &rpc.BatchSearchRequest{Collection: "things", TopK: 2, Queries: []*rpc.SearchQuery{{Vector: []float32{9, 3}}, {Vector: []float32{0, 0}}}})
	require.NoError(t, err)
	require.EqualExportedValues(t, &rpc.BatchSearchResponse{Results: []*rpc.QueryResults{
		{Hits: []*rpc.SearchResult{hit("far", -3), hit("7", -float32(math.Sqrt(73)))}}, {Hits: []*rpc.SearchResult{hit("7", -1), hit("far", -9)}},
	}}, batch)

	for _, c := range []struct {
		collection string
		count      uint32
		vector     []float32
		code       codes.Code
		message    string
	}{
		{"absent", 0, nil, codes.NotFound, "collection absent not found"},
		{"things", 0, nil, codes.Internal, "index error: search requested top_k=0, but a positive value is required"},
		{"things", 1, nil, codes.Internal, "index error: vector dimension mismatch: expected 2, got 0"},
	} {
		_, err := search(c.collection, c.count, c.vector...)
		require.Equal(t, status.New(c.code, c.message).Err(), err)
	}
	text, err := s.Metrics(t.Context())
	require.NoError(t, err)
	require.NotContains(t, text, "search")
}

// Over gRPC a vector can hold what is not a number.
func TestRPCTakesNaN(t *testing.T) {
	privatenetwork.Require(t)
	s := serve(t, start{})
	s.fill(1)
	require.Equal(t, rpcOK, call(t, "barq.Barq", "InsertDocument", documentMessage("things", "2", float32(math.NaN()), 0)))
	require.Contains(t, s.read(s.collectionFile("things", "wal.jsonl")), `"vector":[null,0`)
	s.stop()
	s.requireFailure(unreadable("invalid type: null, expected f32 at line 1 column 46"))
}

// Without its port for gRPC a server goes on without gRPC, and only the standard error says so.
func TestRPCPortThatIsTaken(t *testing.T) {
	privatenetwork.Require(t)
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
