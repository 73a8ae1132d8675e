//go:build linux

package agent

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	v1 "github.com/barq-db/barq-operator/internal/agentapi/v1"
)

// authority signs certificates.
type authority struct {
	t           *testing.T
	key         *ecdsa.PrivateKey
	certificate *x509.Certificate
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t, key: newKey(t)}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	content, err := x509.CreateCertificate(rand.Reader, template, template, &a.key.PublicKey, a.key)
	require.NoError(t, err)
	a.certificate, err = x509.ParseCertificate(content)
	require.NoError(t, err)
	return a
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return key
}

// sign returns a certificate and its key in PEM.
func (a *authority) sign(usage x509.ExtKeyUsage) (certificate, key []byte) {
	a.t.Helper()
	private := newKey(a.t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), DNSNames: []string{"agent"}, NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{usage},
	}
	content, err := x509.CreateCertificate(rand.Reader, template, a.certificate, &private.PublicKey, a.key)
	require.NoError(a.t, err)
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(a.t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: content}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded})
}

// write writes the files of a server's certificates.
func (a *authority) write(folder string) {
	a.t.Helper()
	certificate, key := a.sign(x509.ExtKeyUsageServerAuth)
	for name, content := range map[string][]byte{
		"tls.crt": certificate, "tls.key": key,
		"ca.crt": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.certificate.Raw}),
	} {
		require.NoError(a.t, os.WriteFile(filepath.Join(folder, name), content, 0o600))
	}
}

// client returns a client that trusts the authority. signer has signed its certificate; it has none if
// that is nil.
func (a *authority) client(signer *authority) *http.Client {
	a.t.Helper()
	trusted := x509.NewCertPool()
	trusted.AddCert(a.certificate)
	config := &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: trusted, ServerName: "agent"}
	if signer != nil {
		certificate, key := signer.sign(x509.ExtKeyUsageClientAuth)
		pair, err := tls.X509KeyPair(certificate, key)
		require.NoError(a.t, err)
		config.Certificates = []tls.Certificate{pair}
	}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}, Timeout: patience}
}

func TestTheOperatorIsTold(t *testing.T) {
	folder, address := t.TempDir(), freeAddress(t)
	first, second := newAuthority(t), newAuthority(t)
	first.write(folder)
	a := serve(t, how{flags: []string{"--api-address", address, "--api-certificates", folder}})
	a.fill(7)
	ask := func(client *http.Client) (v1.Status, error) {
		answer, err := client.Get("https://" + address + v1.StatusPath)
		if err != nil {
			return v1.Status{}, err
		}
		defer func() { _ = answer.Body.Close() }()
		var status v1.Status
		return status, json.NewDecoder(answer.Body).Decode(&status)
	}
	var status v1.Status
	a.eventually("the agent has looked, which it does every 15 seconds", func() bool {
		var err error
		status, err = ask(first.client(first))
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

	_, err := ask(first.client(nil))
	require.ErrorContains(t, err, "certificate required")
	_, err = ask(first.client(second))
	require.ErrorContains(t, err, "remote error: tls:", "another authority has signed it")

	second.write(folder)
	_, err = ask(second.client(second))
	require.NoError(t, err, "renewed certificates count at once")
	_, err = ask(second.client(first))
	require.Error(t, err)
	a.stop()
}
