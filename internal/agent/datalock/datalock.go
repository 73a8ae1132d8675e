//go:build linux

package datalock

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"github.com/barq-db/barq-operator/internal/barq/datadir"
)

const name = datadir.Agent + "/lock"

// Holder is who holds a lock.
type Holder struct {
	// Host is the name of its host, which is that of its pod.
	Host  string    `json:"host"`
	PID   int       `json:"pid"`
	Since time.Time `json:"since"`
}

// HeldError says that another process holds the lock.
type HeldError struct{ Holder Holder }

// Error names the holder, as far as it is known.
func (e HeldError) Error() string {
	if e.Holder.PID == 0 {
		return "another process uses the data directory"
	}
	return fmt.Sprintf("process %d of %s uses the data directory since %s", e.Holder.PID, e.Holder.Host, e.Holder.Since.Format(time.RFC3339))
}

// Lock is held until this process and those that inherit its file have ended.
type Lock struct{ file *os.File }

// Take takes the lock of a data directory. The error is a HeldError if another process has it.
func Take(root *os.Root, now time.Time) (*Lock, error) {
	if err := root.MkdirAll(datadir.Agent, 0o755); err != nil {
		return nil, err
	}
	file, err := root.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	if err := take(file, now); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &Lock{file: file}, nil
}

func take(file *os.File, now time.Time) error {
	err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		// Its content may be that of the moment before the holder wrote its own.
		var holder Holder
		content, err := io.ReadAll(file)
		if err == nil {
			_ = json.Unmarshal(content, &holder)
		}
		return HeldError{Holder: holder}
	}
	if err != nil {
		return err
	}
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	content, err := json.Marshal(Holder{Host: host, PID: os.Getpid(), Since: now.UTC()})
	if err != nil {
		return err
	}
	if err := file.Truncate(0); err != nil {
		return err
	}
	_, err = file.WriteAt(append(content, '\n'), 0)
	if errors.Is(err, syscall.ENOSPC) {
		// The lock holds on a full disk too. A second process is not told the name of the first.
		return nil
	}
	return err
}

// File is the file with the lock.
func (l *Lock) File() *os.File { return l.file }

// Release lets another process take the lock.
func (l *Lock) Release() error { return l.file.Close() }
