package cluster

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/barq-db/barq-operator/hack/processlock"
)

// lockPoll is how often a lock that is held is tried again.
const lockPoll = 50 * time.Millisecond

// owner is the hold of a process on a directory, which lets nobody else start a
// cluster there. It is a lock of the kernel's on a file, so it cannot outlive the
// process, and while it is held the process id in the file is the holder's.
type owner struct{ file *os.File }

func (d directory) ownerFile() string { return filepath.Join(string(d), "owner.pid") }

// own takes hold of the directory.
func (d directory) own() (*owner, error) {
	if err := os.MkdirAll(string(d), 0o750); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(d.ownerFile(), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	locked, err := processlock.Try(file)
	if err == nil && !locked {
		// It may be only Find, which looks whether there is an owner.
		time.Sleep(lockPoll)
		locked, err = processlock.Try(file)
	}
	if err == nil && !locked {
		err = fmt.Errorf("a cluster runs in %s already, owned by process %s", d, processlock.PID(file))
	}
	if err == nil {
		err = processlock.WritePID(file, os.Getpid())
	}
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return &owner{file: file}, nil
}

// release lets go of the directory. The file stays: if it were removed, two
// processes could hold locks on two files of the same name.
func (o *owner) release() error { return o.file.Close() }

// Running is a cluster that another process owns.
type Running struct {
	PID int

	dir     directory
	file    *os.File
	process *os.Process
}

// Find returns the cluster that runs in dir, or nil when none does.
func Find(dir string) (*Running, error) {
	d, err := newDirectory(dir)
	if err != nil {
		return nil, err
	}
	file, err := os.Open(d.ownerFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	holder, err := processlock.Holder(file)
	if holder == nil {
		_ = file.Close()
		return nil, err
	}
	return &Running{PID: holder.Pid, dir: d, file: file, process: holder}, nil
}

// Kubeconfig is the path of the administrator's kubeconfig.
func (r *Running) Kubeconfig() string { return r.dir.kubeconfig() }

// WaitReady returns when the cluster is ready, and fails when its owner ends.
func (r *Running) WaitReady(ctx context.Context) error {
	for {
		// Start writes the kubeconfig last.
		if _, err := os.Stat(r.Kubeconfig()); err == nil {
			return nil
		}
		free, err := processlock.IsFree(r.file)
		if err != nil {
			return err
		}
		if free {
			return fmt.Errorf("the process that was starting the cluster has ended; its logs are in %s", r.dir.logs())
		}
		if err := pause(ctx, lockPoll); err != nil {
			return err
		}
	}
}

// Stop ends the cluster and returns when all of its processes have ended.
func (r *Running) Stop(ctx context.Context) error {
	if err := r.process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop process %d, which owns the cluster: %w", r.PID, err)
	}
	for {
		free, err := processlock.IsFree(r.file)
		if err != nil || free {
			return err
		}
		if err := pause(ctx, lockPoll); err != nil {
			return fmt.Errorf("wait for process %d, which owns the cluster, to end: %w", r.PID, err)
		}
	}
}

// RemoveState removes what a cluster in dir has made, except for its logs, when
// its owner was killed and could not do so.
func RemoveState(dir string) error {
	d, err := newDirectory(dir)
	if err != nil {
		return err
	}
	if _, err := os.Stat(d.ownerFile()); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	o, err := d.own()
	if err != nil {
		return err
	}
	return errors.Join(d.clear(), o.release())
}

func pause(ctx context.Context, duration time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(duration):
		return nil
	}
}
