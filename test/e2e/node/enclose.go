package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// Enclose runs this program again, with the given arguments, in new namespaces for
// mounts, network, processes and System V IPC, as their first process, and returns its exit code. However
// it ends, also when this process is killed, the kernel ends all processes, mounts,
// rules and devices of the namespaces with it. What it cannot end, Sweep does.
//
// Run with those arguments, the program must call Inhabit before anything else.
func Enclose(ctx context.Context, arguments ...string) (int, error) {
	self, err := os.Executable()
	if err != nil {
		return 1, err
	}
	// The kernel counts the thread that started a child as its parent, so the
	// thread has to live for as long as the child.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	command := exec.Command(self, arguments...)
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	command.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWNET | unix.CLONE_NEWPID | unix.CLONE_NEWIPC,
		Pdeathsig:  syscall.SIGKILL,
	}
	if err := command.Start(); err != nil {
		return 1, fmt.Errorf("making namespaces, which takes root: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = command.Process.Signal(syscall.SIGTERM) })
	defer stop()
	return ExitCode(command.Wait())
}

// ExitCode makes of a command's end what a shell would.
func ExitCode(err error) (int, error) {
	var failed *exec.ExitError
	if !errors.As(err, &failed) {
		return 0, err
	}
	if status, ok := failed.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal()), nil
	}
	return failed.ExitCode(), nil
}

// Inhabit makes the namespaces that Enclose made fit to live in, runs this program
// once more with the given arguments as a child, takes in the orphans of all others
// meanwhile, and returns the child's exit code.
func Inhabit(arguments ...string) (int, error) {
	if os.Getpid() != 1 {
		return 1, errors.New("not the first process of a namespace: see Enclose")
	}
	if err := setUpMounts(); err != nil {
		return 1, err
	}
	// The first process of a namespace gets no signal that it does not ask for.
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	child, err := os.StartProcess("/proc/self/exe", append([]string{os.Args[0]}, arguments...), &os.ProcAttr{
		Env: os.Environ(), Files: []*os.File{os.Stdin, os.Stdout, os.Stderr},
	})
	if err != nil {
		return 1, err
	}
	go func() {
		for received := range signals {
			_ = child.Signal(received)
		}
	}()
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
		case err != nil:
			return 1, fmt.Errorf("waiting for process %d: %w", child.Pid, err)
		case pid == child.Pid && status.Signaled():
			return 128 + int(status.Signal()), nil
		case pid == child.Pid:
			return status.ExitStatus(), nil
		}
	}
}
