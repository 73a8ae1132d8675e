package programcache

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"
)

// lockPoll is how often a held lock is tried again. A blocking flock would not
// see that the context has ended.
const lockPoll = 200 * time.Millisecond

// lock takes the lock on file until what it returns is closed, by all processes
// that have it. The kernel does so for a process that was killed, so no lock is
// left behind. It calls waiting once when another process holds the lock. The
// file itself stays: removing it would let two processes hold the lock on two
// files of one name.
func lock(ctx context.Context, file string, waiting func()) (*os.File, error) {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			_ = f.Close()
			return nil, &os.PathError{Op: "lock", Path: file, Err: err}
		}
		if waiting != nil {
			waiting()
			waiting = nil
		}
		select {
		case <-ctx.Done():
			_ = f.Close()
			return nil, context.Cause(ctx)
		case <-time.After(lockPoll):
		}
	}
}
