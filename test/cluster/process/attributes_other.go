//go:build !linux

package process

import "syscall"

// attributes puts the child in a process group of its own, so that Ctrl-C in a
// terminal reaches only the owner, which then stops its children in order. Only
// Linux can also end a child whose owner was killed.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
