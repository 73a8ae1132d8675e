package daemon

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
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
	if err := writePID(file, os.Getpid()); err != nil {
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
	locked, err := tryLock(file, syscall.LOCK_EX)
	if err == nil && !locked {
		err = &HeldError{File: path, PID: readPID(file)}
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

func tryLock(file *os.File, how int) (bool, error) {
	err := syscall.Flock(int(file.Fd()), how|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	if err != nil {
		return false, &os.PathError{Op: "lock", Path: file.Name(), Err: err}
	}
	return true, nil
}

// isFree tells whether nobody holds the lock. It takes a shared one for a moment.
func isFree(file *os.File) (bool, error) {
	free, err := tryLock(file, syscall.LOCK_SH)
	if err != nil || !free {
		return false, err
	}
	return true, syscall.Flock(int(file.Fd()), syscall.LOCK_UN)
}

func writePID(file *os.File, pid int) error {
	if err := file.Truncate(0); err != nil {
		return err
	}
	_, err := fmt.Fprintln(io.NewOffsetWriter(file, 0), pid)
	return err
}

func readPID(file *os.File) string {
	data, _ := io.ReadAll(io.NewSectionReader(file, 0, 32))
	return string(bytes.TrimSpace(data))
}
