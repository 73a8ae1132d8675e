package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"syscall"
	"time"

	"github.com/barq-db/barq-operator/hack/demo/internal/record"
	"github.com/barq-db/barq-operator/test/cluster"
)

// stopWait is how long a program that was interrupted may take to stop what it has
// started.
const stopWait = time.Minute

// choice says on which cluster the demo works.
type choice struct {
	// start says that no cluster runs yet.
	start bool
	// record is what an earlier demo did there, or a new one.
	record *record.Record
}

// choose decides from what the person wants, what runs in the demo's directory, and
// what an earlier demo has recorded there.
func choose(d directory, wanted string, runningOwner int, earlier *record.Record) (choice, error) {
	if isGone(d, runningOwner, earlier) {
		earlier = nil
	}
	kubeconfig := wanted
	if kubeconfig == "" {
		kubeconfig = d.clusterKubeconfig()
	}
	if earlier != nil && earlier.Kubeconfig != kubeconfig {
		return choice{}, fmt.Errorf("a demo is on the cluster of %s: end it first with `make demo-down`", earlier.Kubeconfig)
	}
	start := wanted == "" && runningOwner == 0
	if earlier == nil {
		earlier = &record.Record{Kubeconfig: kubeconfig, Started: start}
	}
	return choice{start: start, record: earlier}, nil
}

// isGone tells whether the cluster of an earlier demo was a test cluster in the demo's
// directory that has ended since, and with it all that was in it.
func isGone(d directory, runningOwner int, earlier *record.Record) bool {
	switch {
	case earlier == nil || earlier.Kubeconfig != d.clusterKubeconfig():
		return false
	case earlier.Started:
		return runningOwner == 0 || !earlier.HasStarted(runningOwner)
	default:
		return runningOwner == 0
	}
}

// reachCluster connects to the cluster that the demo works on, and starts it if it is
// to be the demo's own.
func (d *demo) reachCluster(ctx context.Context) error {
	earlier, err := record.Load(d.directory.record())
	if err != nil {
		return err
	}
	owner, err := ownerOf(d.dir)
	if err != nil {
		return err
	}
	chosen, err := choose(d.directory, d.kubeconfig, owner, earlier)
	if err != nil {
		return err
	}
	d.record = chosen.record
	if chosen.start {
		if err := d.startCluster(ctx); err != nil {
			return err
		}
		return d.connect(ctx)
	}
	if err := d.connect(ctx); err != nil {
		return err
	}
	d.heading("Kubernetes cluster of %s", d.record.Kubeconfig)
	d.printf("%s, %s\n", d.config.Host, origin(d.record.Started))
	return nil
}

func origin(started bool) string {
	if started {
		return "which an earlier `make demo` has started"
	}
	return "which was there before the demo"
}

// startCluster starts a test cluster that outlives this process.
func (d *demo) startCluster(ctx context.Context) error {
	d.heading("Test cluster")
	if err := d.build(ctx, "the command that starts it", "./test/cluster/cmd/cluster"); err != nil {
		return err
	}
	// Before it starts, so that a demo that is killed meanwhile leaves a trace of it.
	if err := d.saveRecord(); err != nil {
		return err
	}
	d.startedCluster = true
	command := exec.CommandContext(ctx, d.directory.file("cluster"), "up", "--dir", d.dir)
	command.Stdout, command.Stderr = io.Discard, d.out
	// Out of reach of Ctrl-C in a terminal, so that it gets one signal and not two.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = stopWait
	if err := command.Run(); err != nil {
		return errors.New("the test cluster did not start; the reason is above")
	}
	owner, err := ownerOf(d.dir)
	if err != nil {
		return err
	}
	d.record.OwnerPID = owner
	return d.saveRecord()
}

// ownerOf gives the process that owns the test cluster in a directory, or 0.
func ownerOf(dir string) (int, error) {
	running, err := cluster.Find(dir)
	if err != nil || running == nil {
		return 0, err
	}
	return running.PID, nil
}
