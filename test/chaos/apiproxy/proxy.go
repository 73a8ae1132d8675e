package apiproxy

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"sync"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

var errInjected = errors.New("injected")

// Proxy hands requests on with the credentials of one client, because clients keep theirs to themselves where a
// connection is not encrypted.
type Proxy struct {
	forward *httputil.ReverseProxy
	server  *http.Server
	address string

	lock    sync.Mutex
	random  *rand.Rand
	fault   Fault
	harmed  int
	watches map[*watch]bool
}

// watch is one that goes on.
type watch struct{ cut context.CancelFunc }

// Start listens on loopback, until Close. The configuration is that of the client whom the proxy stands for.
func Start(config *rest.Config) (*Proxy, error) {
	transport, err := rest.TransportFor(config)
	if err != nil {
		return nil, err
	}
	upstream, err := url.Parse(config.Host)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{
		address: listener.Addr().String(),
		random:  rand.New(rand.NewPCG(1, 0)),
		watches: map[*watch]bool{},
	}
	p.forward = &httputil.ReverseProxy{
		Rewrite: func(request *httputil.ProxyRequest) { request.SetURL(upstream) },
		// An event of a watch is of no use in a buffer.
		FlushInterval:  -1,
		Transport:      transport,
		ModifyResponse: p.holdBack,
		// A server that is gone gives no answer.
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	p.server = &http.Server{Handler: p, ReadHeaderTimeout: time.Minute}
	go func() { _ = p.server.Serve(listener) }()
	return p, nil
}

// Close ends all connections.
func (p *Proxy) Close() error { return p.server.Close() }

// WriteKubeconfig lets a program ask through the proxy.
func (p *Proxy) WriteKubeconfig(file string) error {
	const name = "proxy"
	config := clientcmdapi.NewConfig()
	config.Clusters[name] = &clientcmdapi.Cluster{Server: "http://" + p.address}
	config.Contexts[name] = &clientcmdapi.Context{Cluster: name}
	config.CurrentContext = name
	return clientcmd.WriteToFile(*config, file)
}

// Set makes the connection as bad as the fault says, for requests that come from now on and for running watches.
func (p *Proxy) Set(fault Fault) {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.fault = fault
}

// Harmed is the number of requests that were delayed, refused or left without an answer, and of watches that were cut.
func (p *Proxy) Harmed() int {
	p.lock.Lock()
	defer p.lock.Unlock()
	return p.harmed
}

// CutWatches ends the watches that there are, in the middle of whatever they were saying.
func (p *Proxy) CutWatches() {
	p.lock.Lock()
	defer p.lock.Unlock()
	for running := range p.watches {
		running.cut()
		p.harmed++
	}
}

// ServeHTTP hands a request on, or harms it.
func (p *Proxy) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	if isWatch(request) {
		p.serveWatch(writer, request)
		return
	}
	fault, refused, lost := p.choose(request)
	select {
	case <-request.Context().Done():
		return
	case <-time.After(fault.Delay):
	}
	switch {
	case refused:
		refuse(writer, fault.Refusal)
	case lost:
		p.forward.ServeHTTP(discard{}, request)
		panic(http.ErrAbortHandler)
	default:
		p.forward.ServeHTTP(writer, request)
	}
}

// choose says what becomes of a request.
func (p *Proxy) choose(request *http.Request) (fault Fault, refused, lost bool) {
	p.lock.Lock()
	defer p.lock.Unlock()
	chance := p.random.Float64()
	refused = chance < p.fault.Refused && p.fault.Refusal.fits(request) && (p.fault.Only == nil || p.fault.Only(request))
	lost = !refused && chance < p.fault.Lost
	if refused || lost || p.fault.Delay > 0 {
		p.harmed++
	}
	return p.fault, refused, lost
}

func isWatch(request *http.Request) bool {
	wanted, err := strconv.ParseBool(request.URL.Query().Get("watch"))
	return err == nil && wanted
}

func (p *Proxy) serveWatch(writer http.ResponseWriter, request *http.Request) {
	ctx, cancel := context.WithCancel(request.Context())
	defer cancel()
	running := &watch{cut: cancel}
	p.lock.Lock()
	p.watches[running] = true
	p.lock.Unlock()
	defer func() {
		p.lock.Lock()
		defer p.lock.Unlock()
		delete(p.watches, running)
	}()
	p.forward.ServeHTTP(writer, request.WithContext(ctx))
}

func refuse(writer http.ResponseWriter, refusal Refusal) {
	status := refusal.status()
	status.APIVersion, status.Kind = "v1", "Status"
	if status.Details != nil && status.Details.RetryAfterSeconds > 0 {
		writer.Header().Set("Retry-After", strconv.Itoa(int(status.Details.RetryAfterSeconds)))
	}
	writer.Header().Set("Content-Type", "application/json")
	writer.WriteHeader(int(status.Code))
	_ = json.NewEncoder(writer).Encode(status)
}

// discard takes an answer that no client sees.
type discard struct{}

func (discard) Header() http.Header               { return http.Header{} }
func (discard) Write(content []byte) (int, error) { return len(content), nil }
func (discard) WriteHeader(int)                   {}

// holdBack makes the events of a watch late.
func (p *Proxy) holdBack(response *http.Response) error {
	if isWatch(response.Request) {
		response.Body = delay(response.Body, p.lag)
	}
	return nil
}

func (p *Proxy) lag() time.Duration {
	p.lock.Lock()
	defer p.lock.Unlock()
	return p.fault.Lag
}

// chunk is what was read at once, or the error that ended the reading.
type chunk struct {
	content []byte
	err     error
	due     time.Time
}

// delayed reads a body as it comes, and gives it away later.
type delayed struct {
	io.Closer
	chunks <-chan chunk
	rest   []byte
	closed chan struct{}
	once   sync.Once
}

// delay makes each piece of a body late by what lag says when it comes.
func delay(body io.ReadCloser, lag func() time.Duration) io.ReadCloser {
	// As many events as an hour of a storm has: a reader that is waited for would be a slow server instead.
	chunks := make(chan chunk, 1<<16)
	d := &delayed{Closer: body, chunks: chunks, closed: make(chan struct{})}
	go func() {
		defer close(chunks)
		for {
			buffer := make([]byte, 32<<10)
			count, err := body.Read(buffer)
			select {
			case chunks <- chunk{content: buffer[:count], err: err, due: time.Now().Add(lag())}:
			case <-d.closed:
				return
			}
			if err != nil {
				return
			}
		}
	}()
	return d
}

// Read gives what is due, and waits for it.
func (d *delayed) Read(into []byte) (int, error) {
	for len(d.rest) == 0 {
		next, open := <-d.chunks
		if !open {
			return 0, io.EOF
		}
		select {
		case <-d.closed:
			return 0, io.ErrClosedPipe
		case <-time.After(time.Until(next.due)):
		}
		if len(next.content) == 0 && next.err != nil {
			return 0, next.err
		}
		d.rest = next.content
	}
	count := copy(into, d.rest)
	d.rest = d.rest[count:]
	return count, nil
}

// Close ends both sides.
func (d *delayed) Close() error {
	d.once.Do(func() { close(d.closed) })
	return d.Closer.Close()
}
