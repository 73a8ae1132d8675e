package demo_test

import (
	"fmt"
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

// patience is how long a demo may take where no program is built yet.
const patience = 30 * time.Minute

// goodbye is how long an interrupted demo may take to stop what it has started.
const goodbye = 2 * time.Minute

// simulated has the nodes simulated also where a real one can run.
const simulated = "DEMO_SIMULATED=1"

// waiting is a BarqCluster that waits for a Secret.
const waiting = `apiVersion: barq.db/v1alpha1
kind: BarqCluster
metadata: {name: waiting}
spec:
  tiering:
    enabled: true
    warm: {provider: s3, bucket: warm, credentialsSecretRef: {name: nowhere}}
`

// TestDemo runs the demo on simulated nodes as a person does.
func TestDemo(t *testing.T) {
	if testing.Short() {
		t.Skip("starts control planes")
	}
	folder := t.TempDir()
	t.Cleanup(func() { _, _ = demo(folder, "down").CombinedOutput() })
	sample := "DEMO_SAMPLE=" + filepath.Join(t.TempDir(), "waiting.yaml")
	require.NoError(t, os.WriteFile(strings.TrimPrefix(sample, "DEMO_SAMPLE="), []byte(waiting), 0o600))

	for _, moment := range []string{"starting etcd", "building the operator", `Secret "nowhere"`} {
		t.Run("interrupted at "+moment, func(t *testing.T) {
			interrupt(t, folder, moment, simulated, sample)
		})
	}

	out := succeed(t, folder, "up", simulated)
	require.Contains(t, out, "because the nodes are simulated: DEMO_SIMULATED is set\n")
	for _, line := range []string{
		"secret/vectors-s3 serverside-applied",
		"statefulset.apps/vectors ", "service/vectors-headless ", "persistentvolumeclaim/data-vectors-0 ", "pod/vectors-0 ",
		"BARQ_WARM_TIER_BUCKET=example-barq-warm", "# AWS_ACCESS_KEY_ID from secret vectors-s3, key AWS_ACCESS_KEY_ID",
	} {
		require.Contains(t, out, "\n"+line)
	}
	require.NotContains(t, out, "example-not-a-", "the content of the Secret")
	owner, operator := ownerIn(t, folder), content(t, filepath.Join(folder, "demo", "operator.pid"))

	late, err := demo(folder, "up", simulated, sample, "DEMO_TIMEOUT=3s").CombinedOutput()
	require.ErrorContains(t, err, "exit status 1")
	require.Contains(t, string(late), `Secret "nowhere", which spec.tiering.warm.credentialsSecretRef names, does not exist`)
	require.Contains(t, string(late), "demo: BarqCluster default/waiting is not Ready after 3s")
	require.Equal(t, owner, ownerIn(t, folder), "another run uses the same cluster, and a failure leaves it to look at")
	require.NotEqual(t, operator, content(t, filepath.Join(folder, "demo", "operator.pid")))

	succeed(t, folder, "down")
	requireNoProcess(t, folder)
	require.NoDirExists(t, folder)
	require.Equal(t, "nothing of the demo is left\n", succeed(t, folder, "down"))
}

// The demo on a real node leaves nothing when it is interrupted, and fails when something does not hold. That all of it
// holds is seen by `make demo`.
func TestDemoOnARealNode(t *testing.T) {
	if testing.Short() {
		t.Skip("starts nodes")
	}
	if why, err := exec.Command("bash", "-c", ". ./real.sh && why_simulated").Output(); err == nil {
		t.Skip(string(why))
	}
	for _, moment := range []string{"building the operator", "starting etcd", "digits go in"} {
		t.Run("interrupted at "+moment, func(t *testing.T) {
			folder := filepath.Join(t.TempDir(), "demo")
			interrupt(t, folder, moment)
			require.NoDirExists(t, filepath.Join(folder, "node"))
			requireNoCgroup(t)
			succeed(t, folder, "down")
			require.NoDirExists(t, folder)
		})
	}

	folder := filepath.Join(t.TempDir(), "demo")
	t.Cleanup(func() { _, _ = demo(folder, "down").CombinedOutput() })
	out, err := demo(folder, "up", "BARQ_SERVER_BIN=/bin/true", "DEMO_TIMEOUT=1m").CombinedOutput()
	require.ErrorContains(t, err, "exit status 1")
	require.Contains(t, string(out), "\ndemo: a BarqCluster becomes Ready: wait for BarqCluster digits to be Ready: not done after 1m0s\n")
	require.Contains(t, string(out), "make demo-shell", "it is left to look at")
	require.NotContains(t, string(out), "All of it held")
	succeed(t, folder, "down")
	requireNoProcess(t, folder)
	requireNoCgroup(t)
	require.NoDirExists(t, folder)
}

// interrupt presses Ctrl-C as soon as a demo says something, and requires that it stops what it has started.
func interrupt(t *testing.T, folder, moment string, environment ...string) {
	t.Helper()
	up := demo(folder, "up", environment...)
	log := filepath.Join(t.TempDir(), "log")
	out, err := os.Create(log)
	require.NoError(t, err)
	up.Stdout, up.Stderr = out, out
	require.NoError(t, up.Start())
	ended := make(chan error, 1)
	go func() { ended <- up.Wait() }()
	require.Eventually(t, func() bool { return strings.Contains(content(t, log), moment) || len(ended) > 0 }, patience, 10*time.Millisecond)
	require.Empty(t, ended, "%s", content(t, log))
	require.ErrorContains(t, demo(folder, "down").Run(), "exit status 1", "one demo at a time in a folder")
	require.NoError(t, syscall.Kill(-up.Process.Pid, syscall.SIGINT))
	end := time.AfterFunc(goodbye, func() { _ = syscall.Kill(-up.Process.Pid, syscall.SIGKILL) })
	require.ErrorContains(t, <-ended, "exit status 130", "%s", content(t, log))
	end.Stop()
	requireNoProcess(t, folder)
}

// The operator's process id may belong to another program after the operator has ended.
func TestDownSparesAProcessThatIsNotTheOperator(t *testing.T) {
	folder := t.TempDir()
	other := exec.Command("sleep", "600")
	require.NoError(t, other.Start())
	ended := make(chan error, 1)
	go func() { ended <- other.Wait() }()
	require.NoError(t, os.Mkdir(filepath.Join(folder, "demo"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "demo", "operator.pid"), fmt.Append(nil, other.Process.Pid), 0o600))
	succeed(t, folder, "down")
	require.Empty(t, ended)
	require.NoError(t, other.Process.Kill())
	require.ErrorContains(t, <-ended, "signal: killed")
}

func TestASampleThatIsOfNoUseStartsNothing(t *testing.T) {
	for sample, message := range map[string]string{
		"/does/not/exist.yaml":          "demo: there is no sample /does/not/exist.yaml; name a manifest in DEMO_SAMPLE\n",
		"config/default/namespace.yaml": "demo: the sample config/default/namespace.yaml holds no BarqCluster; name a manifest that does in DEMO_SAMPLE\n",
	} {
		out, err := demo(t.TempDir(), "up", "DEMO_SAMPLE="+sample).CombinedOutput()
		require.ErrorContains(t, err, "exit status 1")
		require.Contains(t, string(out), "because the nodes are simulated: DEMO_SAMPLE names a manifest\n"+message)
	}
}

// demo is a command in a process group of its own, as a shell gives to what a person types.
func demo(folder, verb string, environment ...string) *exec.Cmd {
	command := exec.Command("./demo.sh", verb, folder)
	command.Env = append(os.Environ(), environment...)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return command
}

func succeed(t *testing.T, folder, verb string, environment ...string) string {
	t.Helper()
	out, err := demo(folder, verb, environment...).CombinedOutput()
	require.NoError(t, err, "%s", out)
	return string(out)
}

// requireNoProcess waits a moment for the process that prints the progress, which ends by itself.
func requireNoProcess(t *testing.T, folder string) {
	t.Helper()
	require.Eventually(t, func() bool { return len(processtest.Mentioning(t, folder)) == 0 }, 10*time.Second, 50*time.Millisecond)
}

// requireNoCgroup requires that the cgroup of the demo's node is gone. Those of other nodes on this machine are not its own.
func requireNoCgroup(t *testing.T) {
	t.Helper()
	for _, pattern := range []string{"/sys/fs/cgroup/barq-e2e-*", "/sys/fs/cgroup/*/barq-e2e-*"} {
		found, err := filepath.Glob(pattern)
		require.NoError(t, err)
		for _, cgroup := range found {
			_, err := os.Stat("/proc/" + cgroup[strings.LastIndex(cgroup, "-")+1:])
			require.NoError(t, err, "%s is left, and its node is not", cgroup)
		}
	}
}

func content(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(data)
}

func ownerIn(t *testing.T, folder string) int {
	t.Helper()
	running, err := cluster.Find(folder)
	require.NoError(t, err)
	require.NotNil(t, running)
	return running.PID
}
