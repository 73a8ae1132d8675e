package procfs

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestParseStat(t *testing.T) {
	used, err := parseStat([]byte("42 (a) b) S 1 42 42 0 -1 4194560 1 2 3 4 150 25 7 8 20 0 12 0 100\n"))
	require.NoError(t, err)
	require.Equal(t, 1750*time.Millisecond, used)

	_, err = parseStat([]byte("42 (short) S 1"))
	require.EqualError(t, err, `too few fields in "42 (short) S 1"`)
}

func TestParseStatus(t *testing.T) {
	memory, err := parseStatus([]byte("Name:\tx\nVmPeak:\t  900 kB\nVmHWM:\t  200 kB\nVmRSS:\t  100 kB\n"))
	require.NoError(t, err)
	require.Equal(t, Memory{Resident: 100 * 1024, Peak: 200 * 1024}, memory)

	// A process that has ended and was not waited for has none.
	_, err = parseStatus([]byte("Name:\tx\nState:\tZ (zombie)\n"))
	require.Error(t, err)
}

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
