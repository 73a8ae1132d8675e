package strictjson

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// ErrTorn is what is no whole JSON text.
var ErrTorn = errors.New("the text is cut off")

// Value is a JSON value as it is written, or nil for one that is not there.
type Value []byte

// Whole returns the value that a text holds. The error is ErrTorn if it is no whole one.
func Whole(content []byte) (Value, error) {
	scanner := Scanner{Data: content}
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

// IsNull reports whether there is none, or null.
func (v Value) IsNull() bool { return v == nil || string(v) == "null" }

// Members reads those members of an object that it is given variables for. One that is there
// twice is refused.
func (v Value) Members(into map[string]*Value) error {
	return v.each('{', func(name string, member Value) error {
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

// Elements reads an array.
func (v Value) Elements() ([]Value, error) {
	var elements []Value
	err := v.each('[', func(_ string, element Value) error {
		elements = append(elements, element)
		return nil
	})
	return elements, err
}

// Variant reads a choice of one: its name, or an object with its name and what belongs to it.
func (v Value) Variant() (name string, content Value, err error) {
	if len(v) > 0 && v[0] == '"' {
		name, err = v.Text()
		return name, nil, err
	}
	count := 0
	err = v.each('{', func(member string, of Value) error {
		count++
		name, content = member, of
		return nil
	})
	if err == nil && count != 1 {
		err = errors.New("one choice is wanted")
	}
	return name, content, err
}

// None refuses what belongs to a choice to which nothing belongs.
func (v Value) None() error {
	if !v.IsNull() {
		return fmt.Errorf("nothing is wanted instead of %s", v)
	}
	return nil
}

// each calls the function for each member of an object, or each element of an array.
func (v Value) each(opening byte, visit func(name string, member Value) error) error {
	if len(v) == 0 || v[0] != opening {
		return v.wanted("an array or object")
	}
	scanner := Scanner{Data: v, Pos: 1}
	for first := true; ; first = false {
		more, _ := scanner.Next(opening+2, first)
		if !more {
			return nil
		}
		name := ""
		if opening == '{' {
			key, _ := scanner.Key()
			name = key.String()
			if scanner.Problem != NoProblem || !utf8.Valid(key.Raw) {
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

// Text returns a text.
func (v Value) Text() (string, error) {
	if len(v) == 0 || v[0] != '"' {
		return "", v.wanted("a text")
	}
	scanner := Scanner{Data: v}
	token, _ := scanner.Text()
	if scanner.Problem != NoProblem || !utf8.Valid(v) {
		return "", v.wanted("a text")
	}
	return token.String(), nil
}

// Boolean returns true or false.
func (v Value) Boolean() (bool, error) {
	switch string(v) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	default:
		return false, v.wanted("true or false")
	}
}

// Integer returns a whole number that is not negative.
func (v Value) Integer() (uint64, error) {
	number, err := strconv.ParseUint(string(v), 10, 64)
	if err != nil {
		return 0, v.wanted("a whole number")
	}
	return number, nil
}

// Integers returns the members with these names, which are whole numbers that are not negative.
func (v Value) Integers(names ...string) ([]uint64, error) {
	numbers := make([]uint64, len(names))
	for index, name := range names {
		var member Value
		err := v.Members(map[string]*Value{name: &member})
		if err == nil {
			numbers[index], err = member.Integer()
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return numbers, nil
}

// Number refuses what is no number, or one beyond 64 bits.
func (v Value) Number() error {
	if len(v) == 0 || !bytes.ContainsRune([]byte("-0123456789"), rune(v[0])) {
		return v.wanted("a number")
	}
	scanner := Scanner{Data: v}
	if number, _ := scanner.Number(); number&Overflow != 0 {
		return v.wanted("a smaller number")
	}
	return nil
}

func (v Value) wanted(what string) error {
	if v == nil {
		return fmt.Errorf("%s is wanted and not there", what)
	}
	return fmt.Errorf("%s is wanted instead of %.100s", what, []byte(v))
}
