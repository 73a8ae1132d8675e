//go:build linux

package child

import (
	"errors"
	"io"
	"os"
	"sync"
	"time"
)

// tailSize is how many bytes of the child's last words are kept. A panic with its stack trace has
// about 6 KiB.
const tailSize = 16 << 10

// patience is how long Words waits for words of a child that has ended. Another process that has
// the pipe can keep it open.
const patience = time.Second

// Tail passes on what a child writes, and keeps the end of it.
type Tail struct {
	write *os.File
	done  chan struct{}

	lock  sync.Mutex
	words []byte
}

// NewTail returns a Tail that passes on to a writer.
func NewTail(to io.Writer) (*Tail, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	t := &Tail{write: write, done: make(chan struct{})}
	go func() {
		defer close(t.done)
		_, _ = io.Copy(io.MultiWriter(t, to), read)
		// A reader that is gone would end the child with SIGPIPE.
		_, _ = io.Copy(t, read)
		_ = read.Close()
	}()
	return t, nil
}

// File is what the child writes to.
func (t *Tail) File() *os.File { return t.write }

// Write keeps the end of what it is given.
func (t *Tail) Write(data []byte) (int, error) {
	t.lock.Lock()
	defer t.lock.Unlock()
	t.words = append(t.words, data...)
	if surplus := len(t.words) - tailSize; surplus > 0 {
		t.words = append(t.words[:0], t.words[surplus:]...)
	}
	return len(data), nil
}

// Words returns the last words of a child that has ended.
func (t *Tail) Words() (string, error) {
	if err := t.write.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return "", err
	}
	select {
	case <-t.done:
	case <-time.After(patience):
	}
	t.lock.Lock()
	defer t.lock.Unlock()
	return string(t.words), nil
}
