package daemon

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	patient  = 10 * time.Second
	waits    = `echo started; while :; do sleep 0.01; done`
	refuses  = `trap '' TERM; ` + waits
	complies = `trap 'echo asked; exit 0' TERM; ` + waits
)

func shell(t *testing.T, script string) Program {
	t.Helper()
	dir := t.TempDir()
	return Program{
		File: "/bin/sh", Args: []string{"-c", script},
		LockFile: filepath.Join(dir, "shell.pid"), LogFile: filepath.Join(dir, "shell.log"),
	}
}

func start(t *testing.T, program Program) *Process {
	t.Helper()
	process, err := Start(program)
	require.NoError(t, err)
	t.Cleanup(func() {
		if found, err := Find(program.LockFile); err == nil && found != nil {
			_ = found.Stop(context.Background(), 0)
		}
	})
	require.Eventually(t, func() bool { return content(t, program.LogFile) == "started\n" }, patient, time.Millisecond)
	return process
}

func content(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(data)
}

func TestStartedProcessIsFoundAndStopped(t *testing.T) {
	for name, test := range map[string]struct{ script, log string }{
		"one that complies": {complies, "started\nasked\n"},
		"one that refuses":  {refuses, "started\n"},
	} {
		t.Run(name, func(t *testing.T) {
			program := shell(t, test.script)
			started := start(t, program)
			found, err := Find(program.LockFile)
			require.NoError(t, err)
			require.Equal(t, started.PID, found.PID)

			require.NoError(t, found.Stop(t.Context(), 300*time.Millisecond))
			<-started.Ended()
			require.Equal(t, test.log, content(t, program.LogFile))
			found, err = Find(program.LockFile)
			require.NoError(t, err)
			require.Nil(t, found)
		})
	}
}

func TestOneProcessForALockFile(t *testing.T) {
	program := shell(t, complies)
	first := start(t, program)
	program.LogFile += ".second"
	_, err := Start(program)
	var held *HeldError
	require.ErrorAs(t, err, &held)
	require.Equal(t, HeldError{File: program.LockFile, PID: strconv.Itoa(first.PID)}, *held)
}

// A file that says the id of somebody else's process, because the one that wrote it
// has ended, must not be believed.
func TestStrangerIsNotFound(t *testing.T) {
	stranger := start(t, shell(t, waits))
	lockFile := filepath.Join(t.TempDir(), "other.pid")
	require.NoError(t, os.WriteFile(lockFile, []byte(strconv.Itoa(stranger.PID)), 0o600))
	found, err := Find(lockFile)
	require.NoError(t, err)
	require.Nil(t, found)
}

func TestNothingIsFoundWhereNothingWasStarted(t *testing.T) {
	found, err := Find(filepath.Join(t.TempDir(), "none.pid"))
	require.NoError(t, err)
	require.Nil(t, found)
}

func TestProcessIsNotInTheTerminalsGroup(t *testing.T) {
	process := start(t, shell(t, complies))
	group, err := syscall.Getpgid(process.PID)
	require.NoError(t, err)
	require.Equal(t, process.PID, group)
}

func TestHold(t *testing.T) {
	file := filepath.Join(t.TempDir(), "lock")
	release, err := Hold(file)
	require.NoError(t, err)
	_, err = Hold(file)
	require.EqualError(t, err, file+" is locked by process "+strconv.Itoa(os.Getpid()))
	require.NoError(t, release())
	release, err = Hold(file)
	require.NoError(t, err)
	require.NoError(t, release())
}
