package lines

import (
	"bytes"
	"errors"
	"io"
)

// Max is how many bytes of a line are kept. The server's longest record, of a gRPC message of 4 MiB, has
// less than half.
const Max = 40 << 20

// firstBuffer is what reading begins with: many lines at once.
const firstBuffer = 256 << 10

// Line is one line of a file.
type Line struct {
	// Number counts from 1.
	Number int
	// Offset is where the line begins in the file.
	Offset int64
	// Text is the line without its newline. Of a line that is longer than Max it is the beginning.
	Text []byte
	// Length is that of the whole line, without its newline.
	Length int64
	// Ended says that there is a newline.
	Ended bool
	// Zeros says that the bytes that Text lacks are all zero.
	Zeros bool
}

// Cut reports whether the line is longer than Max.
func (l Line) Cut() bool { return l.Length > int64(len(l.Text)) }

// Reader splits what it reads into lines. Its memory is bounded by Max.
type Reader struct {
	reader io.Reader
	buffer []byte
	// The unread bytes are buffer[begin:end], and up to searched there is no newline.
	begin, end, searched int
	eof                  bool
	number               int
	offset               int64
}

// NewReader returns a Reader of a file from its beginning.
func NewReader(reader io.Reader) *Reader {
	return &Reader{reader: reader, buffer: make([]byte, firstBuffer)}
}

// Next returns the next line, whose text is valid until the next call, or io.EOF.
func (l *Reader) Next() (Line, error) {
	for {
		at := bytes.IndexByte(l.buffer[l.searched:l.end], '\n')
		if at >= 0 {
			return l.take(l.searched+at, true), nil
		}
		l.searched = l.end
		if l.eof {
			if l.begin == l.end {
				return Line{}, io.EOF
			}
			return l.take(l.end, false), nil
		}
		if l.end-l.begin >= Max {
			return l.long()
		}
		if err := l.fill(); err != nil {
			return Line{}, err
		}
	}
}

// Offset is how many bytes were read as lines.
func (l *Reader) Offset() int64 { return l.offset }

// take returns the line that ends at the offset in the buffer.
func (l *Reader) take(end int, ended bool) Line {
	l.number++
	taken := Line{Number: l.number, Offset: l.offset, Text: l.buffer[l.begin:end], Length: int64(end - l.begin), Ended: ended}
	l.begin = end
	l.offset += taken.Length
	if ended {
		l.begin++
		l.offset++
	}
	l.searched = l.begin
	return taken
}

// fill reads more behind the unread bytes.
func (l *Reader) fill() error {
	l.toFront()
	if l.end == len(l.buffer) {
		grown := make([]byte, min(2*len(l.buffer), Max+firstBuffer))
		copy(grown, l.buffer)
		l.buffer = grown
	}
	return l.read(l.buffer[l.end:])
}

func (l *Reader) toFront() {
	if l.begin == 0 {
		return
	}
	copy(l.buffer, l.buffer[l.begin:l.end])
	l.end -= l.begin
	l.searched -= l.begin
	l.begin = 0
}

func (l *Reader) read(into []byte) error {
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
func (l *Reader) long() (Line, error) {
	l.toFront()
	taken := Line{Number: l.number + 1, Offset: l.offset, Text: l.buffer[:Max], Length: Max, Zeros: true}
	for {
		part := l.buffer[Max:l.end]
		newline := bytes.IndexByte(part, '\n')
		if taken.Ended = newline >= 0; taken.Ended {
			part = part[:newline]
		}
		taken.Length += int64(len(part))
		taken.Zeros = taken.Zeros && len(bytes.Trim(part, "\x00")) == 0
		if taken.Ended || l.eof {
			l.begin = Max + len(part)
			break
		}
		l.end = Max
		if err := l.read(l.buffer[Max:]); err != nil {
			return Line{}, err
		}
	}
	l.number++
	l.offset += taken.Length
	if taken.Ended {
		l.begin++
		l.offset++
	}
	l.searched = l.begin
	return taken, nil
}
