package hostile

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
)

// Parts of requests.
const (
	version = " HTTP/1.1\r\nHost: database\r\n"
	closes  = "Connection: close\r\n"
	largest = 2 << 20
)

// post is a request with a body.
func post(path, body string) string {
	return fmt.Sprintf("POST %s%s%sContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", path, version, closes, len(body), body)
}

// requests are the kinds of requests, those of a collection among them.
func requests(collection string) []request {
	documents := "/collections/" + collection + "/documents"
	insert := func(rest string) string { return post(documents, `{"id":4000000000,`+rest+`}`) }
	all := []request{
		// Paths.
		text("a path that climbs", "GET /../../../../etc/passwd", version, closes, "\r\n"),
		text("a name that climbs", post("/collections/%2e%2e/documents", `{"id":1,"vector":[1,2]}`)),
		text("a name with a slash", post("/collections/a%2fb/documents", `{"id":1,"vector":[1,2]}`)),
		text("a path with an escape that is none", "GET /collections/%zz", version, closes, "\r\n"),
		text("a path with a zero", "GET /collections/\x00", version, closes, "\r\n"),
		text("a path of a megabyte", "GET /", strings.Repeat("a", 1<<20), version, closes, "\r\n"),
		text("administration", post("/admin/compact", "{}")),
		text("a key", post("/tenants/default/api-keys", `{"key":"k","role":"admin"}`)),
		text("a method that is none", "BREW ", documents, version, closes, "\r\n"),
		text("no HTTP", strings.Repeat("\x16\x03\x01\x02\x00\x01\x00", 10), "\r\n\r\n"),
		// Headers.
		text("a header of a megabyte", "GET /health", version, "X: ", strings.Repeat("a", 1<<20), "\r\n\r\n"),
		text("ten thousand headers", "GET /health", version, strings.Repeat("X-A: b\r\n", 10_000), "\r\n"),
		text("two lengths", "POST ", documents, version, closes, "Content-Length: 5\r\nContent-Length: 50\r\n\r\n{}   "),
		text("a length and pieces", "POST ", documents, version, closes, "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /health", version, "\r\n"),
		text("a length below zero", "POST ", documents, version, closes, "Content-Length: -1\r\n\r\n"),
		text("a piece that is none", "POST ", documents, version, closes, "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n"),
		text("a tenant that is none", "POST /collections/", collection, "/search", version, closes, "X-Tenant-Id: ../default\r\nContent-Length: 2\r\n\r\n{}"),
		text("two tenants", "POST /collections/", collection, "/search", version, closes, "X-Tenant-Id: a\r\nX-Tenant-Id: b\r\nContent-Length: 2\r\n\r\n{}"),
		// Bodies.
		text("a number beyond 32 bits", insert(`"vector":[1e39,0],"payload":{}`)),
		text("a payload that is too deep", insert(`"vector":[1,0],"payload":`+strings.Repeat("[", 200)+strings.Repeat("]", 200))),
		text("a payload that is much too deep", insert(`"vector":[1,0],"payload":`+strings.Repeat("[", 100_000)+strings.Repeat("]", 100_000))),
		text("an endless list", insert(`"vector":[`+strings.Repeat("1,", 900_000)+`1],"payload":{}`)),
		text("a body that is too large", insert(`"vector":[1,0],"payload":"`+strings.Repeat("x", 3<<20)+`"`)),
		text("a body that is no JSON", insert(`"vector":[1,0],"payload":{"a"`)),
		text("an index without lists", post("/collections", `{"name":"hostile","dimension":2,"metric":"L2","index":{"Ivf":{"nlist":0,"nprobe":1}}}`)),
		text("a search for everything", post("/collections/"+collection+"/search", `{"vector":[1e39,0],"top_k":18446744073709551616}`)),
		// gRPC.
		{name: "gRPC: HTTP", rpc: true, send: func(_ context.Context, to net.Conn) error {
			_, err := io.WriteString(to, "GET / HTTP/1.1\r\nHost: database\r\n\r\n")
			return err
		}},
		{name: "gRPC: a frame of 16 MiB", rpc: true, send: func(_ context.Context, to net.Conn) error {
			_, err := io.WriteString(to, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\x00\x00\x00\x00\x00\x00")
			return err
		}},
	}
	return append(append(all, patient(documents)...), reset(documents, insert(`"vector":[1e39,0]`))...)
}

// patient are requests that never end.
func patient(documents string) []request {
	return []request{
		{name: "a slow header", send: func(_ context.Context, to net.Conn) error {
			return slowly(to, append([]string{"GET /health" + version}, strings.Split(strings.Repeat("X-A: b\r\n,", 100), ",")...)...)
		}},
		{name: "a header that stops", send: func(_ context.Context, to net.Conn) error { return slowly(to, "GET /hea") }},
		{name: "gRPC: a client that says nothing", rpc: true, send: func(context.Context, net.Conn) error { return nil }},
		// The agent gives a body a minute, so these give up first.
		{name: "a body that stops", silent: true, send: func(_ context.Context, to net.Conn) error {
			return slowly(to, fmt.Sprintf("POST %s%sContent-Length: %d\r\n\r\n", documents, version, largest), `{"id":1`, "", "")
		}},
		{name: "a body that is said to be huge", send: func(_ context.Context, to net.Conn) error {
			return slowly(to, "POST "+documents+version+"Content-Length: 99999999999\r\n\r\n", strings.Repeat("x", largest+1))
		}},
	}
}

// reset are connections that end in the middle.
func reset(documents, insert string) []request {
	ends := func(name, begins string, rpc bool) request {
		return request{name: name, rpc: rpc, silent: true, send: func(_ context.Context, to net.Conn) error {
			_, err := io.WriteString(to, begins)
			return err
		}}
	}
	return []request{
		ends("a connection and nothing", "", false),
		ends("a request and no reader", insert, false),
		ends("half a request", "POST "+documents+version+"Content-Length: 100\r\n\r\n{", false),
		ends("HTTP/2 and nothing", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", false),
		ends("gRPC: a connection and nothing", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", true),
	}
}
