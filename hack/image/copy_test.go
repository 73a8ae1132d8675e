package image_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/hack/image"
)

// A copy is the same but for its labels, which make it another image.
func TestCopy(t *testing.T) {
	folder := t.TempDir()
	registry, err := image.Serve(filepath.Join(folder, "registry"))
	require.NoError(t, err)
	defer func() { require.NoError(t, registry.Close()) }()
	program := filepath.Join(folder, "program")
	require.NoError(t, os.WriteFile(program, []byte("program"), 0o600))
	original, err := image.Push(t.Context(), registry.Address+"/original:1", image.Image{
		Files: map[string]string{"/program": program}, Entrypoint: []string{"/program"},
	})
	require.NoError(t, err)

	labels := map[string]string{"variant": "other"}
	copied, err := image.Copy(t.Context(), original, registry.Address+"/copy:1", labels)
	require.NoError(t, err)
	digest, err := name.NewDigest(copied)
	require.NoError(t, err)
	require.NotContains(t, original, digest.DigestStr())
	pulled, err := remote.Image(digest)
	require.NoError(t, err)
	file, err := pulled.ConfigFile()
	require.NoError(t, err)
	require.Equal(t, labels, file.Config.Labels)
	require.Equal(t, []string{"/program"}, file.Config.Entrypoint)

	_, err = image.Copy(t.Context(), registry.Address+"/missing:1", registry.Address+"/copy:2", nil)
	require.ErrorContains(t, err, "reading "+registry.Address+"/missing:1")
}
