package schema

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/barq-db/barq-operator/internal/barq/strictjson"
)

// value is a JSON value as it is written, or nil for one that is not there.
type value []byte

// whole returns the value that a file holds.
func whole(content []byte) (value, error) {
	scanner := strictjson.Scanner{Data: content}
	scanner.Space()
	begin := scanner.Pos
	if !scanner.Ignored() || scanner.Pos == begin {
		return nil, ErrTorn
	}
	end := scanner.Pos
	if scanner.Space(); scanner.Pos != len(content) {
		return nil, ErrTorn
	}
	return content[begin:end], nil
}

func (v value) isNull() bool { return v == nil || string(v) == "null" }

// members reads those members of an object that it is given variables for. One that is there
// twice is refused.
func (v value) members(into map[string]*value) error {
	return v.each('{', func(name string, member value) error {
		variable := into[name]
		if variable == nil {
			return nil
		}
		if *variable != nil {
			return fmt.Errorf("%s is there twice", name)
		}
		*variable = member
		return nil
	})
}

// elements reads an array.
func (v value) elements() ([]value, error) {
	var elements []value
	err := v.each('[', func(_ string, element value) error {
		elements = append(elements, element)
		return nil
	})
	return elements, err
}

// variant reads a choice of one: its name, or an object with its name and what belongs to it.
func (v value) variant() (name string, content value, err error) {
	if len(v) > 0 && v[0] == '"' {
		name, err = v.text()
		return name, nil, err
	}
	count := 0
	err = v.each('{', func(member string, of value) error {
		count++
		name, content = member, of
		return nil
	})
	if err == nil && count != 1 {
		err = errors.New("one choice is wanted")
	}
	return name, content, err
}

// none refuses what belongs to a choice to which nothing belongs.
func (v value) none() error {
	if !v.isNull() {
		return fmt.Errorf("nothing is wanted instead of %s", v)
	}
	return nil
}

// each calls the function for each member of an object, or each element of an array.
func (v value) each(opening byte, visit func(name string, member value) error) error {
	if len(v) == 0 || v[0] != opening {
		return v.wanted("an array or object")
	}
	scanner := strictjson.Scanner{Data: v, Pos: 1}
	for first := true; ; first = false {
		more, _ := scanner.Next(opening+2, first)
		if !more {
			return nil
		}
		name := ""
		if opening == '{' {
			key, _ := scanner.Key()
			name = key.String()
			if scanner.Problem != strictjson.NoProblem || !utf8.Valid(key.Raw) {
				return fmt.Errorf("the name %s is no text", name)
			}
		}
		scanner.Space()
		begin := scanner.Pos
		scanner.Ignored()
		if err := visit(name, v[begin:scanner.Pos]); err != nil {
			return err
		}
	}
}

func (v value) text() (string, error) {
	if len(v) == 0 || v[0] != '"' {
		return "", v.wanted("a text")
	}
	scanner := strictjson.Scanner{Data: v}
	token, _ := scanner.Text()
	if scanner.Problem != strictjson.NoProblem || !utf8.Valid(v) {
		return "", v.wanted("a text")
	}
	return token.String(), nil
}

func (v value) boolean() (bool, error) {
	switch string(v) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	default:
		return false, v.wanted("true or false")
	}
}

func (v value) integer() (uint64, error) {
	number, err := strconv.ParseUint(string(v), 10, 64)
	if err != nil {
		return 0, v.wanted("a whole number")
	}
	return number, nil
}

func (v value) integers(names ...string) ([]uint64, error) {
	numbers := make([]uint64, len(names))
	for index, name := range names {
		var member value
		err := v.members(map[string]*value{name: &member})
		if err == nil {
			numbers[index], err = member.integer()
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return numbers, nil
}

func (v value) number() error {
	if len(v) == 0 || !bytes.ContainsRune([]byte("-0123456789"), rune(v[0])) {
		return v.wanted("a number")
	}
	scanner := strictjson.Scanner{Data: v}
	if number, _ := scanner.Number(); number&strictjson.Overflow != 0 {
		return v.wanted("a smaller number")
	}
	return nil
}

func (v value) wanted(what string) error {
	if v == nil {
		return fmt.Errorf("%s is wanted and not there", what)
	}
	return fmt.Errorf("%s is wanted instead of %.100s", what, []byte(v))
}
