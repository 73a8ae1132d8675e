package conformance

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/test/privatenetwork"
)

// The security context of the chart: another user, no capabilities, and nothing to
// write to but the data.
func TestReadOnlyRootAsAnotherUser(t *testing.T) {
	privatenetwork.Require(t)
	how := start{
		dir:         t.TempDir(),
		program:     "/proc/self/exe",
		environment: []string{confinedVariable + "=1", serverVariable + "=" + serverProgram, "BARQ_STORAGE_DIR=."},
		attributes:  []func(*syscall.SysProcAttr){withOwnMounts},
	}
	s := serve(t, how)
	inserted := s.fill(10)
	s.stop()

	s = serve(t, how)
	s.requireAll(inserted)
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.process.Pid))
	require.NoError(t, err)
	require.Regexp(t, `(?m)^Uid:\t1000\t1000\t1000\t1000$`, string(status))
	require.Regexp(t, `(?m)^CapEff:\t0+$`, string(status))
	mounts, err := os.ReadFile(fmt.Sprintf("/proc/%d/mountinfo", s.process.Pid))
	require.NoError(t, err)
	require.Regexp(t, `(?m) / / ro,`, string(mounts))
	log, err := os.Stat(filepath.Join(s.dir, "tenants/default/collections/things/wal.jsonl"))
	require.NoError(t, err)
	require.EqualValues(t, 1000, log.Sys().(*syscall.Stat_t).Uid)
}
