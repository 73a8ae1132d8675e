package programcache

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
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestBuildsOnceAndThenReuses(t *testing.T) {
	module := pinningModule(t)
	cache := t.TempDir()

	var progress bytes.Buffer
	paths, err := module.Build(t.Context(), cache, &progress, "hello")
	require.NoError(t, err)
	require.Regexp(t, `^\[1/1\] building hello v1\.0\.0 \(minutes the first time\) \.\.\. done in \d+ s\n$`, progress.String())
	require.Len(t, paths, 1)
	require.Equal(t, "hello", filepath.Base(paths[0]))
	said, err := exec.Command(paths[0]).Output()
	require.NoError(t, err)
	require.Equal(t, "hello v1.0.0 with its tag\n", string(said))
	built, err := os.Stat(paths[0])
	require.NoError(t, err)

	progress.Reset()
	again, err := module.Build(t.Context(), cache, &progress, "hello")
	require.NoError(t, err)
	require.Equal(t, paths, again)
	require.Empty(t, progress.String(), "a cached program needs no words")
	reused, err := os.Stat(again[0])
	require.NoError(t, err)
	require.Equal(t, built.ModTime(), reused.ModTime())
}

func TestPathsAreInTheOrderAskedFor(t *testing.T) {
	module := pinningModule(t)
	var progress bytes.Buffer
	paths, err := module.Build(t.Context(), t.TempDir(), &progress, "second", "hello")
	require.NoError(t, err)
	names := make([]string, 0, len(paths))
	for _, path := range paths {
		names = append(names, filepath.Base(path))
	}
	require.Equal(t, []string{"second", "hello"}, names)
	require.Regexp(t, `^\[1/2\] building second .*\n\[2/2\] building hello .*\n$`, progress.String())
}

func TestTwoCheckoutsBuildOnce(t *testing.T) {
	one := pinningModule(t)
	two := copyModule(t, one)
	cache := t.TempDir()

	outputs := make([]bytes.Buffer, 4)
	paths := make([][]string, len(outputs))
	errs := make([]error, len(outputs))
	var group sync.WaitGroup
	for i := range outputs {
		module := []*Module{one, two}[i%2]
		group.Go(func() { paths[i], errs[i] = module.Build(t.Context(), cache, &outputs[i], "hello") })
	}
	group.Wait()
	builds := 0
	for i := range outputs {
		require.NoError(t, errs[i])
		builds += strings.Count(outputs[i].String(), "done in")
		require.Equal(t, paths[0], paths[i])
	}
	require.Equal(t, 1, builds)
}

func TestFailedBuildLeavesNothing(t *testing.T) {
	module := pinningModule(t)
	cache := t.TempDir()
	for range 2 {
		_, err := module.Build(t.Context(), cache, io.Discard, "broken")
		require.ErrorContains(t, err, "build broken v1.0.0: ")
		require.ErrorContains(t, err, "undefined: doesNotExist")
	}
	files, err := filepath.Glob(filepath.Join(cache, "*", "*"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	require.Equal(t, "broken.lock", filepath.Base(files[0]))
}

func TestInterruptedBuildSaysSo(t *testing.T) {
	module := pinningModule(t)
	cause := errors.New("Ctrl-C")
	ctx, cancel := context.WithCancelCause(t.Context())
	_, err := module.Build(ctx, t.TempDir(), writerFunc(func([]byte) { cancel(cause) }), "hello")
	require.ErrorIs(t, err, cause)
}

func TestUnknownProgramIsNamed(t *testing.T) {
	module := pinningModule(t)
	_, err := module.Build(t.Context(), t.TempDir(), io.Discard, "hallo")
	require.EqualError(t, err, module.Dir+` pins no program "hallo", only hello, broken, second; `+
		"add it with `go get -tool PACKAGE@VERSION` there")
}

func TestLockIsWaitedFor(t *testing.T) {
	file := filepath.Join(t.TempDir(), "hello.lock")
	held, err := lock(t.Context(), file, nil)
	require.NoError(t, err)

	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		waited := 0
		_, err = lock(ctx, file, func() { waited++ })
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 1, waited)
	})

	require.NoError(t, held.Close())
	free, err := lock(t.Context(), file, func() { t.Error("nobody holds the lock") })
	require.NoError(t, err)
	require.NoError(t, free.Close())
}

type writerFunc func([]byte)

func (f writerFunc) Write(data []byte) (int, error) {
	f(data)
	return len(data), nil
}

// pinningModule makes a module that pins programs of a module which a proxy
// in a directory serves.
func pinningModule(t *testing.T) *Module {
	t.Helper()
	t.Setenv("GOPROXY", "file://"+moduleProxy(t))
	t.Setenv("GOSUMDB", "off")
	t.Setenv("GOMODCACHE", t.TempDir())
	t.Setenv("GOFLAGS", "-modcacherw")

	dir := t.TempDir()
	writeFiles(t, dir, map[string]string{
		"go.mod": "module example.com/tools\n\ngo 1.26.0\n",
		"go.sum": "",
		optionsFile: `
programs:
- packages: example.com/hello/...
  ldflags: -X main.version={{.Version}}
- packages: example.com/hello
  tags: [tagged]
`,
	})
	for _, pkg := range []string{"example.com/hello", "example.com/hello/broken", "example.com/hello/second"} {
		_, err := goCommand(t.Context(), dir, "get", "-tool", pkg+"@v1.0.0")
		require.NoError(t, err)
	}
	module, err := Open(t.Context(), dir)
	require.NoError(t, err)
	return module
}

func copyModule(t *testing.T, module *Module) *Module {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS(module.Dir)))
	copied, err := Open(t.Context(), dir)
	require.NoError(t, err)
	return copied
}

// moduleProxy is a directory in the layout of the module proxy protocol.
func moduleProxy(t *testing.T) string {
	t.Helper()
	goMod := "module example.com/hello\n\ngo 1.26.0\n"
	var archive bytes.Buffer
	writer := zip.NewWriter(&archive)
	for name, content := range map[string]string{
		"go.mod":         goMod,
		"main.go":        "package main\n\nimport \"fmt\"\n\nvar version string\n\nfunc main() { fmt.Println(\"hello \" + version + tag) }\n",
		"tagged.go":      "//go:build tagged\n\npackage main\n\nconst tag = \" with its tag\"\n",
		"untagged.go":    "//go:build !tagged\n\npackage main\n\nconst tag = \"\"\n",
		"second/main.go": "package main\n\nfunc main() {}\n",
		"broken/main.go": "package main\n\nfunc main() { doesNotExist() }\n",
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
	require.NoError(t, os.MkdirAll(dir, 0o750))
	for name, content := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
}
