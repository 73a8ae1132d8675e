package image

import (
	"archive/tar"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/require"
)

// entry is what a test looks at in a layer.
type entry struct {
	mode    int64
	content string
}

func TestWhatIsPushedCanBePulled(t *testing.T) {
	registry, err := Serve(filepath.Join(t.TempDir(), "registry"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, registry.Close()) })
	packed := Image{
		Files: map[string]string{
			"/usr/bin/program": write(t, "program", "run me", 0o700),
			"/certificates":    filepath.Dir(write(t, "deep/ca.crt", "trust me", 0o600)),
		},
		Entrypoint:  []string{"/usr/bin/program", "--now"},
		User:        "1000:1000",
		Environment: []string{"A=b"},
		Labels:      map[string]string{"variant": "one"},
	}

	reference, err := Push(t.Context(), registry.Address+"/some/program:1", packed)
	require.NoError(t, err)
	digest, err := name.NewDigest(reference)
	require.NoError(t, err)
	require.Equal(t, registry.Address+"/some/program", digest.Context().Name())
	pulled, err := remote.Image(digest)
	require.NoError(t, err)
	file, err := pulled.ConfigFile()
	require.NoError(t, err)
	require.Equal(t, "linux/"+runtime.GOARCH, file.Platform().String())
	require.Equal(t, v1.Config{
		Entrypoint: packed.Entrypoint, User: packed.User, Env: packed.Environment, Labels: packed.Labels, WorkingDir: "/",
	}, file.Config)
	require.Equal(t, map[string]entry{
		"usr/":                {mode: 0o755},
		"usr/bin/":            {mode: 0o755},
		"usr/bin/program":     {mode: 0o755, content: "run me"},
		"certificates/":       {mode: 0o755},
		"certificates/ca.crt": {mode: 0o644, content: "trust me"},
	}, entries(t, pulled))

	again, err := Push(t.Context(), registry.Address+"/some/program:2", packed)
	require.NoError(t, err)
	require.Equal(t, reference, again, "the same image has the same digest")
	packed.Labels = map[string]string{"variant": "other"}
	other, err := Push(t.Context(), registry.Address+"/some/program:2", packed)
	require.NoError(t, err)
	require.NotEqual(t, reference, other)
}

func TestWhatCannotBePushed(t *testing.T) {
	_, err := Push(t.Context(), "127.0.0.1:1/a:1", Image{Files: map[string]string{"/a": "/no/such/file"}})
	require.EqualError(t, err, "packing 127.0.0.1:1/a:1: stat /no/such/file: no such file or directory")
	_, err = Push(t.Context(), "Not A Reference", Image{})
	require.ErrorContains(t, err, `image reference "Not A Reference": `)
}

func write(t *testing.T, file, content string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), file)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, []byte(content), mode))
	return path
}

func entries(t *testing.T, image v1.Image) map[string]entry {
	t.Helper()
	layers, err := image.Layers()
	require.NoError(t, err)
	require.Len(t, layers, 1)
	content, err := layers[0].Uncompressed()
	require.NoError(t, err)
	defer func() { _ = content.Close() }()
	found := map[string]entry{}
	for reader := tar.NewReader(content); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return found
		}
		require.NoError(t, err)
		text, err := io.ReadAll(reader)
		require.NoError(t, err)
		found[header.Name] = entry{mode: header.Mode, content: string(text)}
	}
}
