package objectstore

import (
	"errors"
	"hash"
	"io"
)

var errChanged = errors.New("the content changed while it was stored")

// unchanged reads a content, and ends with an error if it is not the one that was measured. Without
// it an object could be stored with the sum of what a file had before.
type unchanged struct {
	io.Reader

	expected Attributes
	sum      hash.Hash
	size     int64
}

func (u *unchanged) Read(p []byte) (int, error) {
	n, err := u.Reader.Read(p)
	u.sum.Write(p[:n])
	u.size += int64(n)
	if u.size > u.expected.Size || errors.Is(err, io.EOF) && Sum(u.sum.Sum(nil)) != u.expected.SHA256 {
		return 0, failure(Unexpected, errChanged)
	}
	return n, err
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

// aborting ends an upload when its content fails. Otherwise the end of the content would make an
// object of what was read so far.
type aborting struct {
	io.Reader

	abort func()
	err   error
}

func (a *aborting) Read(p []byte) (int, error) {
	n, err := a.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		a.err = err
		a.abort()
	}
	return n, err
}
