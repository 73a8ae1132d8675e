package serde

import (
	"bytes"
	"fmt"
)

// nestingLimit is one more than the lists and objects that may be inside one another.
const nestingLimit = 128

// Error is why a text cannot be read, and where.
type Error struct {
	Reason string
	// Line and Column say where. They are 0 until an object around it gives the error its place.
	Line, Column int
	// Data says that the text is JSON and says something that is not wanted.
	Data bool
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s at line %d column %d", e.Reason, e.Line, e.Column)
}

// The reasons that more than one place gives.
const (
	endInValue   = "EOF while parsing a value"
	endInList    = "EOF while parsing a list"
	endInObject  = "EOF while parsing an object"
	endInText    = "EOF while parsing a string"
	noValue      = "expected value"
	badNumber    = "invalid number"
	outOfRange   = "number out of range"
	tooDeep      = "recursion limit exceeded"
	trailing     = "trailing characters"
	trailingMark = "trailing comma"
)

// Reader reads one text.
type Reader struct {
	text []byte
	at   int
	// nesting is how many lists and objects may still begin, and one.
	nesting int
	// ignoring says that what is read is passed over.
	ignoring bool
}

// Read reads the whole text with a function.
func Read(text []byte, read func(*Reader) error) error { return ReadInside(0, text, read) }

// ReadInside reads a text that is part of a larger one, inside as many lists and objects.
func ReadInside(outer int, text []byte, read func(*Reader) error) error {
	reader := &Reader{text: text, nesting: nestingLimit - outer}
	if err := read(reader); err != nil {
		return err
	}
	if _, more := reader.skip(); more {
		return reader.unexpected(trailing)
	}
	return nil
}

// failure is an error at what was read last.
func (r *Reader) failure(reason string) *Error { return r.errorAt(r.at, reason) }

// unexpected is an error at what comes next.
func (r *Reader) unexpected(reason string) *Error {
	return r.errorAt(min(r.at+1, len(r.text)), reason)
}

// unwanted is an error of a text that is JSON.
func (r *Reader) unwanted(format string, arguments ...any) *Error {
	err := r.failure(fmt.Sprintf(format, arguments...))
	err.Data = true
	return err
}

func (r *Reader) errorAt(at int, reason string) *Error {
	before := r.text[:at]
	return &Error{
		Reason: reason, Line: bytes.Count(before, []byte("\n")) + 1,
		Column: at - (bytes.LastIndexByte(before, '\n') + 1),
	}
}

// peek gives the next byte without reading it, or 0 at the end.
func (r *Reader) peek() byte {
	if r.at == len(r.text) {
		return 0
	}
	return r.text[r.at]
}

// next reads a byte.
func (r *Reader) next() (byte, bool) {
	if r.at == len(r.text) {
		return 0, false
	}
	r.at++
	return r.text[r.at-1], true
}

// skip reads blanks and gives what comes after them.
func (r *Reader) skip() (byte, bool) {
	for ; r.at < len(r.text); r.at++ {
		switch r.text[r.at] {
		case ' ', '\t', '\n', '\r':
		default:
			return r.text[r.at], true
		}
	}
	return 0, false
}

// word reads the rest of null, true or false.
func (r *Reader) word(rest string) error {
	for _, wanted := range []byte(rest) {
		got, more := r.next()
		if !more {
			return r.failure(endInValue)
		}
		if got != wanted {
			return r.failure("expected ident")
		}
	}
	return nil
}

// nested reads a list or an object whose first byte comes next.
func (r *Reader) nested(read func() error) error {
	r.nesting--
	defer func() { r.nesting++ }()
	if r.nesting <= 0 {
		return r.unexpected(tooDeep)
	}
	r.at++
	return read()
}

// Null reads null, and reports whether it was there.
func (r *Reader) Null() (bool, error) {
	if got, _ := r.skip(); got != 'n' {
		return false, nil
	}
	r.at++
	return true, r.word("ull")
}

// wrong is the error for a value of another kind than is wanted.
func (r *Reader) wrong(wanted string) error {
	var found string
	switch got := r.peek(); {
	case got == '[':
		found = "sequence"
	case got == '{':
		found = "map"
	case got == '"' || got == '-' || (got >= '0' && got <= '9') || got == 'n' || got == 't' || got == 'f':
		value, err := r.Value()
		if err != nil {
			return err
		}
		found = describe(value)
	default:
		return r.unexpected(noValue)
	}
	return r.unwanted("invalid type: %s, expected %s", found, wanted)
}

func describe(value any) string {
	switch value := value.(type) {
	case nil:
		return "null"
	case bool:
		return fmt.Sprintf("boolean `%t`", value)
	case string:
		return fmt.Sprintf("string %q", value)
	case float64:
		return fmt.Sprintf("floating point `%s`", AppendFloat(nil, value))
	default:
		return fmt.Sprintf("integer `%d`", value)
	}
}
