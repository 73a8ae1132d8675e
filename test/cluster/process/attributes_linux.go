package process

import "syscall"

// attributes puts the child in a process group of its own, so that Ctrl-C in a
// terminal reaches only the owner, which then stops its children in order; and
// has the kernel kill it when the owner dies without having done so.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
