//go:build linux

package main

import (
	"crypto/x509"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Authorities are known even in a file system without certificates, such as the image's.
func TestAuthoritiesAreInTheBinary(t *testing.T) {
	const inside = "BARQ_TEST_WITHOUT_CERTIFICATES"
	if os.Getenv(inside) != "" {
		pool, err := x509.SystemCertPool()
		require.NoError(t, err)
		require.False(t, pool.Equal(x509.NewCertPool()), "there is no authority at all")
		return
	}
	// Go reads the files once per process.
	nowhere := filepath.Join(t.TempDir(), "nowhere")
	again := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	again.Env = append(os.Environ(), inside+"=yes", "SSL_CERT_FILE="+nowhere, "SSL_CERT_DIR="+nowhere)
	out, err := again.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "--- PASS: "+t.Name())
}
