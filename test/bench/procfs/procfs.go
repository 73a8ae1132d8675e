package procfs

import (
	"fmt"
	"time"

	"github.com/prometheus/procfs"
)

// tick is the unit of time of /proc, which is the same on all architectures that Go knows.
const tick = 10 * time.Millisecond

// CPU is the time for which the process has run, in its own code and in the kernel.
func CPU(pid int) (time.Duration, error) {
	process, err := procfs.NewProc(pid)
	if err != nil {
		return 0, err
	}
	used, err := process.Stat()
	return time.Duration(used.UTime+used.STime) * tick, err
}

// Memory is what of a process is in memory, in bytes.
type Memory struct {
	// Resident is what is there now, and Peak the most that ever was.
	Resident, Peak int64
}

// ReadMemory reads how much of the process is in memory.
func ReadMemory(pid int) (Memory, error) {
	process, err := procfs.NewProc(pid)
	if err != nil {
		return Memory{}, err
	}
	status, err := process.NewStatus()
	if err == nil && status.VmRSS == 0 {
		err = fmt.Errorf("process %d has ended", pid)
	}
	return Memory{Resident: int64(status.VmRSS), Peak: int64(status.VmHWM)}, err
}
