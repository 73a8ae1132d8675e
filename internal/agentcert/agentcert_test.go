package agentcert_test

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	agentapi "github.com/barq-db/barq-operator/internal/agentapi/v1"
	"github.com/barq-db/barq-operator/internal/agentcert"
)

var now = time.Date(2026, time.December, 1, 0, 0, 0, 0, time.UTC)

func authority(t *testing.T, seed byte) *agentcert.Authority {
	t.Helper()
	found, err := agentcert.New(bytes.Repeat([]byte{seed}, agentcert.SeedSize))
	require.NoError(t, err)
	return found
}

func parse(t *testing.T, content []byte) *x509.Certificate {
	t.Helper()
	block, rest := pem.Decode(content)
	require.NotNil(t, block)
	require.Empty(t, rest)
	found, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	return found
}

// A restarted operator has the same authority, or it would replace every Secret.
func TestAnAuthorityFollowsFromItsSeed(t *testing.T) {
	first, again := authority(t, 1), authority(t, 1)
	require.Equal(t, first.Fingerprint(), again.Fingerprint())
	require.NotEqual(t, authority(t, 1).Fingerprint(), authority(t, 2).Fingerprint())
	_, err := agentcert.New([]byte("short"))
	require.ErrorContains(t, err, "5 bytes instead of 32")
}

func TestTheCertificateOfAnAgent(t *testing.T) {
	material, err := authority(t, 1).Agent("uid", now)
	require.NoError(t, err)
	require.Len(t, material.Data, 3)
	certificate := parse(t, material.Data["tls.crt"])
	roots := x509.NewCertPool()
	roots.AddCert(parse(t, material.Data["ca.crt"]))
	verify := func(name string, usage x509.ExtKeyUsage, at time.Time) error {
		_, err := certificate.Verify(x509.VerifyOptions{DNSName: name, Roots: roots, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{usage}})
		return err
	}
	require.NoError(t, verify(agentapi.ServerName("uid"), x509.ExtKeyUsageServerAuth, now))
	require.NoError(t, verify(agentapi.ServerName("uid"), x509.ExtKeyUsageServerAuth, material.Renew.AddDate(0, 3, 0)), "a renewal may be late")
	require.Error(t, verify(agentapi.ServerName("uid"), x509.ExtKeyUsageServerAuth, now.AddDate(1, 0, 1)))
	require.Error(t, verify(agentapi.ServerName("other"), x509.ExtKeyUsageServerAuth, now), "it is that of another BarqCluster")
	require.Error(t, verify(agentapi.ServerName("uid"), x509.ExtKeyUsageClientAuth, now), "an agent asks no agent")
	require.False(t, certificate.IsCA)

	other, err := authority(t, 1).Agent("uid", now)
	require.NoError(t, err)
	require.NotEqual(t, material.Data["tls.key"], other.Data["tls.key"])
	require.Equal(t, material.Data["ca.crt"], other.Data["ca.crt"])
}
