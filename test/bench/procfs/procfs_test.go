package procfs

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestThisProcess(t *testing.T) {
	before, err := CPU(os.Getpid())
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		for range 1_000_000 {
			_ = os.Getpid()
		}
		after, err := CPU(os.Getpid())
		return err == nil && after > before
	}, time.Minute, time.Millisecond)

	memory, err := ReadMemory(os.Getpid())
	require.NoError(t, err)
	require.Positive(t, memory.Resident)
	require.GreaterOrEqual(t, memory.Peak, memory.Resident)
}

func TestAProcessThatHasEnded(t *testing.T) {
	child := exec.Command("true")
	require.NoError(t, child.Start())
	// It was not waited for yet.
	require.Eventually(t, func() bool {
		_, err := ReadMemory(child.Process.Pid)
		return err != nil
	}, time.Minute, time.Millisecond)
	require.NoError(t, child.Wait())
	_, err := CPU(child.Process.Pid)
	require.Error(t, err)
}
