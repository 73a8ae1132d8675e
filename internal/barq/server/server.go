package server

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// absent is a document of a collection that is hardly there.
const absent = "/collections/absent/documents/1"

// storeRefuses begins an error that the server found while it had its lock.
const storeRefuses = "storage error: "

// health is answered by every server that serves.
const health = "/health"

// metrics are the server's own.
const metrics = "/metrics"

// largest is how many bytes of an answer are read.
const largest = 1 << 16

// Server is a way to a server.
type Server struct {
	url    string
	client *http.Client
}

// New returns a way to the server that listens on an address, as BARQ_ADDR has it. A server that
// listens on all addresses is called on the loopback one. New returns an error if the address is no IP address with a port.
func New(address string) (*Server, error) {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, fmt.Errorf("the server's address %q is none: %w", address, err)
	}
	if ip := at.Addr(); ip.IsUnspecified() {
		loopback := netip.AddrFrom4([4]byte{127, 0, 0, 1})
		if ip.Is6() {
			loopback = netip.IPv6Loopback()
		}
		at = netip.AddrPortFrom(loopback, at.Port())
	}
	dialer := net.Dialer{Timeout: 5 * time.Second}
	return &Server{
		url:    "http://" + at.String(),
		client: &http.Client{Transport: &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true}},
	}, nil
}

// Fence returns when every write that had begun before has ended. It waits for as long as the server
// holds its lock, which a rebuild of an index can do for minutes.
func (s *Server) Fence(ctx context.Context) error {
	status, content, err := s.get(ctx, absent)
	if err != nil {
		return err
	}
	var refusal struct {
		Error string `json:"error"`
	}
	// A server that asks for a key answers 401 before it takes the lock, and what is before the store may answer 400. 200 is the
	// answer where there is a collection of that name.
	fromStore := status == http.StatusBadRequest && json.Unmarshal(content, &refusal) == nil && strings.HasPrefix(refusal.Error, storeRefuses)
	if !fromStore && status != http.StatusOK {
		return fmt.Errorf("the server answered %d to %s, which does not show that it has taken its lock", status, absent)
	}
	return nil
}

// Takes returns an error unless the server answers a call that waits for its lock. Of an answer that does not show that it waited, as
// that of a server that asks for a key, no more is known than that the server answers.
func (s *Server) Takes(ctx context.Context) error {
	status, _, err := s.get(ctx, absent)
	if err == nil && status >= http.StatusInternalServerError {
		err = fmt.Errorf("the server answered %d to %s", status, absent)
	}
	return err
}

// Serves returns an error unless the server answers, which it does once it has read its data. It needs no lock and no key.
func (s *Server) Serves(ctx context.Context) error {
	status, _, err := s.get(ctx, health)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("the server answered %d to %s", status, health)
	}
	return err
}

// Documents returns how many documents a tenant has in all of its collections.
func (s *Server) Documents(ctx context.Context, tenant string) (int64, error) {
	path := "/tenants/" + url.PathEscape(tenant) + "/usage"
	status, content, err := s.get(ctx, path)
	if err != nil {
		return 0, err
	}
	if status != http.StatusOK {
		return 0, fmt.Errorf("the server answered %d to %s", status, path)
	}
	var usage struct {
		Documents int64 `json:"documents"`
	}
	return usage.Documents, json.Unmarshal(content, &usage)
}

// Metrics returns the beginning of the server's metrics, as Prometheus text of at most so many bytes. The server forgets what it
// keeps for them when it is asked, so that its memory grows without.
func (s *Server) Metrics(ctx context.Context, most int64) ([]byte, error) {
	status, content, err := s.read(ctx, metrics, most)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("the server answered %d to %s", status, metrics)
	}
	return content, err
}

func (s *Server) get(ctx context.Context, path string) (status int, content []byte, err error) {
	return s.read(ctx, path, largest)
}

// read returns at most so many bytes of an answer.
func (s *Server) read(ctx context.Context, path string, most int64) (status int, content []byte, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+path, nil)
	if err != nil {
		return 0, nil, err
	}
	answer, err := s.client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	content, err = io.ReadAll(io.LimitReader(answer.Body, most))
	return answer.StatusCode, content, err
}
