package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/test/cluster"
	"github.com/barq-db/barq-operator/test/cluster/process/processtest"
)

// commandVariable makes the test binary the command itself.
const commandVariable = "CLUSTER_TEST_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(commandVariable) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestUpAndDown(t *testing.T) {
	if testing.Short() {
		t.Skip("starts control planes")
	}
	dir := newDirectory(t)
	usage := fmt.Sprintf(`
The cluster is ready. To use it:

  export KUBECONFIG=%[1]s/kubeconfig
  export PATH=%[1]s/bin:$PATH
  kubectl get nodes

Logs are in %[1]s/logs. To stop it:

  go run ./test/cluster/cmd/cluster down --dir %[1]s
`, dir)

	stdout, stderr := succeed(t, "up", "--dir", dir)
	require.Equal(t, usage, stdout)
	require.Contains(t, stderr, "starting etcd and kube-apiserver ... done in ")
	requireWorking(t, dir)
	first := ownerOf(t, dir)

	stdout, stderr = succeed(t, "up", "--dir", dir)
	require.Equal(t, usage, stdout)
	require.Equal(t, fmt.Sprintf("A cluster runs in %s already (process %d).\n", dir, first), stderr)
	require.Equal(t, first, ownerOf(t, dir))

	// Killed, the owner cannot clean up: the kernel ends its children, and the
	// next start removes what it left.
	require.NoError(t, syscall.Kill(first, syscall.SIGKILL))
	requireNoProcess(t, dir)
	succeed(t, "up", "--dir", dir)
	requireWorking(t, dir)
	require.NotEqual(t, first, ownerOf(t, dir))

	_, stderr = succeed(t, "down", "--dir", dir)
	require.Equal(t, fmt.Sprintf("The cluster in %s is stopped.\n", dir), stderr)
	require.Empty(t, processtest.Mentioning(t, dir), "down has waited")
	requireOnlyLogs(t, dir)

	_, stderr = succeed(t, "down", "--dir", dir)
	require.Equal(t, fmt.Sprintf("No cluster runs in %s.\n", dir), stderr)
}

func TestInterruptedUpLeavesNoProcess(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a control plane")
	}
	dir := newDirectory(t)
	up := command(t, "up", "--dir", dir)
	progress, err := up.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, up.Start())
	said := bufio.NewReader(progress)
	for {
		// The words before the dots come at once, the rest with the end.
		word, err := said.ReadString(' ')
		require.NoError(t, err, "the start of the control plane is announced")
		if word == "kube-apiserver " {
			break
		}
	}
	require.NoError(t, up.Process.Signal(os.Interrupt))
	rest := new(bytes.Buffer)
	_, err = rest.ReadFrom(said)
	require.NoError(t, err)
	var exit *exec.ExitError
	require.ErrorAs(t, up.Wait(), &exit)
	require.Equal(t, 1, exit.ExitCode())
	require.Contains(t, rest.String(), "cluster: interrupt signal received\n")
	require.Empty(t, processtest.Mentioning(t, dir), "up has waited")
	requireOnlyLogs(t, dir)
}

func TestUpThatFailsSaysWhy(t *testing.T) {
	dir := newDirectory(t)
	up := command(t, "up", "--dir", dir)
	up.Env = append(up.Env, "KUBEBUILDER_ASSETS=/does/not/exist")
	output, err := up.CombinedOutput()
	require.Error(t, err)
	require.Equal(t, "cluster: KUBEBUILDER_ASSETS is \"/does/not/exist\", which is not a directory: unset it or make it one\n"+
		"cluster: the cluster did not start; see the logs in "+dir+"/logs\n", string(output))
	requireOnlyLogs(t, dir)
}

// newDirectory makes a directory, and stops whatever a failing test leaves in it.
func newDirectory(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	t.Cleanup(func() { _ = command(t, "down", "--dir", dir).Run() })
	return dir
}

func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), commandVariable+"=1")
	return cmd
}

func succeed(t *testing.T, args ...string) (stdout, stderr string) {
	t.Helper()
	cmd := command(t, args...)
	var out, progress bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &progress
	require.NoError(t, cmd.Run(), progress.String())
	return out.String(), progress.String()
}

func ownerOf(t *testing.T, dir string) int {
	t.Helper()
	running, err := cluster.Find(dir)
	require.NoError(t, err)
	require.NotNil(t, running)
	return running.PID
}

func requireWorking(t *testing.T, dir string) {
	t.Helper()
	kubectl := exec.Command(filepath.Join(dir, "bin", "kubectl"), "--kubeconfig", filepath.Join(dir, "kubeconfig"),
		"get", "nodes", "-o", `jsonpath={.items[*].metadata.labels.topology\.kubernetes\.io/zone}`)
	zones, err := kubectl.CombinedOutput()
	require.NoError(t, err, string(zones))
	require.Equal(t, "test-a test-b test-c", string(zones))

	version, err := exec.Command(filepath.Join(dir, "bin", "helm"), "version", "--short").CombinedOutput()
	require.NoError(t, err, string(version))
}

func requireNoProcess(t *testing.T, dir string) {
	t.Helper()
	require.Eventually(t, func() bool { return len(processtest.Mentioning(t, dir)) == 0 }, 10*time.Second, 50*time.Millisecond)
}

func requireOnlyLogs(t *testing.T, dir string) {
	t.Helper()
	left, err := fs.Glob(os.DirFS(dir), "*")
	require.NoError(t, err)
	require.Equal(t, "logs owner.pid", strings.Join(left, " "))
}
