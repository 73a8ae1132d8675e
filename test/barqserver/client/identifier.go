package client

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// ID names a document: a positive number or, when Name is set, a text. Barq DB
// takes `7` or `"seven"` in a request and gives {"U64":7} or {"Str":"seven"}.
type ID struct {
	Number uint64
	Name   string
}

// Number gives the id of a document that is named by a number.
func Number(number uint64) ID { return ID{Number: number} }

// Name gives the id of a document that is named by a text.
func Name(name string) ID { return ID{Name: name} }

// String is the id as it stands in a path.
func (i ID) String() string {
	if i.Name != "" {
		return i.Name
	}
	return strconv.FormatUint(i.Number, 10)
}

// MarshalJSON writes the id as it stands in a request.
func (i ID) MarshalJSON() ([]byte, error) {
	if i.Name != "" {
		return json.Marshal(i.Name)
	}
	return json.Marshal(i.Number)
}

// UnmarshalJSON reads the id as it stands in an answer.
func (i *ID) UnmarshalJSON(data []byte) error {
	var tagged struct {
		U64 *uint64
		Str *string
	}
	if err := json.Unmarshal(data, &tagged); err != nil {
		return fmt.Errorf("document id %s: %w", data, err)
	}
	switch {
	case tagged.U64 != nil:
		*i = ID{Number: *tagged.U64}
	case tagged.Str != nil:
		*i = ID{Name: *tagged.Str}
	default:
		return fmt.Errorf("document id %s: neither U64 nor Str", data)
	}
	return nil
}
