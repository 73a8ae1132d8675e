//go:build !linux

package conformance

import (
	"errors"
	"syscall"
)

// Only Linux can give a process a process id and mounts of its own.
var errLinux = errors.New("only Linux can do this")

func childAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{} }

func asInit(*syscall.SysProcAttr) {}

func withOwnMounts(*syscall.SysProcAttr) {}

const confinedVariable = "CONFORMANCE_CONFINED"

func isConfined() bool { return false }

func confine() error { return errLinux }
