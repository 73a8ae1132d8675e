package door

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"time"

	"golang.org/x/net/netutil"
	"golang.org/x/sync/semaphore"

	"github.com/barq-db/barq-operator/internal/agent/refusal"
	"github.com/barq-db/barq-operator/internal/barq/request"
)

// Files in the folder of the certificates, as a Secret of the type kubernetes.io/tls has them.
const (
	certificateFile = "tls.crt"
	keyFile         = "tls.key"
)

// The limits that every door to the server has.
const (
	// LargestBody is the largest body that the server takes, in bytes.
	LargestBody = 2 << 20
	// HeaderTime is how long the header of a request may take, and BodyTime how long the body.
	HeaderTime = 10 * time.Second
	BodyTime   = time.Minute
	// IdleTime is how long a connection may be open without a request.
	IdleTime = 2 * time.Minute
	// LargestHeader bounds the header of a request, in bytes.
	LargestHeader = 32 << 10
	// Connections is how many clients may be connected, and Streams how many requests of one may be open with HTTP/2.
	Connections = 1024
	Streams     = 128
)

// The limits of this one.
const (
	// buffered is how many bytes of bodies are held at a time.
	buffered = 16 << 20
	// retryAfter is when a client may ask again, in seconds.
	retryAfter = "2"
)

// NoAnswer is what a client is told while the server does not answer.
const NoAnswer = "the database does not answer: it reads its log, or ends. Ask again in a moment"

// Options are what is listened on, and where the server is.
type Options struct {
	// Address is where clients come: a host, which may be empty for all addresses of both families, and a port.
	Address string
	// Certificates is the folder with tls.crt and tls.key, or empty for plain HTTP. They are read for each connection, because
	// the kubelet renews them.
	Certificates string
	// Server is where the server listens, and Way carries requests to it.
	Server string
	Way    http.RoundTripper
	// Refusals are what a person allows.
	Refusals refusal.Options
	// Ready returns an error unless the server can take a call now.
	Ready func(context.Context) error
	// Metrics answers who asks for the metrics, and counts what comes through the door.
	Metrics Metrics
}

// Door is open to clients.
type Door struct {
	Options
	server *http.Server
	way    *httputil.ReverseProxy
	bodies *semaphore.Weighted
	ended  chan error
}

// CertificateError is a certificate that cannot be shown to clients.
type CertificateError struct{ Err error }

// Error says why.
func (e CertificateError) Error() string { return "reading the certificate: " + e.Err.Error() }

// Unwrap returns the cause.
func (e CertificateError) Unwrap() error { return e.Err }

// Open listens. Until the server serves, requests are answered with 503. The error is a CertificateError, or that of the address.
func Open(options Options) (*Door, error) {
	if options.Certificates != "" {
		if _, err := certificate(options.Certificates); err != nil {
			return nil, CertificateError{err}
		}
	}
	listener, err := net.Listen("tcp", options.Address)
	if err != nil {
		return nil, fmt.Errorf("listening for clients: %w", err)
	}
	d := &Door{Options: options, bodies: semaphore.NewWeighted(buffered), ended: make(chan error, 1)}
	d.way = &httputil.ReverseProxy{
		Rewrite: func(forwarded *httputil.ProxyRequest) {
			// The server takes a Host of any name, and redirects name other pods.
			forwarded.SetURL(&url.URL{Scheme: "http", Host: options.Server})
			forwarded.Out.Host = forwarded.In.Host
		},
		Transport:    options.Way,
		BufferPool:   &buffers{},
		ErrorHandler: d.unreachable,
		ErrorLog:     log.New(io.Discard, "", 0),
	}
	protocols := &http.Protocols{}
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	d.server = &http.Server{
		Handler: options.Metrics.Count(d), ReadHeaderTimeout: HeaderTime, IdleTimeout: IdleTime, MaxHeaderBytes: LargestHeader,
		Protocols: protocols, HTTP2: &http.HTTP2Config{MaxConcurrentStreams: Streams},
		// What a client does wrong, the client is told.
		ErrorLog: log.New(io.Discard, "", 0),
	}
	bounded := netutil.LimitListener(listener, Connections)
	if options.Certificates == "" {
		go func() { d.ended <- d.server.Serve(bounded) }()
		return d, nil
	}
	protocols.SetHTTP2(true)
	d.server.TLSConfig = &tls.Config{
		MinVersion: tls.VersionTLS12, GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return certificate(options.Certificates)
		},
	}
	go func() { d.ended <- d.server.ServeTLS(bounded, "", "") }()
	return d, nil
}

// certificate reads what clients are shown.
func certificate(folder string) (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(filepath.Join(folder, certificateFile), filepath.Join(folder, keyFile))
	return &pair, err
}

// NewWay returns a way to a server for many clients.
func NewWay() *http.Transport {
	dialer := net.Dialer{Timeout: 5 * time.Second}
	return &http.Transport{
		DialContext: dialer.DialContext, MaxIdleConnsPerHost: Connections, IdleConnTimeout: IdleTime, DisableCompression: true,
	}
}

// Close takes no more connections, and returns when the requests that are open have been answered, or the context has ended.
func (d *Door) Close(ctx context.Context) error {
	err := d.server.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, d.server.Close())
	}
	if ended := <-d.ended; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}

// ServeHTTP carries a request to the server, or refuses it.
func (d *Door) ServeHTTP(answer http.ResponseWriter, asked *http.Request) {
	if own := d.own(asked); own != nil {
		own(answer, asked)
		return
	}
	route, err := request.RouteOf(asked.Method, asked.URL.EscapedPath())
	if err != nil {
		d.refuse(answer, &refusal.Refusal{Status: http.StatusBadRequest, Reason: refusal.Path, Message: fmt.Sprintf("the path cannot be read: %v", err)})
		return
	}
	if refused := refusal.OfRoute(route, asked.Header); refused != nil {
		d.refuse(answer, refused)
		return
	}
	asked.Body = http.MaxBytesReader(bare(answer), limited(answer, asked), LargestBody)
	if !route.Action.HasBody() {
		d.way.ServeHTTP(answer, asked)
		return
	}
	d.inspect(answer, asked, route.Action)
}

// inspect reads the body of a request before it carries it to the server.
func (d *Door) inspect(answer http.ResponseWriter, asked *http.Request, action request.Action) {
	// A length that is not known may be any.
	length := asked.ContentLength
	if length < 0 || length > LargestBody {
		length = LargestBody
	}
	if err := d.bodies.Acquire(asked.Context(), length); err != nil {
		return
	}
	defer d.bodies.Release(length)
	body, err := io.ReadAll(asked.Body)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		d.refuse(answer, &refusal.Refusal{
			Status: http.StatusRequestEntityTooLarge, Reason: refusal.Size, Message: fmt.Sprintf("the body has more than %d bytes; send smaller documents", LargestBody),
		})
		return
	case err != nil:
		d.refuse(answer, &refusal.Refusal{Status: http.StatusRequestTimeout, Reason: refusal.Slow, Message: "the body did not arrive in time"})
		return
	}
	if refused := refusal.OfBody(action, body, d.Refusals); refused != nil {
		d.refuse(answer, refused)
		return
	}
	// With GetBody the request is sent again where the server closed the connection before it got any of it, and only there.
	asked.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	asked.Body, asked.ContentLength, asked.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
	d.way.ServeHTTP(answer, asked)
}

// timedBody ends the limit of time with the body: what follows is up to the server, which may take long.
type timedBody struct {
	io.ReadCloser
	connection *http.ResponseController
}

func limited(answer http.ResponseWriter, asked *http.Request) io.ReadCloser {
	if asked.ContentLength == 0 {
		return asked.Body
	}
	body := timedBody{ReadCloser: asked.Body, connection: http.NewResponseController(answer)}
	// Without the limit a client that sends nothing would hold what it holds for ever.
	_ = body.connection.SetReadDeadline(time.Now().Add(BodyTime))
	return body
}

// Read reads on, and ends the limit at the end.
func (b timedBody) Read(into []byte) (int, error) {
	count, err := b.ReadCloser.Read(into)
	if errors.Is(err, io.EOF) {
		_ = b.connection.SetReadDeadline(time.Time{})
	}
	return count, err
}

// unreachable answers a request that the server has not answered.
func (d *Door) unreachable(answer http.ResponseWriter, asked *http.Request, err error) {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		d.refuse(answer, &refusal.Refusal{Status: http.StatusRequestEntityTooLarge, Reason: refusal.Size, Message: fmt.Sprintf("the body has more than %d bytes", LargestBody)})
		return
	}
	if asked.Context().Err() != nil {
		// The client is gone.
		return
	}
	sayLater(answer, NoAnswer)
}

// sayLater tells a client to ask again in a moment.
func sayLater(answer http.ResponseWriter, message string) {
	answer.Header().Set("Retry-After", retryAfter)
	say(answer, http.StatusServiceUnavailable, message)
}

// say answers as the server does.
func say(answer http.ResponseWriter, status int, message string) {
	answer.Header().Set("Content-Type", "application/json")
	answer.WriteHeader(status)
	// A client that is gone hears nothing.
	_ = json.NewEncoder(answer).Encode(map[string]string{"error": message})
}
