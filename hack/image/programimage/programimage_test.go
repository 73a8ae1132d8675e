package programimage_test

import (
	"archive/tar"
	"debug/elf"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/CycloneDX/cyclonedx-go"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/hack/image"
	"github.com/barq-db/barq-operator/hack/image/programimage"
)

const repository = "../../.."

var version = programimage.Version{
	Number: "1.2.3-test", Commit: "0123456789abcdef0123456789abcdef01234567", Date: "2026-01-02T03:04:05+01:00",
}

// programs are those that are shipped, by the name of their subtest.
var programs = map[string]programimage.Program{"Operator": programimage.Operator, "Agent": programimage.Agent}

// TestMain leaves the other architectures out of the short form: all of the operator's code is compiled for each.
func TestMain(m *testing.M) {
	flag.Parse()
	if testing.Short() {
		programimage.Architectures = []string{runtime.GOARCH}
	}
	os.Exit(m.Run())
}

// What is built twice, in different folders and from files of different age, is the
// same to the last byte; and it is what the program needs and nothing else.
func TestImage(t *testing.T) {
	for subtest, program := range programs {
		t.Run(subtest, func(t *testing.T) { requireImage(t, program) })
	}
}

func requireImage(t *testing.T, program programimage.Program) {
	t.Helper()
	output := t.TempDir()
	digest, err := program.Build(t.Context(), repository, output, version)
	require.NoError(t, err)

	t.Run("BuiltAgain", func(t *testing.T) {
		again := t.TempDir()
		same, err := program.Build(t.Context(), copyOfSources(t), again, version)
		require.NoError(t, err)
		require.Equal(t, digest, same)
		require.Equal(t, contents(t, output), contents(t, again))
	})
	index := readIndex(t, filepath.Join(output, "image"))
	for _, architecture := range programimage.Architectures {
		t.Run(architecture, func(t *testing.T) {
			packed := imageFor(t, index, architecture)
			config, err := packed.ConfigFile()
			require.NoError(t, err)
			require.Equal(t, "linux/"+architecture, config.Platform().String())
			require.Equal(t, "2026-01-02T02:04:05Z", config.Created.Format(time.RFC3339))
			require.Equal(t, v1.Config{
				Entrypoint: []string{"/" + program.Name}, User: "65532:65532", WorkingDir: "/", Env: []string{"PATH=/"},
				Labels: map[string]string{
					"org.opencontainers.image.title":       program.Title,
					"org.opencontainers.image.description": program.Description,
					"org.opencontainers.image.source":      "https://github.com/barq-db/barq-operator",
					"org.opencontainers.image.licenses":    "Apache-2.0",
					"org.opencontainers.image.version":     version.Number,
					"org.opencontainers.image.revision":    version.Commit,
					"org.opencontainers.image.created":     version.Date,
				},
			}, config.Config)

			files := files(t, packed)
			binary := files[program.Name]
			delete(files, program.Name)
			require.Equal(t, expectedFiles(t, program), files)
			requireStatic(t, binary)
		})
	}
	t.Run("Version", func(t *testing.T) {
		binary := filepath.Join(t.TempDir(), program.Name)
		files := files(t, imageFor(t, index, hostArchitecture(t)))
		require.NoError(t, os.WriteFile(binary, []byte(files[program.Name]), 0o700))
		out, err := exec.Command(binary, "--version").CombinedOutput()
		require.NoError(t, err, "%s", out)
		if program.Stamped {
			require.Equal(t, "barq-operator version 1.2.3-test (commit 0123456789abcdef0123456789abcdef01234567, 2026-01-02T03:04:05+01:00)\n", string(out))
			return
		}
		require.Equal(t, "barq-agent version "+agentVersion(t)+"\n", string(out))
	})
	t.Run("Pushed", func(t *testing.T) { requirePushed(t, program, filepath.Join(output, "image"), digest, index) })
}

// requirePushed pushes the image and asks the registry for it and for the bill of
// materials of each architecture.
func requirePushed(t *testing.T, program programimage.Program, folder string, digest v1.Hash, index v1.ImageIndex) {
	t.Helper()
	registry, err := image.Serve(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { _ = registry.Close() })
	reference := registry.Address + "/" + program.Name + ":v1.2.3-test"
	pushed, err := programimage.Push(t.Context(), folder, reference)
	require.NoError(t, err)
	require.Equal(t, registry.Address+"/"+program.Name+"@"+digest.String(), pushed)

	tag, err := name.NewTag(reference)
	require.NoError(t, err)
	found, err := remote.Get(tag)
	require.NoError(t, err)
	require.Equal(t, digest, found.Digest)
	for _, architecture := range programimage.Architectures {
		subject, err := imageFor(t, index, architecture).Digest()
		require.NoError(t, err)
		referrers, err := remote.Referrers(tag.Context().Digest(subject.String()))
		require.NoError(t, err)
		manifest, err := referrers.IndexManifest()
		require.NoError(t, err)
		require.Len(t, manifest.Manifests, 1, architecture)
		requireBill(t, program, tag.Context().Digest(manifest.Manifests[0].Digest.String()), architecture)
	}
}

// requireBill reads a bill of materials from a registry and looks for a library of the program.
func requireBill(t *testing.T, program programimage.Program, digest name.Digest, architecture string) {
	t.Helper()
	artifact, err := remote.Image(digest)
	require.NoError(t, err)
	layers, err := artifact.Layers()
	require.NoError(t, err)
	require.Len(t, layers, 1)
	content, err := layers[0].Compressed()
	require.NoError(t, err)
	var bill cyclonedx.BOM
	require.NoError(t, cyclonedx.NewBOMDecoder(content, cyclonedx.BOMFileFormatJSON).Decode(&bill))
	require.Equal(t, program.Name, bill.Metadata.Component.Name, architecture)

	components := map[string]string{}
	for _, component := range *bill.Components {
		components[component.Name] = component.Version
	}
	const cobra, helm = "github.com/spf13/cobra", "helm.sh/helm/v3"
	out, err := goCommand("list", "-m", "-f", "{{.Version}}", cobra)
	require.NoError(t, err)
	require.Equal(t, strings.TrimSpace(out), components[cobra])
	if program.Name == programimage.Agent.Name {
		require.NotContains(t, components, helm)
	} else {
		require.Contains(t, components, helm)
	}
	release, err := goCommand("env", "GOVERSION")
	require.NoError(t, err)
	require.Equal(t, strings.TrimPrefix(strings.TrimSpace(release), "go"), components["std"])
}

func goCommand(args ...string) (string, error) {
	command := exec.Command("go", args...)
	command.Dir = repository
	out, err := command.Output()
	return string(out), err
}

func hostArchitecture(t *testing.T) string {
	t.Helper()
	out, err := goCommand("env", "GOHOSTARCH")
	require.NoError(t, err)
	return strings.TrimSpace(out)
}

// copyOfSources copies what an image is made of to a folder with another name.
func copyOfSources(t *testing.T) string {
	t.Helper()
	target := t.TempDir()
	for _, folder := range []string{"api", "cmd", "internal", "helm-charts"} {
		require.NoError(t, os.CopyFS(filepath.Join(target, folder), os.DirFS(filepath.Join(repository, folder))))
	}
	for _, file := range []string{"go.mod", "go.sum", "LICENSE", "watches.yaml"} {
		content, err := os.ReadFile(filepath.Join(repository, file))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(target, file), content, 0o600))
	}
	return target
}

// contents gives all files below a folder.
func contents(t *testing.T, folder string) map[string]string {
	t.Helper()
	files := map[string]string{}
	require.NoError(t, fs.WalkDir(os.DirFS(folder), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(filepath.Join(folder, path))
		files[path] = string(content)
		return err
	}))
	require.NotEmpty(t, files)
	return files
}

// expectedFiles are those of the image beside the program.
func expectedFiles(t *testing.T, program programimage.Program) map[string]string {
	t.Helper()
	expected, others := map[string]string{}, map[string]string{"licenses/LICENSE": "LICENSE"}
	if program.Name == programimage.Operator.Name {
		others["watches.yaml"] = "watches.yaml"
		addChart(t, expected)
	}
	for target, source := range others {
		content, err := os.ReadFile(filepath.Join(repository, source))
		require.NoError(t, err)
		expected[target] = string(content)
	}
	return expected
}

// addChart adds the files of the chart that the operator renders.
func addChart(t *testing.T, expected map[string]string) {
	t.Helper()
	for path, content := range contents(t, filepath.Join(repository, "helm-charts", "barq-db")) {
		expected["helm-charts/barq-db/"+path] = content
	}
}

// agentVersion is what the sources of the agent call it, and what the Makefile reads there.
func agentVersion(t *testing.T) string {
	t.Helper()
	source, err := os.ReadFile(filepath.Join(repository, "cmd", "barq-agent", "main.go"))
	require.NoError(t, err)
	found := regexp.MustCompile(`(?m)^const version = "(.*)"$`).FindSubmatch(source)
	require.NotNil(t, found)
	return string(found[1])
}

func requireStatic(t *testing.T, binary string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "barq-operator")
	require.NoError(t, os.WriteFile(path, []byte(binary), 0o600))
	program, err := elf.Open(path)
	require.NoError(t, err)
	defer func() { _ = program.Close() }()
	libraries, err := program.ImportedLibraries()
	require.NoError(t, err)
	require.Empty(t, libraries)
	for _, segment := range program.Progs {
		require.NotEqual(t, elf.PT_INTERP, segment.Type, "the program asks for a loader")
	}
}

func readIndex(t *testing.T, folder string) v1.ImageIndex {
	t.Helper()
	root, err := layout.ImageIndexFromPath(folder)
	require.NoError(t, err)
	manifest, err := root.IndexManifest()
	require.NoError(t, err)
	for _, entry := range manifest.Manifests {
		if entry.MediaType.IsIndex() {
			index, err := root.ImageIndex(entry.Digest)
			require.NoError(t, err)
			return index
		}
	}
	require.Fail(t, "the layout has no index")
	return nil
}

func imageFor(t *testing.T, index v1.ImageIndex, architecture string) v1.Image {
	t.Helper()
	manifest, err := index.IndexManifest()
	require.NoError(t, err)
	require.Len(t, manifest.Manifests, len(programimage.Architectures))
	for _, entry := range manifest.Manifests {
		if entry.Platform.Equals(v1.Platform{OS: "linux", Architecture: architecture}) {
			found, err := index.Image(entry.Digest)
			require.NoError(t, err)
			return found
		}
	}
	require.Fail(t, fmt.Sprintf("the index has no image for linux/%s", architecture))
	return nil
}

// files gives the files of an image, without its folders.
func files(t *testing.T, packed v1.Image) map[string]string {
	t.Helper()
	content := mutate.Extract(packed)
	defer func() { _ = content.Close() }()
	found := map[string]string{}
	for reader := tar.NewReader(content); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return found
		}
		require.NoError(t, err)
		if header.Typeflag == tar.TypeDir {
			continue
		}
		file, err := io.ReadAll(reader)
		require.NoError(t, err)
		found[strings.TrimPrefix(header.Name, "/")] = string(file)
	}
}
