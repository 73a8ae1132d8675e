package conformance

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/barq/ending"
)

// certificate is a start with a certificate for 127.0.0.1.
func certificate(t *testing.T) start {
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
	s.write(certificateFile, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: content})))
	s.write(keyFile, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyContent})))
	return start{dir: s.dir, environment: []string{"BARQ_TLS_CERT=" + certificateFile, "BARQ_TLS_KEY=" + keyFile}}
}

// It cannot serve HTTPS: two providers of cryptography are compiled in, none is chosen,
// and the library panics when it is to make the first use of one.
func TestCertificateEndsTheStart(t *testing.T) {
	how := certificate(t)
	missing := start{environment: []string{"BARQ_TLS_CERT=/does/not/exist", "BARQ_TLS_KEY=/does/not/exist"}}
	for how, said := range map[*start]string{&how: "process-level CryptoProvider", &missing: "failed to load TLS config: "} {
		s := launch(t, *how)
		require.Equal(t, panicked, s.exit())
		require.Equal(t, ending.TLS, ending.Why(ending.End{Code: panicked.Code}, s.problems()).Reason)
		require.Contains(t, s.problems(), said)
	}
}
