package fence

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// path is a document of a collection that is not there.
const path = "/collections/absent/documents/1"

// Fence is a way to a server.
type Fence struct {
	url    string
	client *http.Client
}

// New returns a Fence of the server that listens on an address, as BARQ_ADDR has it. A server that
// listens on all addresses is called on the loopback one.
func New(address string) (*Fence, error) {
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
	return &Fence{
		url:    "http://" + at.String() + path,
		client: &http.Client{Transport: &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true}},
	}, nil
}

// Wait returns when every write that had begun before has ended. It waits for as long as the server
// holds its lock, which a rebuild of an index can do for minutes.
func (f *Fence) Wait(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, f.url, nil)
	if err != nil {
		return err
	}
	answer, err := f.client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 1<<16))
	// A server that asks for a key answers 401 before it takes the lock.
	if answer.StatusCode != http.StatusBadRequest {
		return fmt.Errorf("the server answered %d to %s, where 400 shows that it has taken its lock", answer.StatusCode, path)
	}
	return nil
}
