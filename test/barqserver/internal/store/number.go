package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
)

// Component is one number of a vector.
//
// A JSON number that is too large for 32 bits is read as infinity, and an infinity
// is written as null, which cannot be read again. So in Barq DB a single such number
// is a write that succeeds, and a log that no later start survives.
type Component float32

// MarshalJSON writes what is not a number, or not finite, as null.
func (c Component) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(c)) || math.IsInf(float64(c), 0) {
		return []byte("null"), nil
	}
	return strconv.AppendFloat(nil, float64(c), 'g', -1, 32), nil
}

// UnmarshalJSON reads a number, and only a number.
func (c *Component) UnmarshalJSON(data []byte) error {
	if len(data) == 0 || (data[0] != '-' && (data[0] < '0' || data[0] > '9')) {
		return fmt.Errorf("a vector holds %s, which is not a number", data)
	}
	number, err := strconv.ParseFloat(string(data), 64)
	if err != nil {
		return &RangeError{Number: string(data)}
	}
	*c = Component(number)
	return nil
}

// RangeError is a number that is too large even for 64 bits. Barq DB takes a text
// with one for one that is not JSON.
type RangeError struct{ Number string }

func (e *RangeError) Error() string { return e.Number + " is too large" }

// Payload is whatever JSON belongs to a document.
type Payload struct{ value any }

// NewPayload gives the payload that a JSON value becomes.
func NewPayload(data []byte) (*Payload, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	return &Payload{value: normal(value)}, nil
}

// UnmarshalJSON reads a payload as NewPayload does.
func (p *Payload) UnmarshalJSON(data []byte) error {
	read, err := NewPayload(data)
	if err != nil {
		return err
	}
	*p = *read
	return nil
}

// MarshalJSON writes the payload as it was understood.
func (p Payload) MarshalJSON() ([]byte, error) { return json.Marshal(p.value) }

// text gives the text in a field of the payload; found tells whether the field is
// there at all.
func (p *Payload) text(field string) (text string, isText, found bool) {
	if p == nil {
		return "", false, false
	}
	fields, isObject := p.value.(map[string]any)
	if !isObject {
		return "", false, false
	}
	value, found := fields[field]
	text, isText = value.(string)
	return text, isText, found
}

// normal gives a decoded JSON value as Barq DB understands it. It tries the kinds of
// value that it knows in an order, and a point on the map comes before lists and
// objects: a list of two numbers becomes a point, and of an object that has lat and
// lon nothing else is kept.
func normal(value any) any {
	switch value := value.(type) {
	case json.Number:
		if integer, err := value.Int64(); err == nil {
			return integer
		}
		number, err := value.Float64()
		if err != nil {
			return nil
		}
		return number
	case []any:
		if len(value) == 2 {
			if place := point(value[0], value[1]); place != nil {
				return place
			}
		}
		for index := range value {
			value[index] = normal(value[index])
		}
		return value
	case map[string]any:
		if place := point(value["lat"], value["lon"]); place != nil {
			return place
		}
		for field := range value {
			value[field] = normal(value[field])
		}
		return value
	default:
		return value
	}
}

func point(latitude, longitude any) map[string]any {
	lat, hasLat := latitude.(json.Number)
	lon, hasLon := longitude.(json.Number)
	if !hasLat || !hasLon {
		return nil
	}
	latDegrees, latErr := lat.Float64()
	lonDegrees, lonErr := lon.Float64()
	if latErr != nil || lonErr != nil {
		return nil
	}
	return map[string]any{"lat": latDegrees, "lon": lonDegrees}
}
