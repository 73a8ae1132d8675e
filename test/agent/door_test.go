//go:build linux

package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/agentcert"
	"github.com/barq-db/barq-operator/test/barqserver/client"
)

// asked is a request.
type asked struct{ tenant, method, path, mediaType, body string }

func (a *agent) send(request asked) client.Answer {
	a.t.Helper()
	answer, err := a.As(request.tenant).Send(a.t.Context(), request.method, request.path, request.mediaType, request.body)
	require.NoError(a.t, err)
	// It says when.
	answer.Header.Del("Date")
	return answer
}

const (
	jsonType  = "application/json"
	plain     = `{"name":"things","dimension":2,"metric":"L2"}`
	documents = "/collections/things/documents"
)

// What does no harm gets the answer that the server gives, the errors included.
func TestTheDoorChangesNothing(t *testing.T) {
	straight, through := serve(t, how{}), serve(t, how{door: true})
	for _, request := range []asked{
		{method: "GET", path: "/health"},
		{method: "HEAD", path: "/health"},
		{method: "GET", path: "/nothing/here"},
		{method: "PATCH", path: "/collections"},
		{method: "POST", path: "/collections", mediaType: jsonType, body: plain},
		{method: "POST", path: "/collections", mediaType: jsonType, body: plain},
		{method: "POST", path: "/collections", mediaType: jsonType, body: `{"name":"cosine","dimension":2,"metric":"Cosine","index":{"Ivf":{"nlist":1,"nprobe":1,"pq":null}},"text_fields":[{"name":"body","indexed":true,"required":true}]}`},
		{method: "POST", path: "/collections", mediaType: jsonType, body: `{"name":"none","dimension":0,"metric":"L2"}`},
		{method: "POST", path: "/collections", body: plain},
		{method: "POST", path: documents, mediaType: jsonType, body: `{"id":1,"vector":[1,2],"payload":{"title":"a \"quoted\" title","at":[48.1,11.5]}}`},
		{method: "POST", path: documents, mediaType: jsonType, body: `{"id":"two","vector":[2.5,-1e-7]}`},
		{method: "POST", path: documents, mediaType: jsonType, body: `{"id":1,"vector":[3,4],"payload":{"n":1},"upsert":true}`},
		{method: "POST", path: documents, mediaType: jsonType, body: `{"id":3,"vector":[3],"payload":{"n":1}}`},
		{method: "POST", path: documents, mediaType: jsonType, body: `{"id":0,"vector":[3,4]}`},
		{method: "POST", path: documents, mediaType: jsonType, body: `{"id":4,"vector":[null,4]}`},
		{method: "POST", path: documents, mediaType: "text/plain", body: `{"id":4,"vector":[1,4]}`},
		{method: "POST", path: "/collections/cosine/documents", mediaType: jsonType, body: `{"id":1,"vector":[1,2],"payload":{"body":"text of a document"}}`},
		{method: "POST", path: "/collections/cosine/documents", mediaType: jsonType, body: `{"id":2,"vector":[1,2],"payload":{"lat":1,"lon":2,"body":"x"}}`},
		{method: "GET", path: documents + "/1"},
		{method: "GET", path: documents + "/two"},
		{method: "GET", path: documents + "/absent"},
		{method: "GET", path: "/collections/absent/documents/1"},
		{method: "POST", path: "/collections/things/search", mediaType: jsonType, body: `{"vector":[1,2],"top_k":5}`},
		{method: "POST", path: "/collections/things/batch_search", mediaType: jsonType, body: `{"queries":[{"vector":[1,2]},{"vector":[9,9]}],"top_k":1}`},
		{method: "POST", path: "/collections/cosine/search/text", mediaType: jsonType, body: `{"query":"text","top_k":5}`},
		{method: "POST", path: "/collections/things/search", mediaType: jsonType, body: `{"vector":[1,2]`},
		{method: "DELETE", path: documents + "/two"},
		{method: "DELETE", path: documents + "/two"},
		{method: "GET", path: "/info"},
		{method: "GET", path: "/tenants/default/usage"},
		{tenant: "other", method: "POST", path: "/collections", mediaType: jsonType, body: plain},
		{tenant: "other", method: "GET", path: documents + "/1"},
		{method: "DELETE", path: "/collections/cosine"},
		{method: "DELETE", path: "/collections/cosine"},
	} {
		require.Equal(t, straight.send(request), through.send(request), "%+v", request)
	}
	straight.stop()
	through.stop()
}

// Each of these requests harms the database if the server gets it.
func TestWhatTheDoorRefuses(t *testing.T) {
	a := serve(t, how{door: true})
	a.fill(1)
	insert := func(vector, payload string) asked {
		return asked{method: "POST", path: documents, mediaType: jsonType, body: fmt.Sprintf(`{"id":2,"vector":%s,"payload":%s}`, vector, payload)}
	}
	create := func(name, index string) asked {
		return asked{method: "POST", path: "/collections", mediaType: jsonType, body: fmt.Sprintf(`{"name":%q,"dimension":2,"metric":"L2","index":%s}`, name, index)}
	}
	const hnsw, quantized = `{"Hnsw":{"m":16,"ef_construction":64,"ef_search":64}}`, `{"Ivf":{"nlist":1,"nprobe":1,"pq":{"segments":2,"codebook_bits":8}}}`
	for name, c := range map[string]struct {
		request asked
		status  int
		message string
	}{
		"a number beyond 32 bits":       {insert("[1e39,0]", `{"n":1}`), 400, "the vector has a number that 32 bits cannot hold, with which Barq DB does not start again; write numbers between -3.4e38 and 3.4e38"},
		"a payload that nests too deep": {insert("[1,2]", strings.Repeat("[", 125)+strings.Repeat("]", 125)), 400, "the payload nests lists and objects deeper than 124 levels, with which Barq DB does not start again; nest them less"},
		"a document as a list":          {asked{method: "POST", path: documents, mediaType: jsonType, body: `[2,[1e39,0],null,false]`}, 400, "the body cannot be read: an array or object is wanted instead of [2,[1e39,0],null,false]"},
		"a folder of another":           {create("things/", "null"), 400, `the name of the collection is "things/", which has a slash or a control character; write a name without`},
		"the folder above":              {create("..", "null"), 400, `the name of the collection is "..", which is another folder; write a name`},
		"a blank name":                  {create(" ", "null"), 400, "the name of the collection is blank; write a name"},
		"a long name":                   {create(strings.Repeat("n", 256), "null"), 400, "the name of the collection has 256 bytes; write at most 255"},
		"no lists":                      {create("ivf", `{"Ivf":{"nlist":0,"nprobe":1,"pq":null}}`), 400, "nlist is 0, with which Barq DB does not start again; write at least 1"},
		"a rebuild without lists":       {asked{method: "POST", path: "/collections/things/index/rebuild", mediaType: jsonType, body: `{"index":{"Ivf":{"nlist":0,"nprobe":1,"pq":null}}}`}, 400, "nlist is 0, with which Barq DB does not start again; write at least 1"},
		"HNSW":                          {create("hnsw", hnsw), 400, "an Hnsw index of this version of Barq DB finds the farthest documents instead of the nearest; write Flat or Ivf, or set spec.compatibility.allowUnsoundIndexes"},
		"pq":                            {create("pq", quantized), 400, "with pq this version of Barq DB takes every vector for the first one; leave pq out, or set spec.compatibility.allowUnsoundIndexes"},
		"a path above":                  {asked{method: "DELETE", path: "/collections/%2E%2E"}, 400, `the collection in the path is "..", which is another folder; write a name`},
		"a path with a slash":           {asked{method: "POST", path: "/collections/a%2Fb/documents", mediaType: jsonType, body: `{"id":1,"vector":[1,2]}`}, 400, `the collection in the path is "a/b", which has a slash or a control character; write a name without`},
		"a tenant above":                {asked{tenant: "..", method: "POST", path: "/collections", mediaType: jsonType, body: plain}, 400, `the header X-Tenant-Id is "..", which is another folder; write a name`},
		"a tenant with a slash":         {asked{method: "PUT", path: "/tenants/a%2Fb/quota", mediaType: jsonType, body: `{}`}, 400, `the tenant in the path is "a/b", which has a slash or a control character; write a name without`},
		"a tenant that is not ASCII":    {asked{tenant: "tenänt", method: "GET", path: "/info"}, 400, `the header X-Tenant-Id is "tenänt", which is not ASCII; write letters, digits, dots, dashes and underscores`},
		"administration":                {asked{method: "POST", path: "/admin/compact", mediaType: jsonType, body: `{"tenant":"default","collection":"things"}`}, 403, "/admin is closed: the agent compacts the logs itself, and a compaction of the server can bring old documents back"},
		"a key":                         {asked{method: "POST", path: "/tenants/default/api-keys", mediaType: jsonType, body: `{"key":"k","role":"reader"}`}, 403, "API keys cannot be registered: after the first one Barq DB locks out all other tenants until it is restarted"},
		"a body of more than 2 MiB":     {insert("[1,2]", fmt.Sprintf(`{"n":%q}`, strings.Repeat("n", 2<<20))), 413, "the body has more than 2097152 bytes; send smaller documents"},
	} {
		t.Run(name, func(t *testing.T) {
			answer := a.send(c.request)
			require.Equal(t, c.status, answer.Status, answer.Body)
			said, err := json.Marshal(map[string]string{"error": c.message})
			require.NoError(t, err)
			require.JSONEq(t, string(said), answer.Body)
		})
	}
	a.stop()

	again := serve(t, how{data: a.data, door: true, flags: []string{"--allow-unsound-indexes"}})
	again.requireDocuments(1)
	require.Equal(t, 201, again.send(create("hnsw", hnsw)).Status)
	require.Equal(t, 201, again.send(create("pq", quantized)).Status)
	again.stop()
}

// Clients come over both families, and with HTTP/2 without TLS.
func TestWaysToTheDoor(t *testing.T) {
	a := serve(t, how{door: true})
	_, port, err := net.SplitHostPort(strings.TrimPrefix(a.BaseURL, "http://"))
	require.NoError(t, err)
	protocols := &http.Protocols{}
	protocols.SetUnencryptedHTTP2(true)
	for name, way := range map[string]struct {
		host, protocol string
		transport      *http.Transport
	}{
		"IPv4":   {"127.0.0.1", "HTTP/1.1", &http.Transport{}},
		"IPv6":   {"::1", "HTTP/1.1", &http.Transport{}},
		"HTTP/2": {"127.0.0.1", "HTTP/2.0", &http.Transport{Protocols: protocols}},
	} {
		answer, err := (&http.Client{Transport: way.transport}).Get("http://" + net.JoinHostPort(way.host, port) + "/health")
		require.NoError(t, err, name)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, []any{http.StatusOK, way.protocol}, []any{answer.StatusCode, answer.Proto}, name)
	}
	a.stop()
}

// While the server does not serve, clients are told when to ask again.
func TestTheDoorOfAServerThatDoesNotServe(t *testing.T) {
	a := launch(t, how{door: true, command: []string{"sleep", "60"}})
	var answer client.Answer
	a.eventually("the door is open", func() bool {
		var err error
		answer, err = a.Send(t.Context(), "GET", "/health", "", "")
		return err == nil
	})
	require.Equal(t, http.StatusServiceUnavailable, answer.Status)
	require.Equal(t, "2", answer.Header.Get("Retry-After"))
	require.JSONEq(t, `{"error":"the database does not answer: it reads its log, or ends. Ask again in a moment"}`, answer.Body)
	a.server()
	a.signal(15)
	a.code()
}

// The agent serves TLS for a server that cannot, and with a certificate that was renewed at once.
func TestTLSAtTheDoor(t *testing.T) {
	folder, authority := t.TempDir(), newAuthority(t)
	issue(t, folder, authority)
	a := serve(t, how{door: true, flags: []string{"--http-certificates", folder}})
	over := func(trust *agentcert.Authority) error {
		config := trust.ClientConfig(uid)
		secure := client.New(strings.Replace(a.BaseURL, "http://", "https://", 1))
		secure.HTTP = client.NewHTTPClient(&http.Transport{TLSClientConfig: config, DisableKeepAlives: true})
		return secure.Health(t.Context())
	}
	require.NoError(t, over(authority))
	another := newAuthority(t)
	require.ErrorContains(t, over(another), "unknown authority")
	issue(t, folder, another)
	require.NoError(t, over(another))
	a.stop()

	require.NoError(t, os.Remove(filepath.Join(folder, "tls.key")))
	a = launch(t, how{door: true, flags: []string{"--http-certificates", folder}})
	require.Equal(t, 1, a.code())
	require.Equal(t, "TLS", a.said().Reason)
	require.Contains(t, a.said().Message, "tls.key: no such file or directory. Correct the Secret that spec.tls names.")
}

// A request that is open when the pod ends is answered.
func TestTheDoorLetsRequestsEnd(t *testing.T) {
	a := serve(t, how{door: true})
	a.fill(1)
	connection, err := net.Dial("tcp", strings.TrimPrefix(a.BaseURL, "http://"))
	require.NoError(t, err)
	defer func() { _ = connection.Close() }()
	body := `{"id":2,"vector":[1,2],"payload":{"n":"x"}}`
	_, err = fmt.Fprintf(connection, "POST %s HTTP/1.1\r\nHost: db\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", documents, len(body), body[:10])
	require.NoError(t, err)
	time.Sleep(100 * time.Millisecond)
	a.signal(15)
	a.eventually("it is stopping", func() bool { return len(a.lines("stopping the server")) == 1 })
	_, err = connection.Write([]byte(body[10:]))
	require.NoError(t, err)
	answer := make([]byte, 12)
	require.NoError(t, connection.SetReadDeadline(time.Now().Add(patience)))
	_, err = connection.Read(answer)
	require.NoError(t, err)
	require.Equal(t, "HTTP/1.1 201", string(answer))
	require.Equal(t, 0, a.code())

	again := serve(t, how{data: a.data})
	again.requireDocuments(2)
	again.stop()
}

// A client that sends its header too slowly is cut off.
func TestTheDoorDoesNotWaitForEver(t *testing.T) {
	a := serve(t, how{door: true})
	connection, err := net.Dial("tcp", strings.TrimPrefix(a.BaseURL, "http://"))
	require.NoError(t, err)
	defer func() { _ = connection.Close() }()
	_, err = connection.Write([]byte("GET /health HTTP/1.1\r\nHost: d"))
	require.NoError(t, err)
	require.NoError(t, connection.SetReadDeadline(time.Now().Add(patience)))
	_, err = connection.Read(make([]byte, 1))
	var late net.Error
	require.False(t, err == nil || (errors.As(err, &late) && late.Timeout()), "it is still open after %s", patience)
	require.NoError(t, a.Health(context.Background()))
	a.stop()
}
