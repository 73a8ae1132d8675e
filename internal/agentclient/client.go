package agentclient

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"syscall"
	"time"

	"k8s.io/apimachinery/pkg/types"

	agentapi "github.com/barq-db/barq-operator/internal/agentapi/v1"
	"github.com/barq-db/barq-operator/internal/agentcert"
)

const (
	// timeout is how long an agent may take to answer. It answers from memory.
	timeout = 3 * time.Second
	// limit is the largest answer that is read, in bytes. An answer has less than 2 KiB.
	limit = 64 << 10
)

// Client asks agents.
type Client struct {
	// Authority has signed the certificates on both sides.
	Authority *agentcert.Authority
}

// Status asks the agent at the address of a pod for what it knows. It fails unless the agent has a certificate of the
// BarqCluster with the given UID. As long as the cause is the same, so is the text of the error: it becomes part of a status.
func (c *Client) Status(ctx context.Context, address string, cluster types.UID) (*agentapi.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	where := url.URL{Scheme: "https", Host: net.JoinHostPort(address, strconv.Itoa(agentapi.Port)), Path: agentapi.StatusPath}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, where.String(), http.NoBody)
	if err != nil {
		return nil, err
	}
	// Agents are asked too seldom to keep a connection to each of them.
	transport := &http.Transport{TLSClientConfig: c.Authority.ClientConfig(cluster), DisableKeepAlives: true}
	answer, err := transport.RoundTrip(request)
	if err != nil {
		return nil, stable(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the agent answers with %s", answer.Status)
	}
	var status agentapi.Status
	if err := json.NewDecoder(io.LimitReader(answer.Body, limit)).Decode(&status); err != nil {
		return nil, fmt.Errorf("reading the agent's answer: %w", err)
	}
	return &status, nil
}

// stable returns an error without what differs from one question to the next: the port of this side, and the time.
func stable(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("no answer within %s", timeout)
	}
	var operation *net.OpError
	// One that is reset at once is reset while it is made, or just after.
	if errors.As(err, &operation) && (operation.Source != nil || errors.Is(err, syscall.ECONNRESET)) {
		var number syscall.Errno
		if errors.As(operation.Err, &number) {
			// Whether a read or a write fails first is chance.
			return number
		}
		return operation.Err
	}
	var invalid x509.CertificateInvalidError
	if errors.As(err, &invalid) && invalid.Reason == x509.Expired {
		return fmt.Errorf("the agent's certificate is valid from %s to %s only, by the clock of the operator",
			invalid.Cert.NotBefore.Format(time.RFC3339), invalid.Cert.NotAfter.Format(time.RFC3339))
	}
	return err
}
