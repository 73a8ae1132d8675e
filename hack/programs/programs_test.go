package programs

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBuildsOnceAndThenReuses(t *testing.T) {
	module := pinningModule(t)
	var progress bytes.Buffer
	found, err := Build(t.Context(), module, &progress, "second", "hello")
	require.NoError(t, err)
	require.Regexp(t, `^building second v1\.0\.0 \(minutes the first time\) \.\.\. done in \d+ s
building hello v1\.0\.0 \(minutes the first time\) \.\.\. done in \d+ s\n$`, progress.String())
	said, err := exec.Command(found["hello"]).Output()
	require.NoError(t, err)
	require.Equal(t, "hello v1.0.0 1 0 with its tag\n", string(said))
	built, err := os.Stat(found["hello"])
	require.NoError(t, err)

	progress.Reset()
	again, err := Build(t.Context(), module, &progress, "second", "hello")
	require.NoError(t, err)
	require.Equal(t, found, again)
	require.Empty(t, progress.String(), "a cached program needs no words")
	reused, err := os.Stat(again["hello"])
	require.NoError(t, err)
	require.Equal(t, built.ModTime(), reused.ModTime())
}

func TestWhatDecidesAProgramDecidesItsPath(t *testing.T) {
	module := pinningModule(t)
	found := map[string]string{}
	build := func(what string) {
		t.Helper()
		paths, err := Build(t.Context(), module, io.Discard, "hello")
		require.NoError(t, err)
		require.NotContains(t, found, paths["hello"], "after a change of %s the program is that of %s", what, found[paths["hello"]])
		found[paths["hello"]] = what
	}
	build("nothing")
	for _, file := range []string{"go.mod", "program-options.sh"} {
		data, err := os.ReadFile(filepath.Join(module, file))
		require.NoError(t, err)
		comment := map[string]string{"go.mod": "// changed\n", "program-options.sh": "# changed\n"}[file]
		writeFiles(t, module, map[string]string{file: string(data) + comment})
		build(file)
	}
	// Flags of the go command stand for all that it is asked, and change no package of Go's own, which
	// would take minutes.
	t.Setenv("GOFLAGS", "-modcacherw -buildvcs=false")
	build("GOFLAGS")
}

func TestTwoCheckoutsBuildOnce(t *testing.T) {
	one := pinningModule(t)
	two := t.TempDir()
	require.NoError(t, os.CopyFS(two, os.DirFS(one)))

	outputs := make([]bytes.Buffer, 4)
	found := make([]map[string]string, len(outputs))
	errs := make([]error, len(outputs))
	var group sync.WaitGroup
	for i := range outputs {
		module := []string{one, two}[i%2]
		group.Go(func() { found[i], errs[i] = Build(t.Context(), module, &outputs[i], "hello") })
	}
	group.Wait()
	builds := 0
	for i := range outputs {
		require.NoError(t, errs[i])
		builds += strings.Count(outputs[i].String(), "done in")
		require.Equal(t, found[0], found[i])
	}
	require.Equal(t, 1, builds)
}

func TestFailedBuildLeavesNothing(t *testing.T) {
	module := pinningModule(t)
	for range 2 {
		_, err := Build(t.Context(), module, io.Discard, "broken")
		require.ErrorContains(t, err, "programs: building broken v1.0.0: ")
		require.ErrorContains(t, err, "undefined: doesNotExist")
	}
	files, err := filepath.Glob(filepath.Join(os.Getenv("XDG_CACHE_HOME"), "barq-operator", "programs", "*", "*"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	require.Equal(t, "broken.lock", filepath.Base(files[0]))
}

func TestInterruptedBuildSaysSo(t *testing.T) {
	module := pinningModule(t)
	cause := errors.New("Ctrl-C")
	ctx, cancel := context.WithCancelCause(t.Context())
	_, err := Build(ctx, module, writerFunc(func([]byte) { cancel(cause) }), "hello")
	require.ErrorIs(t, err, cause)
}

func TestProgramsThatCannotBeCached(t *testing.T) {
	module := pinningModule(t)
	_, err := Build(t.Context(), module, io.Discard, "hallo")
	require.ErrorContains(t, err, "pins no program hallo, only broken second hello; add it with `go get -tool PACKAGE@VERSION` there\n")

	folder := t.TempDir()
	writeFiles(t, folder, map[string]string{"go.mod": "module example.com/hello\n", "v1st/main.go": "package main\n\nfunc main() {}\n"})
	replace := exec.Command("go", "mod", "edit", "-replace", "example.com/hello="+folder)
	replace.Dir = module
	require.NoError(t, replace.Run())
	_, err = Build(t.Context(), module, io.Discard, "hello")
	require.ErrorContains(t, err, "the code of example.com/hello/v1st is in a folder; the cache holds pinned versions only\n")
}

// The modules of this repository must be readable, or nothing else is built.
func TestModulesOfThisRepository(t *testing.T) {
	for module, programs := range map[string]string{
		"test/cluster/components":      "etcd kube-apiserver kube-controller-manager kube-proxy kube-scheduler kubectl kubelet kwok",
		"test/cluster/components/1.30": "kube-apiserver kube-controller-manager kube-scheduler kubectl",
		"test/bench/stock":             "helm-operator",
		"hack/tools":                   "golangci-lint helm controller-gen kustomize",
		"hack/tools/objectservers":     "fake-gcs-server versitygw",
		"hack/tools/operator-sdk":      "operator-sdk scorecard-test",
	} {
		_, err := Build(t.Context(), filepath.Join("..", "..", module), io.Discard, "none")
		require.ErrorContains(t, err, " pins no program none, only "+programs+"; ")
	}
}

type writerFunc func([]byte)

func (f writerFunc) Write(data []byte) (int, error) {
	f(data)
	return len(data), nil
}

// pinningModule makes a module that pins programs of a module which a proxy
// in a directory serves, and an empty cache.
func pinningModule(t *testing.T) string {
	t.Helper()
	t.Setenv("GOPROXY", "file://"+moduleProxy(t))
	t.Setenv("GOSUMDB", "off")
	t.Setenv("GOMODCACHE", t.TempDir())
	t.Setenv("GOFLAGS", "-modcacherw")
	goCache, err := exec.Command("go", "env", "GOCACHE").Output()
	require.NoError(t, err)
	t.Setenv("GOCACHE", strings.TrimSpace(string(goCache)))
	t.Setenv("XDG_CACHE_HOME", t.TempDir())

	module := t.TempDir()
	writeFiles(t, module, map[string]string{
		"go.mod": "module example.com/tools\n\ngo 1.26.0\n",
		"go.sum": "",
		"program-options.sh": `
ldflags="$ldflags -X main.version=$version
	-X main.major=$major -X main.minor=$minor"
if [ "$package" = example.com/hello/v1st ]; then name=hello tags=tagged; fi
`,
	})
	for _, pkg := range []string{"example.com/hello/v1st", "example.com/hello/broken", "example.com/hello/second/v2"} {
		get := exec.Command("go", "get", "-tool", pkg+"@v1.0.0")
		get.Dir = module
		output, err := get.CombinedOutput()
		require.NoError(t, err, "%s", output)
	}
	return module
}

// moduleProxy is a directory in the layout of the module proxy protocol.
func moduleProxy(t *testing.T) string {
	t.Helper()
	goMod := "module example.com/hello\n\ngo 1.26.0\n"
	var archive bytes.Buffer
	writer := zip.NewWriter(&archive)
	for name, content := range map[string]string{
		"go.mod": goMod,
		"v1st/main.go": "package main\n\nimport \"fmt\"\n\nvar version, major, minor string\n\n" +
			"func main() { fmt.Println(\"hello\", version, major, minor+tag) }\n",
		"v1st/tagged.go":    "//go:build tagged\n\npackage main\n\nconst tag = \" with its tag\"\n",
		"v1st/untagged.go":  "//go:build !tagged\n\npackage main\n\nconst tag = \"\"\n",
		"second/v2/main.go": "package main\n\nfunc main() {}\n",
		"broken/main.go":    "package main\n\nfunc main() { doesNotExist() }\n",
	} {
		file, err := writer.Create("example.com/hello@v1.0.0/" + name)
		require.NoError(t, err)
		_, err = io.WriteString(file, content)
		require.NoError(t, err)
	}
	require.NoError(t, writer.Close())

	dir := t.TempDir()
	writeFiles(t, filepath.Join(dir, "example.com", "hello", "@v"), map[string]string{
		"list":        "v1.0.0\n",
		"v1.0.0.info": `{"Version": "v1.0.0"}`,
		"v1.0.0.mod":  goMod,
		"v1.0.0.zip":  archive.String(),
	})
	return dir
}

func writeFiles(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o750))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
}
