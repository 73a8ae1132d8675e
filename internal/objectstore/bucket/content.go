package bucket

import (
	"errors"
	"io"
)

// aborting ends an upload when its content fails. Otherwise the end of the content would make an
// object of what was read so far.
type aborting struct {
	io.ReadSeeker

	abort func()
	err   error
}

func (a *aborting) Read(p []byte) (int, error) {
	n, err := a.ReadSeeker.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		a.err = err
		a.abort()
	}
	return n, err
}
