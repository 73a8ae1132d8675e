package programcache

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// baseLDFlags leave out symbol tables: nobody debugs these programs, and a
// Kubernetes component is a third smaller without.
const baseLDFlags = "-s -w"

// interruptGrace is how long an interrupted go command gets to clean up.
const interruptGrace = 10 * time.Second

// DefaultDir is the cache that all checkouts of the user share.
func DefaultDir() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find a directory for built programs (set XDG_CACHE_HOME or HOME): %w", err)
	}
	return filepath.Join(dir, "barq-operator", "programs"), nil
}

// Build returns the absolute paths of the named programs in cacheDir, in that
// order, after building those that are not there yet. It tells on progress what
// it builds, and nothing when nothing is to be built.
func (m *Module) Build(ctx context.Context, cacheDir string, progress io.Writer, names ...string) ([]string, error) {
	tools, err := toolchainOf(ctx, m.Dir)
	if err != nil {
		return nil, err
	}
	paths := make([]string, 0, len(names))
	var missing []job
	for _, name := range names {
		program, err := m.Program(name)
		if err != nil {
			return nil, err
		}
		file := entry(cacheDir, program, key(m.pins, program, tools))
		built, err := exists(file)
		if err != nil {
			return nil, err
		}
		if !built {
			missing = append(missing, job{module: m, program: program, file: file})
		}
		paths = append(paths, file)
	}
	for i, job := range missing {
		label := fmt.Sprintf("[%d/%d] building %s %s", i+1, len(missing), job.program.Name, job.program.Version)
		if err := job.run(ctx, progress, label); err != nil {
			return nil, fmt.Errorf("build %s %s: %w", job.program.Name, job.program.Version, err)
		}
	}
	return paths, nil
}

// job is one program that has to be built.
type job struct {
	module  *Module
	program Program
	file    string
}

func (j job) run(ctx context.Context, progress io.Writer, label string) error {
	if err := os.MkdirAll(filepath.Dir(j.file), 0o750); err != nil {
		return err
	}
	held, err := lock(ctx, j.file+".lock", func() {
		_, _ = fmt.Fprintf(progress, "%s: waiting for another build of it\n", label)
	})
	if err != nil {
		return err
	}
	defer func() { _ = held.Close() }()
	// Whoever held the lock before may have built it.
	if built, err := exists(j.file); err != nil || built {
		return err
	}

	_, _ = fmt.Fprintf(progress, "%s (minutes the first time) ... ", label)
	started := time.Now()
	if err := j.build(ctx, held); err != nil {
		_, _ = fmt.Fprintln(progress, "failed")
		return err
	}
	_, _ = fmt.Fprintf(progress, "done in %.0f s\n", time.Since(started).Seconds())
	return nil
}

// build compiles to a file beside the entry and renames it, so that an entry is
// either whole or not there.
func (j job) build(ctx context.Context, held *os.File) error {
	unfinished := j.file + ".unfinished"
	if err := os.RemoveAll(unfinished); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-mod=readonly",
		"-tags", strings.Join(j.program.Tags, ","),
		"-ldflags", strings.TrimSpace(baseLDFlags+" "+j.program.LDFlags),
		"-o", unfinished, j.program.Package)
	cmd.Dir = j.module.Dir
	cmd.Env = buildEnvironment()
	// The lock outlives this process, if it is killed, for as long as the
	// compiler writes.
	cmd.ExtraFiles = []*os.File{held}
	// An interrupt, and to the whole process group: the go command then removes
	// its scratch directory, and no compiler outlives it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
	cmd.WaitDelay = interruptGrace
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return fmt.Errorf("%s in %s: %w\n%s", strings.Join(cmd.Args, " "), cmd.Dir, err, output.Bytes())
	}
	return os.Rename(unfinished, j.file)
}

func exists(file string) (bool, error) {
	_, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
