package conformance

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/barq/ending"
	"github.com/barq-db/barq-operator/test/barqserver"
	"github.com/barq-db/barq-operator/test/barqserver/client"
	"github.com/barq-db/barq-operator/test/privatenetwork"
)

// certificate is a start with a certificate for 127.0.0.1, and who trusts it.
func certificate(t *testing.T) (start, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	content, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	keyContent, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)

	s := &server{t: t, dir: t.TempDir()}
	certificateFile, keyFile := filepath.Join(s.dir, "tls.crt"), filepath.Join(s.dir, "tls.key")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: content})
	s.write(certificateFile, string(text))
	s.write(keyFile, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyContent})))
	trusted := x509.NewCertPool()
	require.True(t, trusted.AppendCertsFromPEM(text))
	return start{dir: s.dir, environment: []string{"BARQ_TLS_CERT=" + certificateFile, "BARQ_TLS_KEY=" + keyFile}}, trusted
}

// It cannot serve HTTPS: two providers of cryptography are compiled in, none is chosen,
// and the library panics when it is to make the first use of one.
func TestCertificateEndsTheStart(t *testing.T) {
	how, _ := certificate(t)
	missing := start{environment: []string{"BARQ_TLS_CERT=/does/not/exist", "BARQ_TLS_KEY=/does/not/exist"}}
	for how, said := range map[*start]string{&how: "process-level CryptoProvider", &missing: "failed to load TLS config: "} {
		s := launch(t, *how)
		require.Equal(t, panicked, s.exit())
		require.Equal(t, ending.TLS, ending.Why(ending.End{Code: panicked.Code}, s.problems()).Reason)
		require.Contains(t, s.problems(), said)
	}
}

// What Barq DB is written to do, and what the operator's HTTPS is tested with.
func TestStandInServesHTTPSWhenAsked(t *testing.T) {
	if !isStandIn {
		t.Skip("only the stand-in can")
	}
	secure := func(t *testing.T, attributes ...func(*syscall.SysProcAttr)) *server {
		how, trusted := certificate(t)
		how.environment = append(how.environment, barqserver.TLSVariable+"="+barqserver.TLSServe)
		how.attributes = attributes
		s := launch(t, how)
		s.BaseURL = "https://" + s.address
		s.HTTP = client.NewHTTPClient(&http.Transport{
			DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12},
		})
		s.await()
		s.requireAll(s.fill(1))
		return s
	}
	t.Run("and does not finish its requests", func(t *testing.T) {
		s := secure(t)
		s.signal(syscall.SIGINT)
		require.Equal(t, exit{Signal: syscall.SIGINT}, s.exit())
	})
	t.Run("and cannot be interrupted as process one", func(t *testing.T) {
		privatenetwork.Require(t)
		s := secure(t, asInit)
		s.signal(syscall.SIGINT)
		s.signal(syscall.SIGTERM)
		require.True(t, s.livesFor(time.Second))
		require.NoError(t, s.Health(t.Context()))
	})
}
