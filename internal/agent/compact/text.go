//go:build linux

package compact

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/barq-db/barq-operator/internal/agent/documents"
	"github.com/barq-db/barq-operator/internal/barq/lines"
	"github.com/barq-db/barq-operator/internal/barq/walline"
)

// Sizes of what is read at once: where a line is far from the one before, and where it follows.
const (
	farRead  = 4 << 10
	nearRead = 128 << 10
)

// texts reads lines of files by their place.
type texts struct {
	files   []*os.File
	checker *walline.Checker

	// The bytes of a file from an offset on.
	file   int
	offset int64
	window []byte
	buffer []byte
}

// at returns the line at a place without its newline. It is valid until the next call.
func (l *texts) at(where documents.Place) ([]byte, error) {
	file, offset := where.File(), where.Offset()
	if line, found := l.inWindow(file, offset); found {
		return line, nil
	}
	size := farRead
	if file == l.file && offset >= l.offset && offset <= l.offset+int64(len(l.window)) {
		size = nearRead
	}
	for ; ; size *= 2 {
		if size > 2*lines.Max {
			return nil, fmt.Errorf("the line at %d of %s has no end", offset, l.files[file].Name())
		}
		if len(l.buffer) < size {
			l.buffer = make([]byte, size)
		}
		count, err := l.files[file].ReadAt(l.buffer[:size], offset)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		l.file, l.offset, l.window = file, offset, l.buffer[:count]
		if line, found := l.inWindow(file, offset); found {
			return line, nil
		}
		if err != nil {
			return nil, fmt.Errorf("the line at %d of %s: %w", offset, l.files[file].Name(), err)
		}
	}
}

func (l *texts) inWindow(file int, offset int64) ([]byte, bool) {
	if file != l.file || offset < l.offset || offset >= l.offset+int64(len(l.window)) {
		return nil, false
	}
	rest := l.window[offset-l.offset:]
	end := bytes.IndexByte(rest, '\n')
	if end < 0 {
		return nil, false
	}
	return rest[:end], true
}

// textAt returns the id of the line at a place.
func (l *texts) textAt(where documents.Place) (string, error) {
	line, err := l.at(where)
	if err != nil {
		return "", err
	}
	record, kind, _ := l.checker.Check(line)
	if kind != walline.Good {
		return "", fmt.Errorf("the line at %d of %s has changed", where.Offset(), l.files[where.File()].Name())
	}
	return record.ID.Text, nil
}
