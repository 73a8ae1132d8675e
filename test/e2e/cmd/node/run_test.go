package main

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// A command gets a cluster that works, and its end is that of the run. What a cluster
// that works does is in the tests of inside_test.go.
func TestCommandsGetACluster(t *testing.T) {
	started := startRun(t, t.TempDir(), testProgram(t), "-test.run=^TestInside", "-test.v")
	code := started.wait(t)
	t.Log(started.seen.String())
	require.Zero(t, code)
	require.Contains(t, started.seen.String(), "\n--- PASS: TestInside")
	require.NotContains(t, started.seen.String(), "--- SKIP")
	started.requireNothingLeft(t)
	requireOnlyLogs(t, started.folder)
}

func TestTheExitCodeIsTheCommands(t *testing.T) {
	started := startRun(t, t.TempDir(), "sh", "-c", `echo "$BARQ_E2E_ARTIFACTS"; exit 7`)
	started.waitFor(t, started.folder)
	require.Equal(t, 7, started.wait(t))
	started.requireNothingLeft(t)
	requireOnlyLogs(t, started.folder)
}

// Without a folder for logs there is one only when something failed.
func TestLogsOfAFailureAreKept(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	require.Zero(t, startRun(t, "", "true").wait(t))
	require.Empty(t, list(t, temporary))

	started := startRun(t, "", "no-such-command")
	require.Equal(t, 1, started.wait(t))
	require.Contains(t, started.seen.String(), "\nnode: exec: \"no-such-command\": executable file not found in $PATH\n")
	folders := list(t, temporary)
	require.Len(t, folders, 1)
	kept := filepath.Join(temporary, folders[0])
	require.Contains(t, started.seen.String(), "\nthe logs of the node, and what else was left, are in "+kept+"\n")
	requireOnlyLogs(t, kept)
}

func TestSignalsReachTheCommand(t *testing.T) {
	started := startRun(t, t.TempDir(), "sh", "-c", `trap 'echo asked; exit 3' TERM; echo ready; while sleep 0.1; do :; done`)
	started.waitFor(t, "ready")
	require.NoError(t, started.command.Process.Signal(syscall.SIGTERM))
	started.waitFor(t, "asked")
	require.Equal(t, 3, started.wait(t))
	started.requireNothingLeft(t)
}

// Whatever a node is made of, the command is not left alone without it.
func TestTheEndOfAComponentIsTheEnd(t *testing.T) {
	started := startRun(t, t.TempDir(), "sh", "-c", `
		trap 'exit 0' TERM
		for each in /proc/[0-9]*; do
			case "$(readlink $each/exe)" in */kubelet) kill -9 "${each#/proc/}";; esac
		done
		while sleep 0.1; do :; done`)
	started.waitFor(t, "node: kubelet ended with signal: killed; its log is ")
	require.Equal(t, 1, started.wait(t))
	started.requireNothingLeft(t)
}

// The kernel, and a process that only waits for that, clean up after a run that could
// not do so.
func TestAKilledRunLeavesNothing(t *testing.T) {
	started := startRun(t, t.TempDir(), "sh", "-c", `"$0" "$@" && sleep 600`, testProgram(t), "-test.run=^TestInsidePodsRun$", "-test.v")
	started.waitFor(t, "--- PASS: TestInsidePodsRun")
	require.NoError(t, started.command.Process.Kill())
	require.Equal(t, 128+int(syscall.SIGKILL), started.wait(t))
	started.requireNothingLeft(t)
	requireOnlyLogs(t, started.folder)
}

// running is a run of node in another process.
type running struct {
	command *exec.Cmd
	// folder is the one for logs.
	folder string
	// mark is in the environment of all processes of the run.
	mark string
	// before is what was there.
	before map[string][]string
	lines  *bufio.Scanner
	seen   bytes.Buffer
}

// startRun starts this program as `node run`.
func startRun(t *testing.T, folder string, arguments ...string) *running {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("a node takes root")
	}
	given := []string{"run"}
	if folder != "" {
		given = append(given, "--artifacts="+folder)
	}
	r := &running{
		command: exec.Command(testProgram(t), append(append(given, "--"), arguments...)...),
		folder:  folder, mark: "BARQ_NODE_TEST=" + rand.Text(), before: surroundings(t),
	}
	r.command.Env = append(os.Environ(), r.mark)
	// The pipe is open for as long as any process of the run lives.
	read, write, err := os.Pipe()
	require.NoError(t, err)
	r.command.Stdout, r.command.Stderr = write, write
	require.NoError(t, r.command.Start())
	require.NoError(t, write.Close())
	t.Cleanup(func() {
		_ = r.command.Process.Kill()
		_ = r.command.Wait()
		_ = read.Close()
	})
	r.lines = bufio.NewScanner(read)
	return r
}

// waitFor reads until a line begins with the text.
func (r *running) waitFor(t *testing.T, text string) {
	t.Helper()
	for r.lines.Scan() {
		line := r.lines.Text()
		fmt.Fprintln(&r.seen, line)
		if strings.HasPrefix(line, text) {
			return
		}
	}
	require.FailNow(t, "the run ended first", "expected %q in:\n%s", text, &r.seen)
}

// wait reads to the end, which is that of all processes, and gives the exit code.
func (r *running) wait(t *testing.T) int {
	t.Helper()
	for r.lines.Scan() {
		fmt.Fprintln(&r.seen, r.lines.Text())
	}
	_ = r.command.Wait()
	status, ok := r.command.ProcessState.Sys().(syscall.WaitStatus)
	require.True(t, ok)
	if status.Signaled() {
		return 128 + int(status.Signal())
	}
	return status.ExitStatus()
}

func testProgram(t *testing.T) string {
	t.Helper()
	program, err := os.Executable()
	require.NoError(t, err)
	return program
}

// requireNothingLeft checks what a run could leave on this machine besides logs:
// processes, cgroups and mounts. Pods are known by their cgroup.
func (r *running) requireNothingLeft(t *testing.T) {
	t.Helper()
	var left []string
	environments, err := filepath.Glob("/proc/[0-9]*/environ")
	require.NoError(t, err)
	for _, path := range environments {
		// One that cannot be read has ended.
		if environment, _ := os.ReadFile(path); strings.Contains(string(environment), r.mark) {
			program, _ := os.Readlink(filepath.Join(filepath.Dir(path), "exe"))
			left = append(left, program)
		}
	}
	cgroup := fmt.Sprintf("barq-e2e-%d", r.command.Process.Pid)
	for _, pattern := range []string{"/sys/fs/cgroup/" + cgroup, "/sys/fs/cgroup/*/" + cgroup} {
		found, err := filepath.Glob(pattern)
		require.NoError(t, err)
		left = append(left, found...)
	}
	mounts, err := os.ReadFile("/proc/self/mounts")
	require.NoError(t, err)
	for line := range strings.Lines(string(mounts)) {
		if strings.Contains(line, r.folder) || strings.Contains(line, "kubelet") {
			left = append(left, line)
		}
	}
	require.Empty(t, left)
	require.Equal(t, r.before, surroundings(t))
}

// surroundings are the entries of folders to which programs of a node would like to
// write, and the network devices.
func surroundings(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	for _, folder := range []string{"/etc", "/opt", "/run", "/var/lib", "/var/log", "/usr/libexec", "/sys/class/net"} {
		found[folder] = list(t, folder)
	}
	return found
}

func list(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	names := make([]string, 0, len(entries))
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

func requireOnlyLogs(t *testing.T, artifacts string) {
	t.Helper()
	node := filepath.Join(artifacts, "node")
	require.Equal(t, []string{"node"}, list(t, artifacts))
	require.Equal(t, []string{"cluster", "logs", "pods"}, list(t, node))
	require.Equal(t, []string{"logs", "owner.pid"}, list(t, filepath.Join(node, "cluster")))
	require.Equal(t, []string{"containerd.log", "csi-provisioner.log", "csi-resizer.log", "kube-proxy.log", "kubelet.log"},
		list(t, filepath.Join(node, "logs")))
}
