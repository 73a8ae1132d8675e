// Package authorities tests that a program knows certificate authorities without a file.
//
// What lives here: that one check, which the tests of each program make. What must not: which authorities they are.
package authorities

import (
	"crypto/x509"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// RequireInBinary fails if the binary of the test knows no authority in a file system without certificates, such as that of an image. It
// runs the test again, so a test does nothing else.
func RequireInBinary(t *testing.T) {
	t.Helper()
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
