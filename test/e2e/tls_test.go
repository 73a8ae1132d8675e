package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// certificate makes a certificate for the host that is its own authority.
func certificate(t *testing.T, host string, serial int64) map[string][]byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	return map[string][]byte{
		corev1.TLSCertKey:       pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		corev1.TLSPrivateKeyKey: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
	}
}

// trusting is how a client connects that trusts a certificate, and takes the server for the host.
func trusting(t *testing.T, host string, authority []byte) *tls.Config {
	t.Helper()
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(authority))
	return &tls.Config{RootCAs: pool, ServerName: host, MinVersion: tls.VersionTLS12}
}

// served gives the serial number of the certificate that the pod serves.
func served(t *testing.T, namespace, pod string, trust *tls.Config) *big.Int {
	t.Helper()
	local, stop := forward(t, namespace, pod, 8080)
	defer stop()
	connection, err := tls.DialWithDialer(&net.Dialer{Timeout: 10 * time.Second}, "tcp", fmt.Sprintf("127.0.0.1:%d", local), trust)
	require.NoError(t, err)
	defer func() { _ = connection.Close() }()
	return connection.ConnectionState().PeerCertificates[0].SerialNumber
}

// With a certificate the HTTP API is served over TLS, to the probes and to the agent too, and a new
// certificate reaches the pods by itself.
func TestTLS(t *testing.T) {
	const count = 10
	namespace := newNamespace(t)
	host := "db." + namespace + ".svc"
	secret := &corev1.Secret{Type: corev1.SecretTypeTLS, Data: certificate(t, host, 1)}
	secret.Namespace, secret.Name = namespace, "certificate"
	require.NoError(t, suite.Client.Create(t.Context(), secret))
	cluster := newCluster(t, namespace, "db", `
storage: {size: 64Mi}
tls: {secretName: certificate}
`)
	awaitAgent(t, cluster, images.agent)
	suite.WaitReady(t, cluster)
	require.Equal(t, &v1alpha1.Endpoints{HTTP: "https://" + host + ":8080", GRPC: host + ":50051"}, cluster.Status.Endpoints)
	trust := trusting(t, host, secret.Data[corev1.TLSCertKey])
	require.Equal(t, big.NewInt(1), served(t, namespace, "db-0", trust))

	// The agent counts what is there.
	fillOver(t, namespace, "db-0", trust, count)
	suite.WaitFor(t, cluster, v1alpha1.ConditionAgentReachable, metav1.ConditionTrue, v1alpha1.ReasonAgentAnswers)
	suite.Eventually(t, func() string {
		suite.Refresh(t, cluster)
		if found := cluster.Status.Database; found == nil || found.Documents != count {
			return fmt.Sprintf("status.database is %+v", found)
		}
		return ""
	})
	requireDrained(t, cluster)

	before := suite.Identities(t, cluster)
	secret.Data = certificate(t, host, 2)
	require.NoError(t, suite.Client.Update(t.Context(), secret))
	awaitSuccessor(t, cluster, "db-0", before["db-0"])
	suite.WaitReady(t, cluster)
	trust = trusting(t, host, secret.Data[corev1.TLSCertKey])
	require.Equal(t, big.NewInt(2), served(t, namespace, "db-0", trust))
	require.Equal(t, count, foundOver(t, namespace, "db-0", trust, count))
}
