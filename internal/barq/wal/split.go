package wal

import (
	"bytes"
	"slices"

	"github.com/barq-db/barq-operator/internal/barq/walline"
)

// No line that a server writes has so many pieces, and no search for the starts of records reads
// its line so often: a payload has not enough levels. What goes beyond is not worth the time.
const (
	maxPieces   = 10000
	maxReadings = 200
)

// beginning is how the server begins every record. In a text of a payload the quotes would be
// escaped.
var beginning = []byte(`{"op":`)

// split returns what a line consists of: the records in it, and the bytes between them.
//
// A write that is cut off leaves the beginning of a record, and the next record follows on the
// same line. Its start has to be found. Every start from which records reach to the end of the
// line comes into question. A user can put one into a payload, so the start is chosen that the
// torn record cannot hold: the last one before the place where that stops being JSON. If the line
// has no newline, and the torn record is JSON up to its end, nothing follows it.
func split(c *walline.Checker, line []byte, ended bool) []Piece {
	var pieces []Piece
	var starts []int
	searched := false
	at := skipBlank(line, 0)
	for at < len(line) {
		if len(pieces) == maxPieces {
			return append(pieces, Piece{Span: walline.Span{Start: at, End: len(line)}, Kind: walline.Torn})
		}
		if end := skipZeros(line, at); end > at {
			pieces = append(pieces, Piece{Span: walline.Span{Start: at, End: end}, Kind: walline.Zeros})
			at = skipBlank(line, end)
			continue
		}
		piece, stop, whole := prefix(c, line, at)
		if !whole {
			if stop < len(line) || ended {
				if !searched {
					starts, searched = startsOf(c, line, at+1), true
				}
				stop = endOfTorn(line, starts, at, stop)
			}
			piece.End = stop
			if bytes.IndexByte(line[at:stop], 0) >= 0 {
				piece.Kind = walline.Zeros
			}
		}
		pieces = append(pieces, piece)
		at = skipBlank(line, stop)
	}
	return pieces
}

// prefix reads the record that begins at start. end is behind it, or where it stops being JSON.
func prefix(c *walline.Checker, line []byte, start int) (piece Piece, end int, whole bool) {
	record, kind, end, whole := c.Prefix(line, start)
	return Piece{Span: walline.Span{Start: start, End: end}, Kind: kind, Record: record}, end, whole
}

func skipZeros(line []byte, at int) int {
	for at < len(line) && line[at] == 0 {
		at++
	}
	return at
}

// skipBlank returns where the next byte is that is not white space.
func skipBlank(line []byte, at int) int {
	for at < len(line) && (line[at] == ' ' || line[at] == '\t' || line[at] == '\r' || line[at] == '\n') {
		at++
	}
	return at
}

// startsOf returns, in their order, the offsets from which whole records and nothing else reach to
// the end of the line. It returns none if that takes too long.
func startsOf(c *walline.Checker, line []byte, from int) []int {
	var candidates []int
	for at := from; ; at++ {
		next := bytes.Index(line[at:], beginning)
		if next < 0 {
			break
		}
		at += next
		candidates = append(candidates, at)
	}
	// From the last one on, so that it is known whether records follow one.
	var found []int
	read := 0
	reaches := map[int]bool{len(line): true}
	for _, start := range slices.Backward(candidates) {
		piece, end, whole := prefix(c, line, start)
		if read += end - start; read > maxReadings*len(line) {
			return nil
		}
		if whole && piece.Kind != walline.Foreign && reaches[skipBlank(line, end)] {
			reaches[start] = true
			found = append(found, start)
		}
	}
	slices.Reverse(found)
	return found
}

// endOfTorn returns where the torn record at the offset at ends. It stops being JSON at stop.
func endOfTorn(line []byte, starts []int, at, stop int) int {
	if stop < len(line) && line[stop] == 0 {
		return stop
	}
	index, _ := slices.BinarySearch(starts, at+1)
	later := starts[index:]
	if len(later) == 0 {
		return len(line)
	}
	for _, start := range slices.Backward(later) {
		if start <= stop {
			return start
		}
	}
	return later[len(later)-1]
}
