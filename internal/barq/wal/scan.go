package wal

import (
	"bytes"
	"errors"
	"io"
	"slices"

	"github.com/barq-db/barq-operator/internal/barq/lines"
	"github.com/barq-db/barq-operator/internal/barq/walline"
)

// Seal ends a torn record that nothing follows, while the server runs: appended in one write, it
// makes sure that the next record begins on a line of its own. The server skips both of its
// lines. The second, which only a Seal writes, says that the line before was the rest of a write
// that was never acknowledged.
const Seal = "\n" + sealLine + "\n"

const sealLine = " \t"

// Summary is what a file of the log holds.
type Summary struct {
	Bytes int64
	// Lines counts all lines, the blank ones too.
	Lines int
	// Inserts and Deletes count the good records, as they are after a repair.
	Inserts, Deletes int
	// Infinite counts good records with a component that is infinite; see Record.
	Infinite int
	// Misfits counts the records that are against the schema.
	Misfits int
}

func (s *Summary) add(piece Piece) {
	switch {
	case piece.Kind.AgainstSchema():
		s.Misfits++
	case piece.Kind != walline.Good:
		return
	case piece.Record.Op == walline.Delete:
		s.Deletes++
	default:
		s.Inserts++
		if piece.Record.Infinite {
			s.Infinite++
		}
	}
}

// Visit is told of a damaged line. text is the line, or the first lines.Max bytes of it, and is
// only valid until Visit returns.
type Visit func(damage Damage, text []byte) error

// Scan reads a file of the log from its beginning to its end, and visits each damaged line in
// their order. Its memory is bounded by a multiple of lines.Max.
func Scan(reader io.Reader, rules walline.Rules, visit Visit) (Summary, error) {
	return ScanRecords(reader, rules, func(walline.Record) {}, visit)
}

// ScanRecords is Scan, and visits each record too that a repair keeps. Spans of it are offsets in its line.
func ScanRecords(reader io.Reader, rules walline.Rules, each func(walline.Record), visit Visit) (Summary, error) {
	s := scan{checker: walline.NewChecker(rules), each: each, visit: visit}
	reading := lines.NewReader(reader)
	for {
		read, err := reading.Next()
		if errors.Is(err, io.EOF) {
			return s.summary, s.settle(Unsure)
		}
		if err != nil {
			return s.summary, err
		}
		if err := s.line(read); err != nil {
			return s.summary, err
		}
		s.summary.Bytes = reading.Offset()
	}
}

type scan struct {
	checker *walline.Checker
	each    func(walline.Record)
	visit   Visit
	summary Summary

	// waiting is a torn line about which the next one decides, with a copy of its text.
	waiting *Damage
	text    []byte
}

func (s *scan) line(read lines.Line) error {
	s.summary.Lines++
	if s.waiting != nil {
		cure := Unsure
		if read.Ended && string(read.Text) == sealLine {
			cure = Certain
		}
		if err := s.settle(cure); err != nil {
			return err
		}
	}
	if read.Cut() {
		return s.visit(tooLong(read), read.Text)
	}
	record, kind, column := s.checker.Check(read.Text)
	damage := Damage{
		Line: read.Number, Offset: read.Offset, Length: read.Length, Ended: read.Ended, Kind: kind, Column: column,
	}
	switch kind {
	case walline.Blank:
		return nil
	case walline.Good:
		piece := Piece{Span: walline.Span{End: len(read.Text)}, Record: record}
		s.add(piece)
		if read.Ended {
			return nil
		}
		damage.Kind, damage.Pieces = walline.Unended, []Piece{piece}
		return s.visit(damage, read.Text)
	}
	damage.Pieces = split(s.checker, read.Text, read.Ended)
	damage.judge(read.Text)
	for _, piece := range damage.Pieces {
		s.add(piece)
	}
	if damage.Kind == walline.Torn && damage.Cure == Unsure {
		s.waiting, s.text = &damage, slices.Clone(read.Text)
		return nil
	}
	return s.visit(damage, read.Text)
}

func (s *scan) add(piece Piece) {
	s.summary.add(piece)
	if piece.Kind == walline.Good {
		s.each(piece.Record)
	}
}

// settle visits the line that waits.
func (s *scan) settle(cure Cure) error {
	if s.waiting == nil {
		return nil
	}
	damage, text := *s.waiting, s.text
	s.waiting, s.text = nil, nil
	damage.Cure = cure
	return s.visit(damage, text)
}

// judge says what the repair costs, and of what kind the damage is as a whole.
//
// Only the last piece can have been acknowledged, and only if the newline follows it. Zeros are
// what a crash of the node left of acknowledged writes too, unless they are the end of the file.
func (d *Damage) judge(text []byte) {
	kinds := make([]walline.Kind, 0, len(d.Pieces))
	for _, piece := range d.Pieces {
		kinds = append(kinds, piece.Kind)
	}
	last := kinds[len(kinds)-1]
	d.Kind = last
	if last == walline.Good {
		d.Kind = walline.Joined
		if bad := slices.IndexFunc(kinds, func(kind walline.Kind) bool { return kind != walline.Good }); bad >= 0 {
			d.Kind = kinds[bad]
		}
	}
	if !d.Ended {
		text = bytes.TrimRight(text, "\x00")
	}
	switch {
	case bytes.IndexByte(text, 0) >= 0:
		d.Kind, d.Cure = walline.Zeros, Unsure
	case !d.Ended, last == walline.Good:
		d.Cure = Certain
	case last == walline.Torn:
		d.Cure = Unsure
	default:
		d.Cure = Losing
	}
}

// tooLong returns the damage of a line that was not read as a whole.
func tooLong(read lines.Line) Damage {
	damage := Damage{
		Line: read.Number, Offset: read.Offset, Length: read.Length, Ended: read.Ended, Kind: walline.TooLong, Cure: Unsure,
	}
	// What a crash of the node leaves at the end of a file can have any length.
	if read.Zeros && !read.Ended && skipZeros(read.Text, 0) == len(read.Text) {
		damage.Kind, damage.Cure = walline.Zeros, Certain
	}
	damage.Pieces = []Piece{{Span: walline.Span{End: int(read.Length)}, Kind: damage.Kind}}
	return damage
}
