package main

import (
	"context"
	"fmt"
	"os/exec"
	"syscall"
)

// build compiles a program that this run is to start, into the demo's directory.
func (d *demo) build(ctx context.Context, name, path string) error {
	return d.step(ctx, "building "+name+" (minutes the first time)", func() error {
		// Nothing reads the state of the checkout from these programs, and with it in them
		// they would be linked anew for every commit.
		build := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-o", d.directory.file(""), path)
		// An interrupt to the whole process group: the go command then removes its
		// scratch directory, and no compiler outlives it.
		build.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		build.Cancel = func() error { return syscall.Kill(-build.Process.Pid, syscall.SIGINT) }
		build.WaitDelay = stopWait
		if output, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", build, err, output)
		}
		return nil
	})
}

// buildOperator compiles the operator.
func (d *demo) buildOperator(ctx context.Context) error {
	return d.build(ctx, "the operator", "./cmd/barq-operator")
}
