//go:build linux

package agent

import (
	"context"
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/types"

	v1 "github.com/barq-db/barq-operator/internal/agentapi/v1"
	"github.com/barq-db/barq-operator/internal/agentcert"
	"github.com/barq-db/barq-operator/internal/agentclient"
)

const uid, otherUID = types.UID("6f4c2d4e-0000-4000-8000-000000000001"), types.UID("6f4c2d4e-0000-4000-8000-000000000002")

func newAuthority(t *testing.T) *agentcert.Authority {
	t.Helper()
	seed := make([]byte, agentcert.SeedSize)
	for i := range seed {
		seed[i] = byte(rand.Uint32())
	}
	authority, err := agentcert.New(seed)
	require.NoError(t, err)
	return authority
}

// issue writes the certificates of an agent into the folder from which it reads them.
func issue(t *testing.T, folder string, authority *agentcert.Authority) {
	t.Helper()
	material, err := authority.Agent(uid, time.Now())
	require.NoError(t, err)
	for name, content := range material.Data {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), content, 0o600))
	}
}

// ask asks the agent at an address as an operator with that authority.
func ask(address string, authority *agentcert.Authority, of types.UID) (*v1.Status, error) {
	return (&agentclient.Client{Authority: authority}).Status(context.Background(), address, of)
}

// ownAddress returns an address of this machine that no other test has, because the port of an agent is always the same.
func ownAddress() string {
	return fmt.Sprintf("127.%d.%d.%d", 1+rand.IntN(254), rand.IntN(256), 1+rand.IntN(254))
}

// agentAt returns where the agent listens at an address.
func agentAt(address string) string { return net.JoinHostPort(address, strconv.Itoa(v1.Port)) }

// refusal asks with another TLS configuration, and returns the error.
func refusal(at string, config *tls.Config) error {
	answer, err := (&http.Client{Transport: &http.Transport{TLSClientConfig: config}}).Get("https://" + at + v1.StatusPath)
	if err != nil {
		return err
	}
	return answer.Body.Close()
}

func TestTheOperatorIsTold(t *testing.T) {
	folder, address := t.TempDir(), ownAddress()
	first, second := newAuthority(t), newAuthority(t)
	at := agentAt(address)
	a := serve(t, how{flags: []string{"--api-address", at, "--api-certificates", folder}})
	_, err := ask(address, first, uid)
	require.Error(t, err, "it has no certificates yet")

	issue(t, folder, first)
	a.fill(7)
	var status *v1.Status
	a.eventually("the agent has looked, which it does every 15 seconds", func() bool {
		status, err = ask(address, first, uid)
		require.NoError(t, err)
		return status.Data.Collections == 1
	})
	require.Equal(t, "0.1.0", status.Agent)
	require.WithinDuration(t, time.Now(), status.Started, time.Minute)
	require.NotNil(t, status.Served)
	require.Equal(t, []int{1, 1}, []int{status.Data.Tenants, status.Data.Collections})
	require.LessOrEqual(t, status.Data.Documents, int64(7))
	require.Greater(t, status.Disk.Size, status.Disk.Free)
	require.Empty(t, status.Log.Problem)
	require.Nil(t, status.Log.Quarantine)

	_, err = ask(address, first, otherUID)
	require.ErrorContains(t, err, "certificate is valid for "+v1.ServerName(string(uid)), "it is the agent of another BarqCluster")
	_, err = ask(address, second, uid)
	require.ErrorContains(t, err, "unknown authority")
	nameless := first.ClientConfig(uid)
	nameless.Certificates = nil
	require.ErrorContains(t, refusal(at, nameless), "certificate required")
	strange := first.ClientConfig(uid)
	strange.Certificates = second.ClientConfig(uid).Certificates
	require.ErrorContains(t, refusal(at, strange), "remote error: tls:", "another authority has signed it")

	issue(t, folder, second)
	_, err = ask(address, second, uid)
	require.NoError(t, err, "renewed certificates count at once")
	_, err = ask(address, first, uid)
	require.Error(t, err)
	a.stop()
}
