//go:build linux

package agent

import (
	"context"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthrpc "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	reflectionrpc "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	v1 "github.com/barq-db/barq-operator/internal/agentapi/v1"
	"github.com/barq-db/barq-operator/internal/barq/ending"
	"github.com/barq-db/barq-operator/internal/barq/rpc"
	"github.com/barq-db/barq-operator/test/barqserver/client"
	"github.com/barq-db/barq-operator/test/bench/procfs"
	"github.com/barq-db/barq-operator/test/privatenetwork"
)

// serversOwn is where the server itself has gRPC, if the port is free when it starts.
const serversOwn = "127.0.0.1:50051"

// caller calls one address.
type caller struct {
	*grpc.ClientConn
	t *testing.T
}

func callerOf(t *testing.T, address string) caller {
	t.Helper()
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = connection.Close() })
	return caller{ClientConn: connection, t: t}
}

// said is all that a call was answered with.
type said struct {
	Code    codes.Code
	Message string
	Answer  string
}

// call makes the call that a message belongs to.
func (c caller) call(ctx context.Context, message proto.Message) said {
	c.t.Helper()
	var method string
	var answer proto.Message
	switch message.(type) {
	case *rpc.HealthRequest:
		method, answer = rpc.Barq_Health_FullMethodName, &rpc.HealthResponse{}
	case *rpc.CreateCollectionRequest:
		method, answer = rpc.Barq_CreateCollection_FullMethodName, &rpc.CreateCollectionResponse{}
	case *rpc.InsertDocumentRequest:
		method, answer = rpc.Barq_InsertDocument_FullMethodName, &rpc.InsertDocumentResponse{}
	case *rpc.SearchRequest:
		method, answer = rpc.Barq_Search_FullMethodName, &rpc.SearchResponse{}
	case *rpc.BatchSearchRequest:
		method, answer = rpc.Barq_BatchSearch_FullMethodName, &rpc.BatchSearchResponse{}
	}
	found := status.Convert(c.Invoke(ctx, method, message, answer))
	text, err := protojson.MarshalOptions{EmitUnpopulated: true}.Marshal(answer)
	require.NoError(c.t, err)
	return said{Code: found.Code(), Message: found.Message(), Answer: string(text)}
}

func (c caller) requireDone(message proto.Message) {
	c.t.Helper()
	answer := c.call(c.t.Context(), message)
	require.Equal(c.t, codes.OK, answer.Code, "%+v", answer)
}

func create(name string, dimension uint32, metric string) *rpc.CreateCollectionRequest {
	return &rpc.CreateCollectionRequest{Name: name, Dimension: dimension, Metric: metric}
}

func insert(collection, id, payload string, vector ...float32) *rpc.InsertDocumentRequest {
	return &rpc.InsertDocumentRequest{Collection: collection, Id: id, PayloadJson: payload, Vector: vector}
}

func search(collection string, count uint32, vector ...float32) *rpc.SearchRequest {
	return &rpc.SearchRequest{Collection: collection, Vector: vector, TopK: count}
}

func batch(collection string, count uint32, queries ...*rpc.SearchQuery) *rpc.BatchSearchRequest {
	return &rpc.BatchSearchRequest{Collection: collection, Queries: queries, TopK: count}
}

func query(filter string, vector ...float32) *rpc.SearchQuery {
	return &rpc.SearchQuery{Vector: vector, FilterJson: filter}
}

func nested(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }

// both starts a server with gRPC of its own and one whose gRPC the agent answers.
func both(t *testing.T) (straight, through *agent, own, door caller) {
	t.Helper()
	privatenetwork.Require(t)
	straight = serve(t, how{})
	through = serve(t, how{rpc: freePort(t)})
	return straight, through, callerOf(t, serversOwn), callerOf(t, through.calls)
}

var (
	minusZero = float32(math.Copysign(0, -1))
	infinity  = float32(math.Inf(1))
	noNumber  = float32(math.NaN())
)

// What does no harm gets the answer that the server's own gRPC gives, each code, message and field of it.
func TestRPCAnswersAsTheServer(t *testing.T) {
	straight, through, own, door := both(t)
	calls := []proto.Message{
		&rpc.HealthRequest{},
		create("things", 2, "L2"),
		create("things", 2, "L2"),
		create("things", 0, "L2"),
		create("none", 0, "L2"),
		create("dot", 2, "dOt"),
		create("a name & ü%2F", 3, "cosine"),
		create("other", 2, "of no kind"),

		insert("things", "1", `{"a":1}`, 1, 2),
		insert("things", "1", `{"a":2}`, 1, 3),
		insert("things", "+2", ` [true, null, "x\n<", 12345678901234567890] `, 1.5, -0.1),
		insert("things", "007", `null`, minusZero, 1e-45),
		insert("things", "18446744073709551615", `3.5`, math.MaxFloat32, -math.MaxFloat32),
		insert("things", "18446744073709551616", `"a text"`, 16777217, 0.1),
		insert("things", "++1", `{}`, 5, 5),
		insert("things", "two <&> \"ü\" \x01", `{"a":{"b":[1,2,3]}}`, 1e21, 1e-7),
		insert("dot", "1", `{}`, 2, 2),
		insert("dot", "2", `{}`, -2, 2),
		insert("a name & ü%2F", "1", `{}`, 1, 1, 1),
		insert("things", "0", `{}`, 1, 2),
		insert("things", "", `{}`, 1, 2),
		insert("things", " ", `{}`, 1, 2),
		insert("absent", "", `{}`, 1, 2),
		insert("absent", "1", `{}`, 1, 2),
		insert("things", "3", `{}`, 1),
		insert("things", "3", `{}`),
		insert("things", "3", `{} x`, 1, 2),
		insert("things", "3", "1\n,\"upsert\":true", 1, 2),

		search("things", 10, 1, 2),
		search("things", 3, 1, 2),
		search("things", math.MaxUint32, 1, 2),
		search("things", 0, 1, 2),
		search("things", 0, 1),
		search("things", 1, 1),
		search("things", 1),
		search("things", 2, infinity, 0),
		search("things", 9, math.MaxFloat32, -math.MaxFloat32),
		search("dot", 10, 1, 0),
		search("a name & ü%2F", 10, 1, 0.5, 0),
		search("absent", 1, 1, 2),
		search("absent", 0, 1, 2),

		batch("things", 2),
		batch("things", 0),
		batch("absent", 2),
		batch("things", 2, query("", 1, 2), query("", 9, 9)),
		batch("things", 2, query("", 1, 2), query("", 9)),
		batch("things", 0, query("", 1, 2)),
		batch("things", 0, query("", 1)),
		batch("absent", 2, query("", 1, 2)),
	}
	if !isStandIn {
		// The stand-in words what is wrong with a body in its own way, and has no filters.
		for _, text := range []string{
			``, ` `, `{`, `{"a"`, `{"a":`, `[1,`, `[1,]`, "[1\n,\n", `"x`, `tru`, `nul`, `01`, `1e400`, `-`, `"\ud83d"`, `"\x"`, "\"\x01\"", `{"a":}`, `{1`, `{"a":1 "b"`, `'x'`,
		} {
			calls = append(calls, insert("things", "3", text, 1, 2), batch("things", 1, query(text, 1, 2)), batch("absent", 1, query(text, 1, 2)))
		}
		for _, filter := range []string{
			`{"op":"exists","field":"a"}`, ` {"op":"eq","field":"a","value":1} `, `{"op":"eq","field":"b","value":1}`, `{"op":"in","field":"a","values":[1,2]}`, `["eq","a",1]`,
			`{"op":"and","filters":[{"op":"exists","field":"a"},{"op":"not","filter":{"op":"gt","field":"a","value":1}}]}`,
			`null`, "\n null ", `{}`, `{"op":"x"}`, "{\n\"op\":\"x\"}", `[]`, `1`, `"eq"`, `{"op":"eq","field":"a"}`, "{\"op\":\"eq\",\n\"field\":1,\n\"value\":1}",
			`{"op":"eq","field":"a","value":1e400}`, `{"op":"not","filter":{"op":"exists"}}`, `{"op":"exists","field":"a"} {}`,
		} {
			calls = append(calls, batch("things", 2, query(filter, 1, 2)), batch("things", 0, query(filter, 1, 2)), batch("absent", 2, query(filter, 1, 2)))
			calls = append(calls, batch("things", 1, query("", 1, 2), query("{\"op\":\n\"exists\",\"field\":\"a\"}", 1, 2), query(filter, 3, 4)))
		}
	}
	for _, message := range calls {
		require.Equal(t, own.call(t.Context(), message), door.call(t.Context(), message), "%T %v", message, message)
	}
	log := filepath.Join("tenants", "default", "collections", "things", "wal.jsonl")
	require.Equal(t, content(t, filepath.Join(straight.data, log)), content(t, filepath.Join(through.data, log)), "the logs")
	straight.stop()
	through.stop()
}

// HTTP takes less at a time than gRPC. A batch goes to the server in parts, and its answer is one.
func TestALargeBatchOverRPC(t *testing.T) {
	straight, through, own, door := both(t)
	const dimension = 64
	large := batch("things", 3)
	for number := range 3000 {
		vector := make([]float32, dimension)
		for index := range vector {
			vector[index] = float32(number*index) / 3
		}
		large.Queries = append(large.Queries, query("", vector...))
	}
	for _, c := range []caller{own, door} {
		c.requireDone(create("things", dimension, "L2"))
		for number := range 20 {
			c.requireDone(insert("things", fmt.Sprint(number+1), `{}`, large.GetQueries()[number].GetVector()...))
		}
	}
	require.Equal(t, own.call(t.Context(), large), door.call(t.Context(), large))
	straight.stop()
	through.stop()
}

// Where the answers differ, that of the door is the first, and that of the server the second.
func TestWhereRPCDiffersFromTheServer(t *testing.T) {
	straight, through, own, door := both(t)
	for _, c := range []caller{own, door} {
		c.requireDone(create("things", 2, "L2"))
		c.requireDone(create("cosine", 2, "Cosine"))
		c.requireDone(insert("things", "1", `{"a":1}`, 1, 2))
		c.requireDone(insert("cosine", "1", `{"a":1}`, 1, 2))
	}
	done := said{Answer: `{"success":true}`}
	refused := func(code codes.Code, message string, empty string) said {
		return said{Code: code, Message: message, Answer: empty}
	}
	const nothing, notDone = `{"results":[]}`, `{"success":false}`
	for name, c := range map[string]struct {
		message       proto.Message
		door, servers said
	}{
		"a name that is blank": {
			create(" ", 2, "L2"), refused(codes.InvalidArgument, "the name of the collection is blank; write a name", notDone),
			refused(codes.Internal, "catalog error: invalid schema: collection name cannot be empty", notDone),
		},
		"a search in a name that cannot be": {
			search("a/b", 1, 1, 2), refused(codes.InvalidArgument, `the collection in the path is "a/b", which has a slash or a control character; write a name without`, nothing),
			refused(codes.NotFound, "collection a/b not found", nothing),
		},
		"a search for NaN": {
			search("things", 1, noNumber, 2), refused(codes.InvalidArgument, "the vector has NaN, which is no number; write numbers between -3.4e38 and 3.4e38", nothing),
			said{Answer: `{"results":[{"id":"1","score":"NaN","payloadJson":"{}"}]}`},
		},
		"a score that is no number": {
			search("cosine", 1, infinity, 2),
			said{Answer: `{"results":[{"id":"1","score":"-Infinity","payloadJson":"{}"}]}`},
			said{Answer: `{"results":[{"id":"1","score":"NaN","payloadJson":"{}"}]}`},
		},
		"a document beyond what HTTP takes": {
			insert("things", "2", `"`+strings.Repeat("x", 2<<20)+`"`, 1, 2),
			refused(codes.InvalidArgument, "as JSON the call has more than 2097152 bytes; send smaller documents or vectors", notDone), done,
		},
	} {
		if isStandIn && name == "a score that is no number" {
			// It computes in another order.
			continue
		}
		compact := func(answer said) said {
			answer.Answer = strings.ReplaceAll(answer.Answer, " ", "")
			return answer
		}
		require.Equal(t, []said{c.door, c.servers}, []said{compact(door.call(t.Context(), c.message)), compact(own.call(t.Context(), c.message))}, name)
	}

	// The codes are those of other libraries, so are the words.
	for name, c := range map[string]struct {
		method        string
		message       proto.Message
		door, servers codes.Code
	}{
		"a message of more than 4 MiB":      {rpc.Barq_Search_FullMethodName, search("things", 1, make([]float32, 1<<20)...), codes.ResourceExhausted, codes.OutOfRange},
		"a call that is not there":          {"/barq.Barq/Other", &rpc.HealthRequest{}, codes.Unimplemented, codes.Unimplemented},
		"a name that is no text":            {rpc.Barq_Search_FullMethodName, wrapperspb.Bytes([]byte{0xff}), codes.Internal, codes.Internal},
		"a service that is not there":       {"/barq.Other/Health", &rpc.HealthRequest{}, codes.Unimplemented, codes.Unimplemented},
		"the health service, of the server": {healthrpc.Health_Check_FullMethodName, &rpc.HealthRequest{}, codes.OK, codes.Unimplemented},
	} {
		if isStandIn && c.servers == codes.OutOfRange {
			// It has the library of the door.
			c.servers = c.door
		}
		codeOf := func(caller caller) codes.Code {
			return status.Code(caller.Invoke(t.Context(), c.method, c.message, &rpc.HealthResponse{}))
		}
		require.Equal(t, []codes.Code{c.door, c.servers}, []codes.Code{codeOf(door), codeOf(own)}, name)
	}

	// A point is one at once, as it would be after the next start.
	for _, c := range []caller{own, door} {
		c.requireDone(insert("things", "3", `{"lat":1,"lon":2,"a":3}`, 1, 2))
	}
	payload := func(a *agent) any {
		document, err := a.Get(t.Context(), "things", client.Number(3))
		require.NoError(t, err)
		return document.Payload
	}
	point := map[string]any{"lat": 1.0, "lon": 2.0}
	require.Equal(t, []any{point, map[string]any{"lat": 1.0, "lon": 2.0, "a": 3.0}}, []any{payload(through), payload(straight)})
	straight.stop()
	again := serve(t, how{data: straight.data})
	require.Equal(t, point, payload(again))
	again.stop()
	through.stop()
}

// Where the cluster file gives everything to another pod, the server's own gRPC refuses inserts alone.
func TestRPCOfAFollower(t *testing.T) {
	privatenetwork.Require(t)
	file := filepath.Join(t.TempDir(), "cluster.json")
	require.NoError(t, os.WriteFile(file, []byte(`{"node_id":"db-1","nodes":[{"id":"db-0","address":"http://db-0:8080"},{"id":"db-1","address":"http://db-1:8080"}],
		"shard_count":1,"placements":{"0":{"shard":0,"primary":"db-0","replicas":[]}}}`), 0o600))
	follower := []string{"env", "BARQ_CLUSTER_CONFIG=" + file, serverProgram}
	straight := serve(t, how{command: follower})
	through := serve(t, how{command: follower, rpc: freePort(t)})
	own, door := callerOf(t, serversOwn), callerOf(t, through.calls)
	require.Equal(t, own.call(t.Context(), &rpc.HealthRequest{}), door.call(t.Context(), &rpc.HealthRequest{}))
	for _, message := range []proto.Message{insert("things", "1", `{}`, 1, 2), create("things", 2, "L2"), search("things", 1, 1, 2), batch("things", 1)} {
		answer := door.call(t.Context(), message)
		require.Equal(t, []any{codes.FailedPrecondition, "redirecting to leader at http://db-0:8080"}, []any{answer.Code, answer.Message}, "%T", message)
		if _, is := message.(*rpc.InsertDocumentRequest); is {
			require.Equal(t, own.call(t.Context(), message), answer)
		} else {
			require.NotEqual(t, codes.FailedPrecondition, own.call(t.Context(), message).Code, "%T", message)
		}
	}
	straight.stop()
	through.stop()
}

// Searches through the agent count as those over HTTP do.
func TestQuotasAndMetricsOfRPC(t *testing.T) {
	if isStandIn {
		t.Skip("for the real server only; of the stand-in: it has no quotas")
	}
	straight, through, own, door := both(t)
	for _, a := range []*agent{straight, through} {
		a.fill(1)
		answer, err := a.Send(t.Context(), http.MethodPut, "/tenants/default/quota", jsonType, `{"max_qps":1000,"max_disk_bytes":20}`)
		require.NoError(t, err)
		require.Equal(t, http.StatusAccepted, answer.Status)
	}
	full := insert("things", "2", `{"a":"a longer text"}`, 1, 2)
	require.Equal(t, "tenant default quota exceeded: disk limit 20 exceeded", door.call(t.Context(), full).Message)
	require.Equal(t, own.call(t.Context(), full), door.call(t.Context(), full))
	require.Equal(t, codes.OK, door.call(t.Context(), search("things", 1, 1, 2)).Code)
	text, err := through.Metrics(t.Context())
	require.NoError(t, err)
	require.Contains(t, text, `search_requests_total{type="vector",collection="things",tenant="default"} 1`)

	answer, err := through.Send(t.Context(), http.MethodPut, "/tenants/default/quota", jsonType, `{"max_qps":0}`)
	require.NoError(t, err)
	require.Equal(t, http.StatusAccepted, answer.Status)
	found := door.call(t.Context(), search("things", 1, 1, 2))
	require.Equal(t, []any{codes.ResourceExhausted, "tenant default quota exceeded: QPS limit 0 exceeded"}, []any{found.Code, found.Message})
	straight.stop()
	through.stop()
}

// Each of these calls harms the database if the server gets it.
func TestWhatTheRPCDoorRefuses(t *testing.T) {
	a := serve(t, how{rpc: freePort(t)})
	a.fill(1)
	db := callerOf(t, a.calls)
	answer, err := a.Send(t.Context(), http.MethodPost, "/collections", jsonType, `{"name":"texts","dimension":2,"metric":"L2","text_fields":[{"name":"body","required":true}]}`)
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, answer.Status, answer.Body)
	const beyond, deep = "the vector has a number that 32 bits cannot hold, with which Barq DB does not start again; write numbers between -3.4e38 and 3.4e38",
		"the payload nests lists and objects deeper than 124 levels, with which Barq DB does not start again; nest them less"
	for name, c := range map[string]struct {
		tenants []string
		message proto.Message
		text    string
	}{
		"NaN":                           {nil, insert("things", "2", `{}`, noNumber, 0), "the vector has NaN, which is no number; write numbers between -3.4e38 and 3.4e38"},
		"infinity":                      {nil, insert("things", "2", `{}`, infinity, 0), beyond},
		"minus infinity":                {nil, insert("things", "2", `{}`, 0, -infinity), beyond},
		"a payload that nests too deep": {nil, insert("things", "2", nested(125), 1, 0), deep},
		"one that nests deeper still":   {nil, insert("things", "2", nested(127), 1, 0), deep},
		"a folder of another":           {nil, create("things/", 2, "L2"), `the name of the collection is "things/", which has a slash or a control character; write a name without`},
		"the folder above":              {nil, create("..", 2, "L2"), `the name of the collection is "..", which is another folder; write a name`},
		"no name":                       {nil, create("", 2, "L2"), "the name of the collection is blank; write a name"},
		"a long name":                   {nil, create(strings.Repeat("n", 256), 2, "L2"), "the name of the collection has 256 bytes; write at most 255"},
		"a document of a name above":    {nil, insert("..", "2", `{}`, 1, 2), `the collection in the path is "..", which is another folder; write a name`},
		"a tenant above":                {[]string{".."}, create("more", 2, "L2"), `the header X-Tenant-Id is "..", which is another folder; write a name`},
		"a tenant that is blank":        {[]string{""}, create("more", 2, "L2"), "the header X-Tenant-Id is blank; write a name"},
		"two tenants":                   {[]string{"a", "b"}, create("more", 2, "L2"), "the header X-Tenant-Id is there 2 times; send it once"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			for _, tenant := range c.tenants {
				ctx = metadata.AppendToOutgoingContext(ctx, "x-tenant-id", tenant)
			}
			found := db.call(ctx, c.message)
			require.Equal(t, []any{codes.InvalidArgument, c.text}, []any{found.Code, found.Message})
		})
	}
	// The server itself refuses what becomes a point without the text.
	found := db.call(t.Context(), insert("texts", "1", `{"lat":1,"lon":2,"body":"x"}`, 1, 2))
	require.Equal(t, []any{codes.Internal, "catalog error: invalid schema: missing required text field body"}, []any{found.Code, found.Message})
	db.requireDone(insert("texts", "1", `{"body":"x"}`, 1, 2))
	// As deep as the log can be.
	db.requireDone(insert("things", "2", nested(124), 1, 0))
	a.stop()

	again := serve(t, how{data: a.data})
	again.requireDocuments(2)
	again.stop()
}

// The agent holds no more of an answer than it has room for.
func TestAnAnswerThatIsTooLargeOverRPC(t *testing.T) {
	a := serve(t, how{rpc: freePort(t)})
	db := callerOf(t, a.calls)
	db.requireDone(create("things", 2, "L2"))
	// An id can be nearly as long as a body.
	const length, few = 1900 << 10, 9
	for number := range few {
		db.requireDone(insert("things", strings.Repeat(string(rune('a'+number)), length), `{}`, float32(number), 0))
	}
	found := db.call(t.Context(), search("things", few, 0, 0))
	require.Equal(t, []any{codes.ResourceExhausted, "the answer has more than 16777216 bytes as JSON; ask for fewer documents"}, []any{found.Code, found.Message})
	db.requireDone(search("things", 1, 0, 0))
	a.stop()
}

// The metadata name the tenant, as the header does over HTTP.
func TestTenantsOverRPC(t *testing.T) {
	a := serve(t, how{rpc: freePort(t)})
	db := callerOf(t, a.calls)
	theirs := metadata.AppendToOutgoingContext(t.Context(), "x-tenant-id", "other")
	require.Equal(t, codes.OK, db.call(theirs, create("things", 2, "L2")).Code)
	require.Equal(t, codes.OK, db.call(theirs, insert("things", "1", `{}`, 1, 2)).Code)
	require.Equal(t, codes.OK, db.call(theirs, search("things", 1, 1, 2)).Code)
	require.Equal(t, codes.NotFound, db.call(t.Context(), search("things", 1, 1, 2)).Code)
	document, err := a.As("other").Get(t.Context(), "things", client.Number(1))
	require.NoError(t, err)
	require.NotNil(t, document)
	a.stop()
}

// With the port of gRPC the agent is the only one that answers calls, over both families.
func TestTheServerHasNoRPCOfItsOwn(t *testing.T) {
	privatenetwork.Require(t)
	a := serve(t, how{rpc: "50051"})
	a.eventually("the server says so", func() bool { return strings.Contains(content(t, a.log), "gRPC server failed") })
	a.fill(1)
	for _, address := range []string{serversOwn, "[::1]:50051"} {
		db := callerOf(t, address)
		require.Equal(t, codes.InvalidArgument, db.call(t.Context(), insert("things", "2", `{}`, noNumber, 0)).Code, address)
		require.Equal(t, codes.OK, db.call(t.Context(), search("things", 1, 1, 0)).Code, address)
	}
	a.stop()
}

// Standard clients find out whether it is healthy, and which calls there are.
func TestHealthAndReflectionOverRPC(t *testing.T) {
	a := serve(t, how{rpc: freePort(t)})
	db := callerOf(t, a.calls)
	health := healthrpc.NewHealthClient(db)
	for _, service := range []string{"", "barq.Barq"} {
		answer, err := health.Check(t.Context(), &healthrpc.HealthCheckRequest{Service: service})
		require.NoError(t, err)
		require.Equal(t, healthrpc.HealthCheckResponse_SERVING, answer.GetStatus(), service)
	}
	_, err := health.Check(t.Context(), &healthrpc.HealthCheckRequest{Service: "other"})
	require.Equal(t, codes.NotFound, status.Code(err))

	stream, err := reflectionrpc.NewServerReflectionClient(db).ServerReflectionInfo(t.Context())
	require.NoError(t, err)
	ask := func(request *reflectionrpc.ServerReflectionRequest) *reflectionrpc.ServerReflectionResponse {
		require.NoError(t, stream.Send(request))
		answer, err := stream.Recv()
		require.NoError(t, err)
		return answer
	}
	var services []string
	for _, service := range ask(&reflectionrpc.ServerReflectionRequest{MessageRequest: &reflectionrpc.ServerReflectionRequest_ListServices{}}).GetListServicesResponse().GetService() {
		services = append(services, service.GetName())
	}
	require.Equal(t, []string{"barq.Barq", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"}, services)
	files := ask(&reflectionrpc.ServerReflectionRequest{MessageRequest: &reflectionrpc.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: "barq.Barq"}}).GetFileDescriptorResponse().GetFileDescriptorProto()
	require.Len(t, files, 1)
	var file descriptorpb.FileDescriptorProto
	require.NoError(t, proto.Unmarshal(files[0], &file))
	var methods []string
	for _, method := range file.GetService()[0].GetMethod() {
		require.False(t, method.GetClientStreaming() || method.GetServerStreaming())
		methods = append(methods, method.GetName())
	}
	require.Equal(t, []string{"Health", "CreateCollection", "InsertDocument", "Search", "BatchSearch"}, methods)

	// Neither this stream nor a watch, which have no end, nor a client that says nothing holds the door open.
	silent, err := net.Dial("tcp", a.calls)
	require.NoError(t, err)
	defer func() { _ = silent.Close() }()
	watch, err := health.Watch(t.Context(), &healthrpc.HealthCheckRequest{})
	require.NoError(t, err)
	seen, err := watch.Recv()
	require.NoError(t, err)
	require.Equal(t, healthrpc.HealthCheckResponse_SERVING, seen.GetStatus())
	a.stop()
	for err == nil {
		_, err = watch.Recv()
	}
	require.Equal(t, codes.Unavailable, status.Code(err))
}

// While the server does not serve, calls are told to come again.
func TestTheRPCDoorOfAServerThatDoesNotServe(t *testing.T) {
	a := launch(t, how{rpc: freePort(t), command: []string{"sleep", "60"}})
	db := callerOf(t, a.calls)
	a.server()
	for _, message := range []proto.Message{&rpc.HealthRequest{}, create("things", 2, "L2"), insert("things", "1", `{}`, 1, 2), search("things", 1, 1, 2), batch("things", 1, query("", 1, 2))} {
		found := db.call(t.Context(), message)
		require.Equal(t, []any{codes.Unavailable, "the database does not answer: it reads its log, or ends. Ask again in a moment"}, []any{found.Code, found.Message})
	}
	answer, err := healthrpc.NewHealthClient(db).Check(t.Context(), &healthrpc.HealthCheckRequest{})
	require.NoError(t, err)
	require.Equal(t, healthrpc.HealthCheckResponse_NOT_SERVING, answer.GetStatus())
	a.signal(syscall.SIGTERM)
	a.code()
}

// pending makes a call that a stopped server does not answer, and waits until it is on its way.
func (a *agent) pending(db caller) <-chan said {
	a.t.Helper()
	require.NoError(a.t, syscall.Kill(a.server(), syscall.SIGSTOP))
	a.eventually("each of its threads has stopped", func() bool {
		threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", a.server()))
		require.NoError(a.t, err)
		return !slices.ContainsFunc(threads, func(thread string) bool { return !strings.Contains(content(a.t, thread), "T (stopped)") })
	})
	answer := make(chan said, 1)
	go func() { answer <- db.call(context.Background(), insert("things", "2", `{}`, 2, 0)) }()
	select {
	case early := <-answer:
		require.FailNow(a.t, "a stopped server answers", "%+v", early)
	case <-time.After(300 * time.Millisecond):
	}
	return answer
}

// A call that is open when the server ends is told so.
func TestAServerThatEndsDuringACall(t *testing.T) {
	a := serve(t, how{rpc: freePort(t)})
	a.fill(1)
	answer := a.pending(callerOf(t, a.calls))
	require.NoError(t, syscall.Kill(a.server(), syscall.SIGKILL))
	require.Equal(t, codes.Unavailable, (<-answer).Code)
	require.Equal(t, 137, a.code())
	require.Equal(t, "Killed", a.said().Reason)
}

// A call that is open when the pod ends is answered.
func TestTheRPCDoorLetsCallsEnd(t *testing.T) {
	a := serve(t, how{rpc: freePort(t), door: true})
	a.fill(1)
	db := callerOf(t, a.calls)
	answer := a.pending(db)
	a.signal(syscall.SIGTERM)
	a.eventually("it is stopping", func() bool { return len(a.lines("stopping the server")) == 1 })
	a.eventually("no more calls are taken", func() bool {
		// One that is taken gets no answer, because the server is stopped.
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		return callerOf(t, a.calls).call(ctx, &rpc.HealthRequest{}).Code == codes.Unavailable
	})
	require.NoError(t, syscall.Kill(a.server(), syscall.SIGCONT))
	require.Equal(t, codes.OK, (<-answer).Code)
	require.Equal(t, 0, a.code())

	again := serve(t, how{data: a.data})
	again.requireDocuments(2)
	again.stop()
}

// A call that takes too long for its client ends for both.
func TestADeadlineOverRPC(t *testing.T) {
	a := serve(t, how{rpc: freePort(t)})
	a.fill(1)
	db := callerOf(t, a.calls)
	answer := a.pending(db)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	require.Equal(t, codes.DeadlineExceeded, db.call(ctx, search("things", 1, 1, 2)).Code)
	require.NoError(t, syscall.Kill(a.server(), syscall.SIGCONT))
	require.Equal(t, codes.OK, (<-answer).Code)
	a.stop()
}

// A batch of empty queries is small until it is decoded.
func TestABatchOfVeryManyQueriesOverRPC(t *testing.T) {
	a := serve(t, how{rpc: freePort(t)})
	a.fill(1)
	db := callerOf(t, a.calls)
	queries := make([]*rpc.SearchQuery, 2_000_000)
	for number := range queries {
		queries[number] = &rpc.SearchQuery{}
	}
	answer := db.call(t.Context(), batch("things", 1, queries...))
	require.Equal(t, codes.InvalidArgument, answer.Code, answer.Message)
	require.Equal(t, "the batch has more than 50000 queries; send several batches", answer.Message)
	memory, err := procfs.ReadMemory(a.pid)
	require.NoError(t, err)
	require.Less(t, memory.Peak, int64(80<<20))
	db.requireDone(batch("things", 1, query("", 1, 0), query("", 2, 0)))
	a.stop()
}

// Many clients at once, each with a connection.
func TestManyCallsAtOnce(t *testing.T) {
	a := serve(t, how{rpc: freePort(t)})
	const clients, each, dimension = 32, 10, 512
	vector := make([]float32, dimension)
	callerOf(t, a.calls).requireDone(create("things", dimension, "L2"))
	var ended sync.WaitGroup
	for number := range clients {
		db := callerOf(t, a.calls)
		ended.Go(func() {
			for document := range each {
				require.Equal(t, codes.OK, db.call(context.Background(), insert("things", fmt.Sprint(number*each+document+1), `{}`, vector...)).Code)
				require.Equal(t, codes.OK, db.call(context.Background(), search("things", math.MaxUint32, vector...)).Code)
			}
		})
	}
	ended.Wait()
	a.requireDocuments(clients * each)
	a.stop()
}

// A client may have so many calls open at once, and is cut off where it pings all the time.
func TestWhatAClientOfRPCMayDo(t *testing.T) {
	a := serve(t, how{rpc: freePort(t)})
	connection, err := net.Dial("tcp", a.calls)
	require.NoError(t, err)
	defer func() { _ = connection.Close() }()
	require.NoError(t, connection.SetDeadline(time.Now().Add(patience)))
	_, err = io.WriteString(connection, http2.ClientPreface)
	require.NoError(t, err)
	framer := http2.NewFramer(connection, connection)
	require.NoError(t, framer.WriteSettings())
	var most uint32
	for number := range byte(10) {
		require.NoError(t, framer.WritePing(false, [8]byte{number}))
	}
	for {
		frame, err := framer.ReadFrame()
		require.NoError(t, err)
		switch frame := frame.(type) {
		case *http2.SettingsFrame:
			if value, is := frame.Value(http2.SettingMaxConcurrentStreams); is {
				most = value
			}
		case *http2.GoAwayFrame:
			require.Equal(t, []any{uint32(128), http2.ErrCodeEnhanceYourCalm, "too_many_pings"}, []any{most, frame.ErrCode, string(frame.DebugData())})
			a.stop()
			return
		}
	}
}

// Two agents cannot have one port.
func TestAnRPCPortThatIsTaken(t *testing.T) {
	listener, err := net.Listen("tcp", ":0")
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	a := launch(t, how{rpc: port})
	require.Equal(t, 1, a.code())
	require.Equal(t, v1.Termination{Reason: string(ending.Address), Message: "listening for calls: listen tcp :" + port + ": bind: address already in use"}, a.said())
	_, err = os.Stat(filepath.Join(a.data, "tenants"))
	require.ErrorIs(t, err, os.ErrNotExist, "the server was not started")
}
