package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/barq-db/barq-operator/test/wait"
)

// lockPoll is how often a lock that is held is tried again.
const lockPoll = 50 * time.Millisecond

// owner is the hold of a process on a directory, which lets no other process start a
// cluster there. It is a lock of the kernel's on a file, so it cannot outlive the
// process, and while it is held the process id in the file is the holder's: no
// stranger that got the number later is taken for it.
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
	locked, err := lock(file, syscall.LOCK_EX)
	if err == nil && !locked {
		// It may be only Find, which looks whether there is an owner.
		time.Sleep(lockPoll)
		locked, err = lock(file, syscall.LOCK_EX)
	}
	if err == nil && !locked {
		err = fmt.Errorf("a cluster runs in %s already, owned by process %s", d, d.ownerPID())
	}
	if err == nil {
		err = os.WriteFile(d.ownerFile(), fmt.Appendln(nil, os.Getpid()), 0o600)
	}
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return &owner{file: file}, nil
}

// lock takes the lock of a file if no process has it, and tells whether it did. It is held until the file is closed.
func lock(file *os.File, how int) (bool, error) {
	err := syscall.Flock(int(file.Fd()), how|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}

// isFree tells whether no process holds the lock of a file. It takes a shared one for a moment, so that several processes may
// look at the same time.
func isFree(file *os.File) (bool, error) {
	free, err := lock(file, syscall.LOCK_SH)
	if !free {
		return false, err
	}
	return true, syscall.Flock(int(file.Fd()), syscall.LOCK_UN)
}

// ownerPID is what the file says.
func (d directory) ownerPID() string {
	data, _ := os.ReadFile(d.ownerFile())
	return string(bytes.TrimSpace(data))
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
	holder, err := d.holder(file)
	if holder == nil {
		_ = file.Close()
		return nil, err
	}
	return &Running{PID: holder.Pid, dir: d, file: file, process: holder}, nil
}

// holder is the process that holds the lock, or nil when none does.
func (d directory) holder(file *os.File) (*os.Process, error) {
	if free, err := isFree(file); err != nil || free {
		return nil, err
	}
	pid, err := strconv.Atoi(d.ownerPID())
	if err != nil {
		return nil, fmt.Errorf("%s is locked, but does not say by which process: %w", file.Name(), err)
	}
	process, err := os.FindProcess(pid)
	if err != nil {
		return nil, err
	}
	// The handle may be of a process that got the number after the holder had ended.
	// If the lock is still held, it is the holder's.
	if free, err := isFree(file); err != nil || free {
		return nil, err
	}
	return process, nil
}

// Kubeconfig is the path of the administrator's kubeconfig.
func (r *Running) Kubeconfig() string { return r.dir.kubeconfig() }

// WaitReady returns when the cluster is ready, and fails when its owner ends.
func (r *Running) WaitReady(ctx context.Context) error {
	return wait.For(ctx, "the cluster to be ready", func(context.Context) (bool, error) {
		// Start writes the kubeconfig last.
		if _, err := os.Stat(r.Kubeconfig()); err == nil {
			return true, nil
		}
		free, err := isFree(r.file)
		if free {
			err = fmt.Errorf("the process that was starting the cluster has ended; its logs are in %s", r.dir.logs())
		}
		return false, err
	})
}

// Stop ends the cluster and returns when all of its processes have ended.
func (r *Running) Stop(ctx context.Context) error {
	if err := r.process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop process %d, which owns the cluster: %w", r.PID, err)
	}
	return wait.For(ctx, fmt.Sprintf("process %d, which owns the cluster, to end", r.PID), func(context.Context) (bool, error) {
		return isFree(r.file)
	})
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
