package store

import (
	"errors"
	"strconv"
	"strings"

	"github.com/barq-db/barq-operator/test/barqserver/internal/serde"
)

// ID names a document: by a number, or by a text if IsText.
type ID struct {
	Number uint64
	Text   string
	IsText bool
}

// ErrNoID is an id that no document can have.
var ErrNoID = errors.New("an id is a positive number or a text that is not empty")

// noIDError says which id cannot be one, in Barq DB's words.
type noIDError string

func (e noIDError) Error() string { return string(e) }

// Is reports that the error is ErrNoID.
func (e noIDError) Is(target error) bool { return target == ErrNoID }

// ParseID reads an id as it stands in a path. What looks like a number is one, so a
// document whose id is the text "7" can be inserted and found by a search, but
// neither fetched nor deleted.
func ParseID(text string) (ID, error) {
	id := ID{Text: text, IsText: true}
	// Rust takes a plus sign before a number.
	if number, err := strconv.ParseUint(strings.TrimPrefix(text, "+"), 10, 64); err == nil {
		id = ID{Number: number}
	}
	return id, id.Validate()
}

// Validate refuses what no document can be named by.
func (i ID) Validate() error {
	switch {
	case i.IsText && strings.TrimSpace(i.Text) == "":
		return noIDError("document id string cannot be empty")
	case !i.IsText && i.Number == 0:
		return noIDError("document id must be positive, got 0")
	}
	return nil
}

// String is the id as it stands in a path.
func (i ID) String() string {
	if i.IsText {
		return i.Text
	}
	return strconv.FormatUint(i.Number, 10)
}

// MarshalJSON writes the id as answers and the log have it.
func (i ID) MarshalJSON() ([]byte, error) { return i.append(nil), nil }

func (i ID) append(text []byte) []byte {
	if i.IsText {
		text = serde.AppendText(append(text, `{"Str":`...), i.Text)
	} else {
		text = strconv.AppendUint(append(text, `{"U64":`...), i.Number, 10)
	}
	return append(text, '}')
}

// read reads the id as the log has it.
func (i *ID) read(reader *serde.Reader) error {
	return reader.Enum("`U64` or `Str`",
		serde.Variant{Name: "U64", Read: func() error {
			number, err := reader.Natural("u64")
			*i = ID{Number: number}
			return err
		}},
		serde.Variant{Name: "Str", Read: func() error {
			text, err := reader.Text()
			*i = ID{Text: text, IsText: true}
			return err
		}})
}
