package wal

import (
	"errors"
	"fmt"
	"io"

	"github.com/barq-db/barq-operator/internal/barq/lines"
	"github.com/barq-db/barq-operator/internal/barq/walline"
)

// DamagedError is a line that is no record and not blank.
type DamagedError struct {
	Line int
	Kind walline.Kind
}

// Error names the line.
func (e DamagedError) Error() string { return fmt.Sprintf("line %d is damaged (%s)", e.Line, e.Kind) }

// VisitRecord is told of a record. text is its line without the newline, which begins at the offset
// in its file. It is only valid until VisitRecord returns.
type VisitRecord func(text []byte, offset int64, record walline.Record) error

// Records reads a file that is sound from its beginning to its end, and visits each record in
// their order. The error is a DamagedError if the file is not sound.
func Records(reader io.Reader, rules walline.Rules, visit VisitRecord) error {
	checker := walline.NewChecker(rules)
	for reading := lines.NewReader(reader); ; {
		read, err := reading.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if read.Cut() {
			return DamagedError{Line: read.Number, Kind: walline.TooLong}
		}
		switch record, kind, _ := checker.Check(read.Text); {
		case kind == walline.Blank:
		case kind != walline.Good:
			return DamagedError{Line: read.Number, Kind: kind}
		case !read.Ended:
			return DamagedError{Line: read.Number, Kind: walline.Unended}
		default:
			if err := visit(read.Text, read.Offset, record); err != nil {
				return err
			}
		}
	}
}
