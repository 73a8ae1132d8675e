package programimage_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/hack/image"
)

// Each Dockerfile gives the same files, the program included, and the same
// configuration. Buildah carries it out; what it compiles with is this machine's Go, in
// place of the image of Go that the Dockerfile names.
func TestDockerfile(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can change into the root of an image")
	}
	for _, program := range []string{"buildah", "busybox"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("no %s: run apt-get install buildah busybox-static", program)
		}
	}
	architecture := hostArchitecture(t)
	for name, file := range map[string]string{"Operator": "Dockerfile", "Agent": "agent.Dockerfile"} {
		t.Run(name, func(t *testing.T) {
			output := t.TempDir()
			_, err := programs[name].Build(t.Context(), repository, output, version)
			require.NoError(t, err)
			expected := imageFor(t, readIndex(t, filepath.Join(output, "image")), architecture)

			built := buildDockerfile(t, file, architecture)
			require.Equal(t, files(t, expected), files(t, built))
			require.Equal(t, configuration(t, expected), configuration(t, built))
		})
	}
}

func configuration(t *testing.T, packed v1.Image) v1.Config {
	t.Helper()
	file, err := packed.ConfigFile()
	require.NoError(t, err)
	return file.Config
}

// buildDockerfile lets buildah carry out a Dockerfile.
func buildDockerfile(t *testing.T, file, architecture string) v1.Image {
	t.Helper()
	_, err := goCommand("mod", "download")
	require.NoError(t, err)
	folder := t.TempDir()
	buildah := func(args ...string) {
		t.Helper()
		for attempt := 1; ; attempt++ {
			command := exec.CommandContext(t.Context(), "buildah", append([]string{
				"--root", filepath.Join(folder, "storage"), "--runroot", filepath.Join(folder, "run"), "--storage-driver", "vfs",
			}, args...)...)
			command.Dir = repository
			command.Env = append(os.Environ(), "TMPDIR="+folder)
			out, err := command.CombinedOutput()
			// Buildah starts itself again from a copy in memory that it seals. The kernel
			// refuses the seal (EBUSY) while it still holds a page of the copy.
			if err != nil && attempt < 5 && strings.Contains(string(out), "sealing memfd copy: Device or resource busy") {
				t.Logf("buildah could not seal the copy of itself: attempt %d", attempt)
				continue
			}
			require.NoError(t, err, "buildah %s\n%s", strings.Join(args, " "), out)
			return
		}
	}
	compiler, volumes := compilerImage(t)
	args := []string{
		"build", "--file", file, "--isolation", "chroot", "--identity-label=false", "--tls-verify=false",
		"--platform", "linux/" + architecture, "--from", compiler,
		"--build-arg", "VERSION=" + version.Number, "--build-arg", "COMMIT=" + version.Commit, "--build-arg", "DATE=" + version.Date,
		"--tag", "built",
	}
	for _, volume := range volumes {
		args = append(args, "--volume", volume)
	}
	buildah(append(args, ".")...)
	buildah("push", "built", "oci:"+filepath.Join(folder, "image"))

	root, err := layout.ImageIndexFromPath(filepath.Join(folder, "image"))
	require.NoError(t, err)
	manifest, err := root.IndexManifest()
	require.NoError(t, err)
	require.Len(t, manifest.Manifests, 1)
	built, err := root.Image(manifest.Manifests[0].Digest)
	require.NoError(t, err)
	return built
}

// compilerImage pushes a shell into a registry of its own, and names the folders of this
// machine that make an image of Go of it.
func compilerImage(t *testing.T) (string, []string) {
	t.Helper()
	registry, err := image.Serve(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { _ = registry.Close() })
	shell, err := exec.LookPath("busybox")
	require.NoError(t, err)
	reference := registry.Address + "/golang:test"
	_, err = image.Push(t.Context(), reference, image.Image{
		Files: map[string]string{"/bin/sh": shell},
		Environment: []string{
			"PATH=/usr/local/go/bin:/bin", "GOROOT=/usr/local/go", "GOMODCACHE=/modules", "GOCACHE=/compiled",
			"GOPROXY=off", "GOSUMDB=off", "GOTOOLCHAIN=local",
		},
	})
	require.NoError(t, err)
	volumes := []string{t.TempDir() + ":/tmp"}
	for variable, target := range map[string]string{"GOROOT": "/usr/local/go", "GOMODCACHE": "/modules", "GOCACHE": "/compiled"} {
		source, err := goCommand("env", variable)
		require.NoError(t, err)
		volumes = append(volumes, strings.TrimSpace(source)+":"+target)
	}
	return reference, volumes
}
