package objectservers

import (
	"context"
	"io"
	"log"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/barq-db/barq-operator/internal/objectstore"
	"github.com/barq-db/barq-operator/internal/objectstore/stores"
)

// Proxy stands between clients and a server of objects. Without faults it changes nothing.
type Proxy struct {
	server  *Server
	forward *httputil.ReverseProxy
	http    *http.Server
	address string
	up      *link
	down    *link

	lock    sync.Mutex
	random  *rand.Rand
	faults  Faults
	changed chan struct{}
	counts  Counts
}

// Counts says what a proxy has had to do.
type Counts struct {
	// Requests are all that came, those too that were refused or lost.
	Requests map[Operation]int
	// Sent and Received are the bytes of bodies that passed to the server, and from it.
	Sent, Received int64
}

// All is the number of all requests.
func (c Counts) All() int {
	all := 0
	for _, count := range c.Requests {
		all += count
	}
	return all
}

// Proxy starts a proxy of the server, until Close. The address is like that of [Config].
func (s *Server) Proxy(address string) (*Proxy, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	p := &Proxy{
		server: s, address: listener.Addr().String(), random: rand.New(rand.NewPCG(1, 0)), changed: make(chan struct{}),
		counts: Counts{Requests: map[Operation]int{}},
	}
	p.up = &link{proxy: p, limiter: rate.NewLimiter(rate.Inf, burst), count: &p.counts.Sent, cut: func(f Faults) int64 { return f.CutUploads }}
	p.down = &link{proxy: p, limiter: rate.NewLimiter(rate.Inf, burst), count: &p.counts.Received, cut: func(f Faults) int64 { return f.CutDownloads }}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	// What is signed must not change.
	transport.DisableCompression = true
	p.forward = &httputil.ReverseProxy{
		Rewrite:        p.rewrite,
		FlushInterval:  -1,
		Transport:      transport,
		ModifyResponse: p.receive,
		// Cuts are asked for.
		ErrorLog: log.New(io.Discard, "", 0),
		// The client of a server that is gone sees the connection end.
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	p.http = &http.Server{Handler: p, ReadHeaderTimeout: time.Minute}
	go func() { _ = p.http.Serve(listener) }()
	return p, nil
}

// Close ends all connections.
func (p *Proxy) Close() error { return p.http.Close() }

// URL is the endpoint for [objectstore.Options].
func (p *Proxy) URL() string { return p.server.at(p.address) }

// Options are those of the server, by way of the proxy.
func (p *Proxy) Options(bucket string) objectstore.Options {
	options := p.server.Options(bucket)
	options.Endpoint = p.URL()
	return options
}

// Set makes the store as bad as the faults say, from now on.
func (p *Proxy) Set(faults Faults) {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.faults = faults
	close(p.changed)
	p.changed = make(chan struct{})
	limit := rate.Inf
	if faults.BytesPerSecond > 0 {
		limit = rate.Limit(faults.BytesPerSecond)
	}
	p.up.limiter.SetLimit(limit)
	p.down.limiter.SetLimit(limit)
}

// Counts returns what there was to do since the start, or since ResetCounts.
func (p *Proxy) Counts() Counts {
	p.lock.Lock()
	defer p.lock.Unlock()
	counts := p.counts
	counts.Requests = maps.Clone(counts.Requests)
	return counts
}

// ResetCounts begins to count anew.
func (p *Proxy) ResetCounts() {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.counts.Sent, p.counts.Received = 0, 0
	clear(p.counts.Requests)
}

func (p *Proxy) carried(count *int64, n int) {
	p.lock.Lock()
	defer p.lock.Unlock()
	*count += int64(n)
}

// state returns the faults, and a channel that is closed when there are others.
func (p *Proxy) state() (Faults, <-chan struct{}) {
	p.lock.Lock()
	defer p.lock.Unlock()
	return p.faults, p.changed
}

// awaitWay returns when there is no black hole.
func (p *Proxy) awaitWay(ctx context.Context) (Faults, error) {
	for {
		faults, changed := p.state()
		if !faults.BlackHole {
			return faults, nil
		}
		select {
		case <-ctx.Done():
			return faults, context.Cause(ctx)
		case <-changed:
		}
	}
}

// begin counts a request, and draws what becomes of it.
func (p *Proxy) begin(operation Operation) (faults Faults, chance float64) {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.counts.Requests[operation]++
	return p.faults, p.random.Float64()
}

// ServeHTTP hands a request on, or does what the faults say.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	operation := operationOf(p.server.Provider, request)
	faults, chance := p.begin(operation)
	if faults.BlackHole {
		_, _ = p.awaitWay(request.Context())
		panic(http.ErrAbortHandler)
	}
	if reason := p.refusal(faults, operation, chance); reason != "" {
		setDate(w.Header(), faults)
		refuse(w, p.server.Provider, reason)
		return
	}
	if faults.IgnoresConditions {
		if err := p.forget(request); err != nil {
			panic(http.ErrAbortHandler)
		}
	}
	request.Body = p.up.pass(request.Context(), request.Body, operation)
	if faults.concerns(operation) && chance < faults.Lost {
		p.forward.ServeHTTP(discard{}, request)
		panic(http.ErrAbortHandler)
	}
	p.forward.ServeHTTP(w, request)
}

func (p *Proxy) refusal(faults Faults, operation Operation, chance float64) objectstore.Reason {
	switch {
	case faults.Clock.Abs() > mostSkew:
		return skewed
	case !faults.concerns(operation):
		return ""
	case faults.Refused != "":
		return faults.Refused
	case chance < faults.Busy:
		return busy
	}
	return ""
}

// forget takes away what a creation asks to be absent. A condition in a header is signed, so it cannot be taken away itself.
func (p *Proxy) forget(request *http.Request) error {
	if query := request.URL.Query(); query.Get("ifGenerationMatch") == "0" {
		query.Del("ifGenerationMatch")
		request.URL.RawQuery = query.Encode()
		return nil
	}
	if request.Header.Get("If-None-Match") != "*" {
		return nil
	}
	bucket, key := splitPath(strings.TrimPrefix(request.URL.Path, p.server.kind.path))
	store, err := stores.Open(p.server.Options(bucket))
	if err != nil {
		return err
	}
	return store.Delete(request.Context(), key)
}

func (p *Proxy) rewrite(request *httputil.ProxyRequest) {
	request.SetURL(&url.URL{Scheme: "http", Host: p.server.address})
	if p.server.Provider == objectstore.S3 {
		// The name of the host is signed.
		request.Out.Host = request.In.Host
	}
}

// receive changes what the server answers.
func (p *Proxy) receive(response *http.Response) error {
	request := response.Request
	// The server of Google names itself where an upload goes on.
	if location := response.Header.Get("Location"); location != "" {
		response.Header.Set("Location", strings.Replace(location, p.server.address, p.address, 1))
	}
	faults, err := p.awaitWay(request.Context())
	if err != nil {
		return err
	}
	setDate(response.Header, faults)
	response.Body = p.down.pass(request.Context(), response.Body, operationOf(p.server.Provider, request))
	return nil
}

func setDate(header http.Header, faults Faults) {
	if faults.Clock != 0 {
		header.Set("Date", time.Now().Add(faults.Clock).UTC().Format(http.TimeFormat))
	}
}

// discard takes an answer that is lost.
type discard struct{}

var _ http.ResponseWriter = discard{}

func (discard) Header() http.Header               { return http.Header{} }
func (discard) Write(content []byte) (int, error) { return len(content), nil }
func (discard) WriteHeader(int)                   {}
