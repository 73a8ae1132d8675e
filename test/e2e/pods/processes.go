package pods

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"k8s.io/apimachinery/pkg/types"
)

// Signal signals the processes of a pod that run a program, by the name of its file. It returns how many there are: none, if
// the node is another machine.
func Signal(signal syscall.Signal, pod types.UID, program string) (int, error) {
	return SignalAll(signal, Of(pod, program))
}

// Of tells which processes of this machine run a program in a pod, by their id and the path of their program.
func Of(pod types.UID, program string) func(pid int, executable string) bool {
	return func(pid int, executable string) bool {
		// The kubelet names the cgroups of a pod by its UID.
		cgroups, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
		return err == nil && filepath.Base(executable) == program && strings.Contains(string(cgroups), string(pod))
	}
}

// SignalAll signals the processes that are meant, by their id and the path of their program in their container. It returns
// how many there are.
func SignalAll(signal syscall.Signal, meant func(pid int, executable string) bool) (int, error) {
	links, err := filepath.Glob("/proc/[0-9]*/exe")
	if err != nil {
		return 0, err
	}
	signalled := 0
	for _, link := range links {
		executable, err := os.Readlink(link)
		if err != nil {
			// It has ended, or is one of the kernel.
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(link)))
		if err != nil {
			return signalled, err
		}
		if !meant(pid, executable) {
			continue
		}
		err = syscall.Kill(pid, signal)
		if errors.Is(err, syscall.ESRCH) {
			// It has ended since.
			continue
		}
		if err != nil {
			return signalled, fmt.Errorf("signal process %d: %w", pid, err)
		}
		signalled++
	}
	return signalled, nil
}
