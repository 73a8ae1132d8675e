package objectstore

import (
	"errors"
	"hash"
	"io"
)

// ErrChanged is the cause when a content is another one while it is stored than it was before.
var ErrChanged = errors.New("the content changed while it was stored")

// unchanged reads a content, and ends with an error if it is not the one that was measured. Without
// it an object could be stored with the sum of what a file had before.
type unchanged struct {
	io.ReadSeeker

	expected Attributes
	sum      hash.Hash
	size     int64
}

func (u *unchanged) Read(p []byte) (int, error) {
	n, err := u.ReadSeeker.Read(p)
	u.sum.Write(p[:n])
	u.size += int64(n)
	if u.size > u.expected.Size || errors.Is(err, io.EOF) && Sum(u.sum.Sum(nil)) != u.expected.SHA256 {
		return 0, Because(Unexpected, ErrChanged)
	}
	return n, err
}

// Seek makes the content be measured anew from its beginning, from where a backend sends it again.
func (u *unchanged) Seek(offset int64, whence int) (int64, error) {
	at, err := u.ReadSeeker.Seek(offset, whence)
	if at == 0 {
		u.sum.Reset()
		u.size = 0
	}
	return at, err
}

// written counts what was written, and remembers whether an error is the writer's.
type written struct {
	io.Writer

	size int64
	err  error
}

func (w *written) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(p)
	w.size += int64(n)
	w.err = err
	return n, err
}
