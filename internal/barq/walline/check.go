package walline

import (
	"bytes"
	"unicode/utf8"

	"github.com/barq-db/barq-operator/internal/barq/strictjson"
)

// Depths: how many arrays and objects hold what is read. A line holds op, op holds Insert, and
// Insert holds the document's members.
const depthOfMember = 3

// Checker reads lines of one collection. It keeps its memory from line to line, and is for one
// goroutine.
type Checker struct {
	rules Rules
	json  strictjson.Scanner

	record Record
	// kind and at are the first reason why the server refuses the record.
	kind Kind
	at   int
	// texts is what the payload has in each field of the rules.
	texts []present
}

// present is what is known of a member of the payload.
type present uint8

const (
	absent present = iota
	isText
	noText
)

// NewChecker returns a checker for a collection with these rules.
func NewChecker(rules Rules) *Checker {
	return &Checker{rules: rules, texts: make([]present, len(rules.Texts))}
}

// Check returns what the line is, without its newline, and what it says. column is where the
// fault shows. Spans of the record are offsets in the line.
func (c *Checker) Check(line []byte) (record Record, kind Kind, column int) {
	if blank(line) {
		return Record{}, Blank, 0
	}
	c.begin(line, 0)
	whole := c.entry()
	if whole && c.json.Space() == 0 && c.json.Pos == len(line) {
		c.finish()
	} else {
		c.kind, c.at = Torn, c.json.Pos
	}
	if c.kind != Torn && !utf8.Valid(line) {
		return c.record, NotUTF8, invalidUTF8(line)
	}
	return c.record, c.kind, c.at
}

// Prefix reads the record that begins at start. Other bytes may follow it. end is behind it, or where
// it stops being JSON; then whole is false and kind is Torn.
func (c *Checker) Prefix(line []byte, start int) (record Record, kind Kind, end int, whole bool) {
	c.begin(line, start)
	whole = c.entry()
	end = c.json.Pos
	if !whole {
		return Record{}, Torn, end, false
	}
	c.finish()
	if kind = c.kind; kind == Good && !utf8.Valid(line[start:end]) {
		kind = NotUTF8
	}
	return c.record, kind, end, true
}

func (c *Checker) begin(line []byte, start int) {
	c.json.Reset(line)
	c.json.Pos = start
	c.record, c.kind, c.at = Record{}, Good, 0
	clear(c.texts)
}

// blank reports whether the server skips the line.
func blank(line []byte) bool {
	if len(line) > 0 && line[0] == '{' {
		return false
	}
	return len(bytes.TrimSpace(line)) == 0
}

func invalidUTF8(line []byte) int {
	at := 0
	for at < len(line) {
		character, size := utf8.DecodeRune(line[at:])
		if character == utf8.RuneError && size <= 1 {
			return at
		}
		at += size
	}
	return at
}

func (c *Checker) refuse(kind Kind) {
	if c.kind == Good {
		c.kind, c.at = kind, c.json.Pos
	}
}

// foreign refuses the value at the position, and reads past it.
func (c *Checker) foreign() bool {
	c.refuse(Foreign)
	return c.json.Ignored()
}

// finish looks at what can only be known at the end of a record.
func (c *Checker) finish() {
	if problem := c.json.Problem; problem != strictjson.NoProblem && (c.kind == Good || c.json.ProblemAt < c.at) {
		c.at = c.json.ProblemAt
		switch problem {
		case strictjson.TooDeep:
			c.kind = TooDeep
		case strictjson.OutOfRange:
			c.kind = OutOfRange
		default:
			c.kind = Foreign
		}
	}
	if c.kind != Good || c.record.Op != Insert {
		return
	}
	switch {
	case !c.record.ID.Valid():
		c.kind = BadID
	case c.rules.Dimension > 0 && c.record.Dimension != c.rules.Dimension:
		c.kind = WrongDimension
	default:
		c.kind = c.textsOfRules()
	}
}

func (c *Checker) textsOfRules() Kind {
	for index, text := range c.rules.Texts {
		found := c.texts[index]
		switch {
		case c.record.Payload != Object && text.Required:
			if c.record.Payload == Point {
				return PointForText
			}
			return WrongText
		case c.record.Payload != Object:
		case found == noText, found == absent && text.Required:
			return WrongText
		}
	}
	return Good
}
