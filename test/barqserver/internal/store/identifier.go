package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ID names a document: by a number, or by a text if IsText.
type ID struct {
	Number uint64
	Text   string
	IsText bool
}

// ErrNoID is an id that no document can have.
var ErrNoID = errors.New("an id is a positive number or a text that is not empty")

// ParseID reads an id as it stands in a path. What looks like a number is one, so a
// document whose id is the text "7" can be inserted and found by a search, but
// neither fetched nor deleted.
func ParseID(text string) (ID, error) {
	id := ID{Text: text, IsText: true}
	if number, err := strconv.ParseUint(text, 10, 64); err == nil {
		id = ID{Number: number}
	}
	return id, id.Validate()
}

// Validate refuses what no document can be named by.
func (i ID) Validate() error {
	if (i.IsText && strings.TrimSpace(i.Text) == "") || (!i.IsText && i.Number == 0) {
		return ErrNoID
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
func (i ID) MarshalJSON() ([]byte, error) {
	if i.IsText {
		return json.Marshal(map[string]string{"Str": i.Text})
	}
	return json.Marshal(map[string]uint64{"U64": i.Number})
}

// UnmarshalJSON reads the id as the log has it.
func (i *ID) UnmarshalJSON(data []byte) error {
	var tagged struct {
		U64 *uint64
		Str *string
	}
	if err := json.Unmarshal(data, &tagged); err != nil {
		return err
	}
	switch {
	case tagged.U64 != nil:
		*i = ID{Number: *tagged.U64}
	case tagged.Str != nil:
		*i = ID{Text: *tagged.Str, IsText: true}
	default:
		return fmt.Errorf("document id %s: want U64 or Str", data)
	}
	return nil
}
