package serde

import (
	"errors"
	"math"
)

// List reads a list, each of its values with a function.
func (r *Reader) List(wanted string, read func() error) error {
	if got, more := r.skip(); !more {
		return r.unexpected(endInValue)
	} else if got != '[' {
		return r.wrong(wanted)
	}
	return r.nested(func() error { return r.elements(read) })
}

func (r *Reader) elements(read func() error) error {
	for first := true; ; first = false {
		more, err := r.another(first, ']', "expected `,` or `]`", endInList)
		if err != nil || !more {
			return err
		}
		if err := read(); err != nil {
			return err
		}
	}
}

// another reports whether there is another element before the end of a list or object, and reads the comma or the end.
func (r *Reader) another(first bool, end byte, mark, atEnd string) (bool, error) {
	got, more := r.skip()
	switch {
	case !more:
		return false, r.unexpected(atEnd)
	case got == end:
		r.at++
		return false, nil
	case first:
		return true, nil
	case got != ',':
		return false, r.unexpected(mark)
	}
	r.at++
	got, more = r.skip()
	if !more {
		return false, r.unexpected(endInValue)
	}
	if got == end {
		return false, r.unexpected(trailingMark)
	}
	return true, nil
}

// members reads an object after its brace, each of its values with a function that gets the key.
func (r *Reader) members(read func(key string) error) error {
	for first := true; ; first = false {
		more, err := r.another(first, '}', "expected `,` or `}`", endInObject)
		if err != nil || !more {
			return err
		}
		if r.peek() != '"' {
			return r.unexpected("key must be a string")
		}
		key, err := r.quoted()
		if err != nil {
			return err
		}
		if err := read(key); err != nil {
			return err
		}
	}
}

func (r *Reader) colon() error {
	got, more := r.skip()
	if !more {
		return r.unexpected(endInObject)
	}
	if got != ':' {
		return r.unexpected("expected `:`")
	}
	r.at++
	return nil
}

// Map reads an object, each of its values with a function that gets the key.
func (r *Reader) Map(read func(key string) error) error {
	if got, more := r.skip(); !more {
		return r.unexpected(endInValue)
	} else if got != '{' {
		return r.wrong("a map")
	}
	return r.nested(func() error {
		return r.members(func(key string) error {
			if err := r.colon(); err != nil {
				return err
			}
			return read(key)
		})
	})
}

// Raw gives the text that a function reads.
func (r *Reader) Raw(read func() error) ([]byte, error) {
	r.skip()
	begin := r.at
	err := read()
	return r.text[begin:r.at], err
}

// Field is one field of a struct.
type Field struct {
	Name string
	// Optional says that the field may be missing.
	Optional bool
	Read     func() error
}

// Struct reads an object with these fields and any others, or a list of the values of the fields, in
// their order.
func (r *Reader) Struct(name string, fields ...Field) error {
	got, more := r.skip()
	switch {
	case !more:
		return r.unexpected(endInValue)
	case got == '[':
		return r.nested(func() error { return r.fieldsInOrder(name, fields) })
	case got != '{':
		return r.wrong("struct " + name)
	}
	seen := map[string]bool{}
	err := r.nested(func() error {
		return r.members(func(key string) error { return r.fieldOf(fields, seen, key) })
	})
	if unplaced := (*Error)(nil); errors.As(err, &unplaced) && unplaced.Line == 0 {
		// The end of the object is read before the place is looked at.
		if got, _ := r.skip(); got == '}' {
			r.at++
		}
		return r.unwanted("%s", unplaced.Reason)
	}
	if err != nil {
		return err
	}
	for _, field := range fields {
		if !seen[field.Name] && !field.Optional {
			return r.unwanted("missing field `%s`", field.Name)
		}
	}
	return nil
}

// fieldOf reads a member of a struct after its key.
func (r *Reader) fieldOf(fields []Field, seen map[string]bool, key string) error {
	for _, field := range fields {
		if field.Name != key {
			continue
		}
		if seen[key] {
			return r.unwanted("duplicate field `%s`", key)
		}
		seen[key] = true
		if err := r.colon(); err != nil {
			return err
		}
		return field.Read()
	}
	if err := r.colon(); err != nil {
		return err
	}
	return r.ignore()
}

// fieldsInOrder reads a struct that is written as a list, after its bracket.
func (r *Reader) fieldsInOrder(name string, fields []Field) error {
	for number, field := range fields {
		more, err := r.another(number == 0, ']', "expected `,` or `]`", endInList)
		if err != nil {
			return err
		}
		if !more {
			return r.unwanted("invalid length %d, expected struct %s with %d elements", number, name, len(fields))
		}
		if err := field.Read(); err != nil {
			return err
		}
	}
	more, err := r.another(false, ']', trailing, endInList)
	if err == nil && more {
		return r.unexpected(trailing)
	}
	return err
}

// Variant is one of the forms that a value can have.
type Variant struct {
	Name string
	// Read reads what belongs to the variant.
	Read func() error
	// Unit takes note of a variant that is its name alone, and has no Read.
	Unit func()
}

// Enum reads one of the variants: its name, or an object with its name and what belongs to it.
// The text says which there are.
func (r *Reader) Enum(wanted string, variants ...Variant) error {
	got, more := r.skip()
	switch {
	case !more:
		return r.unexpected(endInValue)
	case got == '"':
		variant, err := r.variant(wanted, variants)
		if err != nil {
			return err
		}
		if variant.Unit == nil {
			return &Error{Reason: "invalid type: unit variant, expected newtype variant", Data: true}
		}
		variant.Unit()
		return nil
	case got != '{':
		return r.unexpected(noValue)
	}
	return r.nested(func() error {
		if err := r.variantWithContent(wanted, variants); err != nil {
			return err
		}
		got, more := r.skip()
		if !more {
			return r.failure(endInObject)
		}
		if got != '}' {
			return r.failure(noValue)
		}
		r.at++
		return nil
	})
}

// variantWithContent reads the name of a variant and what belongs to it.
func (r *Reader) variantWithContent(wanted string, variants []Variant) error {
	got, more := r.skip()
	if !more {
		return r.unexpected(endInValue)
	}
	if got != '"' {
		return r.wrong("variant identifier")
	}
	variant, err := r.variant(wanted, variants)
	if err != nil {
		return err
	}
	if err := r.colon(); err != nil {
		return err
	}
	if variant.Unit == nil {
		return variant.Read()
	}
	if is, err := r.Null(); err != nil || !is {
		return r.wrong("unit")
	}
	variant.Unit()
	return nil
}

func (r *Reader) variant(wanted string, variants []Variant) (Variant, error) {
	name, err := r.quoted()
	if err != nil {
		return Variant{}, err
	}
	for _, variant := range variants {
		if variant.Name == name {
			return variant, nil
		}
	}
	return Variant{}, r.unwanted("unknown variant `%s`, expected %s", name, wanted)
}

// Text reads a text.
func (r *Reader) Text() (string, error) {
	if got, more := r.skip(); !more {
		return "", r.unexpected(endInValue)
	} else if got != '"' {
		return "", r.wrong("a string")
	}
	return r.quoted()
}

// Bool reads a truth value.
func (r *Reader) Bool() (bool, error) {
	got, more := r.skip()
	switch {
	case !more:
		return false, r.unexpected(endInValue)
	case got == 't', got == 'f':
		value, err := r.Value()
		is, _ := value.(bool)
		return is, err
	}
	return false, r.wrong("a boolean")
}

// Natural reads a number that counts or names something, of the Rust type that is named.
func (r *Reader) Natural(kind string) (uint64, error) {
	value, err := r.numeric(kind)
	if err != nil {
		return 0, err
	}
	switch number := value.(type) {
	case uint64:
		return number, nil
	case int64:
		return 0, r.unwanted("invalid value: integer `%d`, expected %s", number, kind)
	default:
		return 0, r.unwanted("invalid type: %s, expected %s", describe(value), kind)
	}
}

// Float reads any number, of the Rust type that is named.
func (r *Reader) Float(kind string) (float64, error) {
	value, err := r.numeric(kind)
	switch number := value.(type) {
	case uint64:
		return float64(number), err
	case int64:
		return float64(number), err
	case float64:
		return number, err
	}
	return 0, err
}

func (r *Reader) numeric(kind string) (any, error) {
	got, more := r.skip()
	if !more {
		return nil, r.unexpected(endInValue)
	}
	if got != '-' && !isDigit(got) {
		return nil, r.wrong(kind)
	}
	return r.number()
}

// Member is a member of an object.
type Member struct {
	Key   string
	Value any
}

// Object is an object as it is written: a key may be there more than once.
type Object []Member

// Value reads anything: nil, a bool, a string, an int64, uint64 or float64, a []any or an Object.
func (r *Reader) Value() (any, error) {
	got, more := r.skip()
	if !more {
		return nil, r.unexpected(endInValue)
	}
	switch {
	case got == '"':
		return r.quoted()
	case got == '-' || isDigit(got):
		return r.number()
	case got == 'n':
		r.at++
		return nil, r.word("ull")
	case got == 't':
		r.at++
		return true, r.word("rue")
	case got == 'f':
		r.at++
		return false, r.word("false"[1:])
	case got == '[':
		list := []any{}
		err := r.nested(func() error {
			return r.elements(func() error {
				element, err := r.Value()
				list = append(list, element)
				return err
			})
		})
		return list, err
	case got == '{':
		object := Object{}
		err := r.nested(func() error {
			return r.members(func(key string) error {
				if err := r.colon(); err != nil {
					return err
				}
				member, err := r.Value()
				object = append(object, Member{Key: key, Value: member})
				return err
			})
		})
		return object, err
	default:
		return nil, r.unexpected(noValue)
	}
}

// ignore reads a value that is passed over. It may be as deep as it likes, a number may be beyond all
// limits, and a text may have half of a pair of codes.
func (r *Reader) ignore() error {
	defer func(before bool, nesting int) { r.ignoring, r.nesting = before, nesting }(r.ignoring, r.nesting)
	r.ignoring, r.nesting = true, math.MaxInt
	_, err := r.Value()
	return err
}
