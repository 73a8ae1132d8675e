package wal

import (
	"bytes"
	"errors"
	"io"
)

// MaxLine is how long a line may be. The server's longest record, of a gRPC message of 4 MiB,
// has less than half.
const MaxLine = 40 << 20

// firstBuffer is what reading begins with: many lines at once.
const firstBuffer = 256 << 10

// line is one line of a file.
type line struct {
	number int
	offset int64
	// text is the line without its newline. Of a line that is longer than MaxLine it is the
	// beginning.
	text []byte
	// length is that of the whole line, without its newline.
	length int64
	// ended says that there is a newline.
	ended bool
	// zeros says that the bytes that text lacks are all zero.
	zeros bool
}

// lines splits what it reads into lines. Its memory is bounded by MaxLine.
type lines struct {
	reader io.Reader
	buffer []byte
	// The unread bytes are buffer[begin:end], and up to searched there is no newline.
	begin, end, searched int
	eof                  bool
	number               int
	offset               int64
}

func newLines(reader io.Reader) *lines {
	return &lines{reader: reader, buffer: make([]byte, firstBuffer)}
}

// next returns the next line, whose text is valid until the next call, or io.EOF.
func (l *lines) next() (line, error) {
	for {
		at := bytes.IndexByte(l.buffer[l.searched:l.end], '\n')
		if at >= 0 {
			return l.take(l.searched+at, true), nil
		}
		l.searched = l.end
		if l.eof {
			if l.begin == l.end {
				return line{}, io.EOF
			}
			return l.take(l.end, false), nil
		}
		if l.end-l.begin >= MaxLine {
			return l.long()
		}
		if err := l.fill(); err != nil {
			return line{}, err
		}
	}
}

// take returns the line that ends at the offset in the buffer.
func (l *lines) take(end int, ended bool) line {
	l.number++
	taken := line{number: l.number, offset: l.offset, text: l.buffer[l.begin:end], length: int64(end - l.begin), ended: ended}
	l.begin = end
	l.offset += taken.length
	if ended {
		l.begin++
		l.offset++
	}
	l.searched = l.begin
	return taken
}

// fill reads more behind the unread bytes.
func (l *lines) fill() error {
	l.toFront()
	if l.end == len(l.buffer) {
		grown := make([]byte, min(2*len(l.buffer), MaxLine+firstBuffer))
		copy(grown, l.buffer)
		l.buffer = grown
	}
	return l.read(l.buffer[l.end:])
}

func (l *lines) toFront() {
	if l.begin == 0 {
		return
	}
	copy(l.buffer, l.buffer[l.begin:l.end])
	l.end -= l.begin
	l.searched -= l.begin
	l.begin = 0
}

func (l *lines) read(into []byte) error {
	count, err := l.reader.Read(into)
	l.end += count
	if errors.Is(err, io.EOF) {
		l.eof = true
		return nil
	}
	return err
}

// long returns a line that is too long. Of what follows the beginning, one part at a time is in
// the buffer, behind the beginning.
func (l *lines) long() (line, error) {
	l.toFront()
	taken := line{number: l.number + 1, offset: l.offset, text: l.buffer[:MaxLine], length: MaxLine, zeros: true}
	for {
		part := l.buffer[MaxLine:l.end]
		newline := bytes.IndexByte(part, '\n')
		if taken.ended = newline >= 0; taken.ended {
			part = part[:newline]
		}
		taken.length += int64(len(part))
		taken.zeros = taken.zeros && skipZeros(part, 0) == len(part)
		if taken.ended || l.eof {
			l.begin = MaxLine + len(part)
			break
		}
		l.end = MaxLine
		if err := l.read(l.buffer[MaxLine:]); err != nil {
			return line{}, err
		}
	}
	l.number++
	l.offset += taken.length
	if taken.ended {
		l.begin++
		l.offset++
	}
	l.searched = l.begin
	return taken, nil
}
