package wal

import "github.com/barq-db/barq-operator/internal/barq/walline"

// Cure is what the repair of a line costs.
type Cure uint8

// The cures.
const (
	// Certain: the repair loses no write that the server acknowledged.
	Certain Cure = iota
	// Losing: the repair loses an acknowledged write. If it replaced a document, the older
	// version comes back.
	Losing
	// Unsure: the bytes may have held acknowledged writes, and how many is not known.
	Unsure
)

// Piece is a part of a line: a record if its Kind is Good, and bytes to take out otherwise.
type Piece struct {
	walline.Span
	Kind walline.Kind
	// Record is what is known of the record, also of one that the server refuses.
	Record walline.Record
}

// Damage is a line that has to change before the server can read it, or go on after it.
type Damage struct {
	// Line is the number of the line in its file, and counts from 1.
	Line int
	// Offset is where the line begins in the file, and Length how many bytes it has without its
	// newline.
	Offset, Length int64
	// Ended says that it has its newline.
	Ended bool
	// Kind is what is wrong.
	Kind walline.Kind
	// Column is the offset in the line at which that shows.
	Column int
	Cure   Cure
	// Pieces are what the line consists of. White space between them is left out.
	Pieces []Piece
}
