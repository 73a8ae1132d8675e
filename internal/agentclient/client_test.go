//go:build linux

package agentclient_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/types"

	"github.com/barq-db/barq-operator/internal/agent/api"
	agentapi "github.com/barq-db/barq-operator/internal/agentapi/v1"
	"github.com/barq-db/barq-operator/internal/agentcert"
	"github.com/barq-db/barq-operator/internal/agentclient"
)

const cluster = types.UID("6f4c2d4e-0000-4000-8000-000000000001")

// newAddress returns an address of this machine that no other test has, because the port of an agent is always the same.
func newAddress() string {
	return fmt.Sprintf("127.%d.%d.%d", 1+rand.IntN(254), rand.IntN(256), 1+rand.IntN(254))
}

// listen takes connections, and what becomes of them is for the kernel or the caller.
func listen(t *testing.T, address string) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", net.JoinHostPort(address, strconv.Itoa(agentapi.Port)))
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	return listener
}

// reset ends each connection at once, as a proxy does that reaches no agent.
func reset(t *testing.T, address string) {
	t.Helper()
	listener := listen(t, address)
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			if connection, ok := connection.(*net.TCPConn); ok {
				// With that the kernel sends a reset.
				_ = connection.SetLinger(0)
			}
			_ = connection.Close()
		}
	}()
}

// expire serves with a certificate that is no longer valid.
func expire(t *testing.T, authority *agentcert.Authority, address string) {
	t.Helper()
	material, err := authority.Agent(cluster, time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC).AddDate(-2, 0, 0))
	require.NoError(t, err)
	config, err := api.Configuration(material.Data)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- api.Serve(ctx, net.JoinHostPort(address, strconv.Itoa(agentapi.Port)),
			func(*tls.ClientHelloInfo) (*tls.Config, error) { return config, nil }, func() agentapi.Status { return agentapi.Status{} })
	}()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-ended)
	})
}

// The status has the text of the error. With one that differs each time the operator would write it after each question.
func TestTheSameFailureHasTheSameText(t *testing.T) {
	authority, err := agentcert.New(bytes.Repeat([]byte{1}, agentcert.SeedSize))
	require.NoError(t, err)
	client := &agentclient.Client{Authority: authority}
	silent, resetting, expired := newAddress(), newAddress(), newAddress()
	listen(t, silent)
	reset(t, resetting)
	expire(t, authority, expired)
	ask := func(address string) string {
		_, err := client.Status(t.Context(), address, cluster)
		require.Error(t, err)
		return err.Error()
	}
	for address, want := range map[string]string{
		silent:    "no answer within 3s",
		resetting: "connection reset by peer",
		expired:   "the agent's certificate is valid from 2023-12-31T23:00:00Z to 2024-12-31T00:00:00Z only, by the clock of the operator",
	} {
		require.Eventually(t, func() bool { return ask(address) == want }, 10*time.Second, 10*time.Millisecond, want)
		// Another second, and another port of this side.
		time.Sleep(1100 * time.Millisecond)
		require.Equal(t, want, ask(address))
	}
}
