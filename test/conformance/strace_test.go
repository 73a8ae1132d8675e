package conformance

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// tracer is strace at work on a server.
type tracer struct {
	t        *testing.T
	command  *exec.Cmd
	file     string
	problems lockedBuffer
}

// trace has strace write down what the server does with one file, and do to it what the options say.
func (s *server) trace(file string, options ...string) *tracer {
	s.t.Helper()
	program, err := exec.LookPath("strace")
	if err != nil {
		s.t.Skip("needs strace")
	}
	found := &tracer{t: s.t, file: filepath.Join(s.t.TempDir(), "calls")}
	found.command = exec.Command(program, append([]string{
		"-f", "-p", strconv.Itoa(s.process.Pid), "-o", found.file, "-P", file,
		"-e", "trace=write,pwrite64,writev,close,fsync,fdatasync,rename,renameat,renameat2",
	}, options...)...)
	found.command.Stderr = &found.problems
	found.command.SysProcAttr = childAttributes()
	require.NoError(s.t, found.command.Start())
	s.t.Cleanup(func() { found.stop() })
	require.Eventually(s.t, func() bool { return strings.Contains(found.problems.String(), " attached") }, patience, waitForIt,
		"strace does not get hold of the server")
	return found
}

// stop ends strace. The server goes on.
func (t *tracer) stop() {
	_ = t.command.Process.Signal(syscall.SIGTERM)
	// It may wait for a server that its own signal has killed.
	kill := time.AfterFunc(patience, func() { _ = t.command.Process.Kill() })
	defer kill.Stop()
	// It ends with the signal, or has ended before.
	_ = t.command.Wait()
}

var callPattern = regexp.MustCompile(`^\d+ +(\w+)\(\d+(?:, .*, (\d+))?\) += `)

// calls gives the calls that there were, a write with its length.
func (t *tracer) calls() []string {
	t.t.Helper()
	t.stop()
	content, err := os.ReadFile(t.file)
	require.NoError(t.t, err)
	calls := []string{}
	for line := range strings.Lines(string(content)) {
		if match := callPattern.FindStringSubmatch(line); match != nil {
			calls = append(calls, strings.TrimSpace(match[1]+" "+match[2]))
		}
	}
	return calls
}

// killAtWrite ends the server when it begins one of its writes to the file. That write is not done.
func (s *server) killAtWrite(file string, number int) {
	s.t.Helper()
	s.trace(file, "-e", "inject=write:signal=SIGKILL:when="+strconv.Itoa(number))
}

// lockedBuffer can be read while a process writes into it.
type lockedBuffer struct {
	mutex   sync.Mutex
	content bytes.Buffer
}

func (b *lockedBuffer) Write(content []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.content.Write(content)
}

func (b *lockedBuffer) String() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.content.String()
}
