// Package programs builds the Go programs that the modules of this repository pin with tool
// directives, each once, into a cache that all checkouts share.
//
// What lives here: the script that does so, for people, make and other scripts, and a function that
// runs it for Go code. What a program is for, and how it is run, is the caller's business. What one
// program needs stands in the program-options.sh beside the go.mod that pins it.
package programs

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

//go:embed programs.sh
var script string

// interruptGrace is how long an interrupted go command gets to clean up.
const interruptGrace = 10 * time.Second

// Build returns the paths of the named programs, by name, that the module in a folder pins. It builds
// those that are missing from the cache, and writes to progress what it builds.
func Build(ctx context.Context, module string, progress io.Writer, names ...string) (map[string]string, error) {
	command := exec.CommandContext(ctx, "bash", append([]string{"-c", script, "programs.sh", module}, names...)...)
	// An interrupt, and to the whole process group: the go command then removes its scratch
	// directory, and no compiler outlives it.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGINT) }
	command.WaitDelay = interruptGrace
	var paths, said bytes.Buffer
	command.Stdout, command.Stderr = &paths, io.MultiWriter(progress, &said)
	err := command.Run()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("build %s: %w\n%s", strings.Join(names, ", "), err, said.Bytes())
	}
	found, lines := map[string]string{}, strings.Split(paths.String(), "\n")
	for i, name := range names {
		found[name] = lines[i]
	}
	return found, nil
}
