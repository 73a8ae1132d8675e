package walline

import (
	"strconv"
	"strings"
)

// Op is what a record does.
type Op uint8

// The operations.
const (
	Insert Op = iota + 1
	Delete
)

// String is the name of the operation in the log.
func (o Op) String() string {
	if o == Delete {
		return "Delete"
	}
	return "Insert"
}

// ID names a document: by a number, or by a text if IsText. Number 7 and text "7" are two.
type ID struct {
	Number uint64
	Text   string
	IsText bool
}

// String is the id as it stands in a path of the server's API.
func (i ID) String() string {
	if i.IsText {
		return i.Text
	}
	return strconv.FormatUint(i.Number, 10)
}

// Valid reports whether a document can have the id.
func (i ID) Valid() bool {
	if i.IsText {
		return strings.TrimSpace(i.Text) != ""
	}
	return i.Number != 0
}

// Span is a part of a line: the bytes from Start up to End.
type Span struct{ Start, End int }

// Payload says what the payload of an Insert is. The server takes the first kind that fits.
type Payload uint8

// The kinds of payload.
const (
	// NoPayload: it is null or not there.
	NoPayload Payload = iota
	// Point: it is an object with the numbers lat and lon. The server forgets its other members.
	// A list of two numbers, which it reads as a point too, is OtherPayload.
	Point
	// Object: it is any other object.
	Object
	// OtherPayload: it is any other value.
	OtherPayload
)

// Record is what a line says.
type Record struct {
	Op Op
	ID ID
	// Dimension is how many components the vector has.
	Dimension int
	// Infinite says that a component is infinite in 32 bits of floating point. The server starts
	// with such a line. It writes it as null the next time, and does not start with that.
	Infinite bool
	Payload  Payload
	// Members is how many members a payload has that is an object.
	Members int
	// VectorText and PayloadText are where the two stand in the line, as they are written.
	VectorText, PayloadText Span
}

// Rules is what a collection asks of its documents.
type Rules struct {
	// Dimension is how many components a vector has. If it is 0, any number will do.
	Dimension int
	Texts     []Text
}

// Text is a field of the payload that must be a text.
type Text struct {
	Name     string
	Required bool
}
