package processlock

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"syscall"
)

// Try takes the lock if nobody has it, and tells whether it did. The lock is held
// until every process that has this opening of the file has closed it. Nobody
// should remove the file: two processes could then hold locks on two files of one
// name.
func Try(file *os.File) (bool, error) {
	return try(file, syscall.LOCK_EX)
}

// IsFree tells whether nobody holds the lock. It takes a shared one for a moment,
// so that several processes may look at the same time.
func IsFree(file *os.File) (bool, error) {
	free, err := try(file, syscall.LOCK_SH)
	if err != nil || !free {
		return false, err
	}
	return true, syscall.Flock(int(file.Fd()), syscall.LOCK_UN)
}

func try(file *os.File, how int) (bool, error) {
	err := syscall.Flock(int(file.Fd()), how|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	if err != nil {
		return false, &os.PathError{Op: "lock", Path: file.Name(), Err: err}
	}
	return true, nil
}

// WritePID writes who holds the lock, in place of what the file said before.
func WritePID(file *os.File, pid int) error {
	if err := file.Truncate(0); err != nil {
		return err
	}
	_, err := fmt.Fprintln(io.NewOffsetWriter(file, 0), pid)
	return err
}

// PID returns what the file says, or an empty string, for a message.
func PID(file *os.File) string {
	data, _ := io.ReadAll(io.NewSectionReader(file, 0, 32))
	return string(bytes.TrimSpace(data))
}

// Holder returns the process that holds the lock, or nil when none does.
func Holder(file *os.File) (*os.Process, error) {
	free, err := IsFree(file)
	if err != nil || free {
		return nil, err
	}
	pid, err := strconv.Atoi(PID(file))
	if err != nil {
		return nil, fmt.Errorf("%s is locked, but does not say by which process: %w", file.Name(), err)
	}
	process, err := os.FindProcess(pid)
	if err != nil {
		return nil, err
	}
	// The handle may be of a process that got the number after the holder had ended.
	// If the lock is still held, it is the holder's.
	free, err = IsFree(file)
	if err != nil || free {
		return nil, err
	}
	return process, nil
}
