package agentcert

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	agentapi "github.com/barq-db/barq-operator/internal/agentapi/v1"
)

const (
	// SeedSize is how many bytes an authority is made from.
	SeedSize = ed25519.SeedSize
	// validity is how long the certificate of an agent is valid, and renewal how long it is used.
	validity = 365 * 24 * time.Hour
	renewal  = validity * 2 / 3
	// clockSkew is how far the clocks of two nodes may differ.
	clockSkew = time.Hour
	// authorityKey is the name of the authority in a Secret of certificates.
	authorityKey = "ca.crt"
)

// The authority is valid from and until then. Its certificate is the same at each start, so the times are fixed.
var (
	validFrom  = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
	validUntil = time.Date(2126, time.January, 1, 0, 0, 0, 0, time.UTC)
)

// Authority signs the certificates of agents, and that of the operator.
type Authority struct {
	key         ed25519.PrivateKey
	certificate *x509.Certificate
	client      tls.Certificate
}

// New returns the authority of a seed of SeedSize bytes, with a new key for the operator.
func New(seed []byte) (*Authority, error) {
	if len(seed) != SeedSize {
		return nil, fmt.Errorf("the seed of the agents' authority has %d bytes instead of %d", len(seed), SeedSize)
	}
	a := &Authority{key: ed25519.NewKeyFromSeed(seed)}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "barq-operator"}, NotBefore: validFrom, NotAfter: validUntil,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	content, err := x509.CreateCertificate(rand.Reader, template, template, a.key.Public(), a.key)
	if err != nil {
		return nil, fmt.Errorf("making the agents' authority: %w", err)
	}
	if a.certificate, err = x509.ParseCertificate(content); err != nil {
		return nil, fmt.Errorf("making the agents' authority: %w", err)
	}
	signed, key, err := a.sign(&x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "barq-operator"}, NotBefore: validFrom, NotAfter: validUntil,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if err != nil {
		return nil, err
	}
	// The key lives as long as this process.
	a.client = tls.Certificate{Certificate: [][]byte{signed}, PrivateKey: key}
	return a, nil
}

// Fingerprint returns what tells this authority from another one.
func (a *Authority) Fingerprint() string {
	sum := sha256.Sum256(a.certificate.Raw)
	const length = 16
	return hex.EncodeToString(sum[:length])
}

// ClientConfig returns how the operator connects to the agents of a BarqCluster.
func (a *Authority) ClientConfig(cluster types.UID) *tls.Config {
	trusted := x509.NewCertPool()
	trusted.AddCert(a.certificate)
	return &tls.Config{
		MinVersion: tls.VersionTLS13, RootCAs: trusted, ServerName: agentapi.ServerName(string(cluster)),
		Certificates: []tls.Certificate{a.client},
	}
}

// Material is the content of a Secret of the type kubernetes.io/tls, and when it is due to be renewed.
type Material struct {
	Data  map[string][]byte
	Renew time.Time
}

// Agent returns new material for the agents of a BarqCluster.
func (a *Authority) Agent(cluster types.UID, now time.Time) (Material, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return Material{}, err
	}
	signed, key, err := a.sign(&x509.Certificate{
		SerialNumber: serial, DNSNames: []string{agentapi.ServerName(string(cluster))},
		NotBefore: now.Add(-clockSkew), NotAfter: now.Add(validity),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	if err != nil {
		return Material{}, err
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Material{}, fmt.Errorf("writing the key of the agents: %w", err)
	}
	return Material{Renew: now.Add(renewal), Data: map[string][]byte{
		corev1.TLSCertKey:       inPEM("CERTIFICATE", signed),
		corev1.TLSPrivateKeyKey: inPEM("PRIVATE KEY", encoded),
		authorityKey:            inPEM("CERTIFICATE", a.certificate.Raw),
	}}, nil
}

// sign makes a key and signs a certificate for it.
func (a *Authority) sign(template *x509.Certificate) ([]byte, ed25519.PrivateKey, error) {
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, a.certificate, public, a.key)
	if err != nil {
		return nil, nil, fmt.Errorf("signing a certificate: %w", err)
	}
	return signed, key, nil
}

func inPEM(kind string, content []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content})
}
