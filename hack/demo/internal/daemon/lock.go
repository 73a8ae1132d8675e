package daemon

import (
	"errors"
	"fmt"
	"os"

	"github.com/barq-db/barq-operator/hack/processlock"
)

// HeldError says that a process has the lock on a file.
type HeldError struct {
	File string
	// PID is what the file says of the holder; empty for a moment after it took the lock.
	PID string
}

func (e *HeldError) Error() string {
	return fmt.Sprintf("%s is locked by process %s", e.File, e.PID)
}

// Hold locks a file for the calling process, for as long as it lives or until it
// calls release. It returns a HeldError when another process has the lock. The file
// stays: if it were removed, two processes could hold locks on two files of one name.
func Hold(path string) (release func() error, err error) {
	file, err := lock(path)
	if err != nil {
		return nil, err
	}
	if err := processlock.WritePID(file, os.Getpid()); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file.Close, nil
}

// lock opens a file and locks it, until all processes that have this opening of it
// have closed it.
func lock(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	locked, err := processlock.Try(file)
	if err == nil && !locked {
		err = &HeldError{File: path, PID: processlock.PID(file)}
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}
