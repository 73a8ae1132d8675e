package process

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// ownerVariable makes the test binary an owner of a child that waits, instead of
// running tests.
const ownerVariable = "PROCESS_TEST_OWNER_LOG"

func TestMain(m *testing.M) {
	if log := os.Getenv(ownerVariable); log != "" {
		child, err := Start("sleep", "/bin/sh", []string{"-c", "exec sleep 600"}, log)
		if err != nil {
			panic(err)
		}
		_, _ = os.Stdout.WriteString(strconv.Itoa(child.PID()) + "\n")
		select {}
	}
	os.Exit(m.Run())
}

func TestStopAsksAndThenKills(t *testing.T) {
	for name, test := range map[string]struct {
		script, log string
		grace       time.Duration
	}{
		"one that listens":  {`trap 'echo asked; exit 0' TERM; echo started; while :; do sleep 0.01; done`, "started\nasked\n", time.Minute},
		"one that does not": {`trap '' TERM; echo started; while :; do sleep 0.01; done`, "started\n", 500 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			p := startShell(t, test.script)
			require.Eventually(t, func() bool { return readFile(t, p.LogFile) == "started\n" }, 10*time.Second, time.Millisecond)
			p.Stop(test.grace)
			require.ErrorIs(t, syscall.Kill(p.PID(), 0), syscall.ESRCH)
			require.Equal(t, test.log, readFile(t, p.LogFile))
			p.Stop(0)
		})
	}
}

func TestExitErrorSaysHowAndWhy(t *testing.T) {
	p := startShell(t, `for i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo line $i; done; exit 3`)
	<-p.Done()
	require.EqualError(t, p.ExitError(), "shell ended with exit status 3; its log is "+p.LogFile+" and ends with:\n"+
		"line 3\nline 4\nline 5\nline 6\nline 7\nline 8\nline 9\nline 10\nline 11\nline 12")
}

func TestProgramThatDoesNotExist(t *testing.T) {
	_, err := Start("ghost", "/does/not/exist", nil, filepath.Join(t.TempDir(), "log"))
	require.EqualError(t, err, "start ghost: fork/exec /does/not/exist: no such file or directory")
}

func TestChildDoesNotOutliveItsOwner(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux ends the children of a process that was killed")
	}
	owner := exec.Command(os.Args[0])
	owner.Env = append(os.Environ(), ownerVariable+"="+filepath.Join(t.TempDir(), "log"))
	output, err := owner.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, owner.Start())
	line, err := bufio.NewReader(output).ReadString('\n')
	require.NoError(t, err)
	child, err := strconv.Atoi(strings.TrimSpace(line))
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(child, 0), "the child runs")

	require.NoError(t, owner.Process.Kill())
	require.Error(t, owner.Wait())
	require.Eventually(t, func() bool { return !runs(child) }, 10*time.Second, 10*time.Millisecond)
}

// runs tells whether a process runs, which one that is not waited for yet
// does not.
func runs(pid int) bool {
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	return err == nil && !strings.Contains(string(status), ") Z ")
}

func startShell(t *testing.T, script string) *Process {
	t.Helper()
	p, err := Start("shell", "/bin/sh", []string{"-c", script}, filepath.Join(t.TempDir(), "log"))
	require.NoError(t, err)
	t.Cleanup(func() { p.Stop(0) })
	return p
}

func readFile(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(data)
}
