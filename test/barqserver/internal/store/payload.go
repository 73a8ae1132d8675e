package store

import (
	"maps"
	"slices"
	"strconv"

	"github.com/barq-db/barq-operator/test/barqserver/internal/serde"
)

// Payload is whatever JSON belongs to a document.
type Payload struct{ value any }

// place is a point on the map. It has no fields that a text could be in.
type place struct{ latitude, longitude float64 }

// bodyNesting is how many objects a payload is inside of in a request over HTTP.
const bodyNesting = 1

// UnmarshalJSON reads a payload of a request over HTTP.
func (p *Payload) UnmarshalJSON(data []byte) error {
	return serde.ReadInside(bodyNesting, data, func(reader *serde.Reader) error { return p.read(reader) })
}

// NewRPCPayload gives the payload of a call of gRPC. There are no points in it until it is read from the log.
func NewRPCPayload(text string) (*Payload, error) {
	payload := &Payload{}
	err := serde.Read([]byte(text), func(reader *serde.Reader) error {
		value, err := reader.Value()
		payload.value = plain(value)
		return err
	})
	return payload, err
}

func (p *Payload) read(reader *serde.Reader) error {
	value, err := reader.Value()
	p.value = normal(value)
	return err
}

// MarshalJSON writes the payload as it was understood.
func (p Payload) MarshalJSON() ([]byte, error) { return p.append(nil), nil }

func (p Payload) append(text []byte) []byte { return appendValue(text, p.value) }

// appendValue writes a value. Barq DB writes the members of an object in no order.
func appendValue(text []byte, value any) []byte {
	switch value := value.(type) {
	case bool:
		return strconv.AppendBool(text, value)
	case string:
		return serde.AppendText(text, value)
	case int64:
		return strconv.AppendInt(text, value, 10)
	case float64:
		return serde.AppendFloat(text, value)
	case place:
		text = serde.AppendFloat(append(text, `{"lat":`...), value.latitude)
		text = serde.AppendFloat(append(text, `,"lon":`...), value.longitude)
		return append(text, '}')
	case []any:
		text = append(text, '[')
		for index, element := range value {
			if index > 0 {
				text = append(text, ',')
			}
			text = appendValue(text, element)
		}
		return append(text, ']')
	case map[string]any:
		text = append(text, '{')
		for index, field := range slices.Sorted(maps.Keys(value)) {
			if index > 0 {
				text = append(text, ',')
			}
			text = appendValue(append(serde.AppendText(text, field), ':'), value[field])
		}
		return append(text, '}')
	default:
		return append(text, "null"...)
	}
}

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

// plain gives a JSON value with its numbers in the two kinds that Barq DB knows.
func plain(value any) any {
	switch value := value.(type) {
	case uint64:
		if signed := int64(value); signed >= 0 {
			return signed
		}
		return float64(value)
	case []any:
		for index := range value {
			value[index] = plain(value[index])
		}
	case serde.Object:
		return object(value, plain)
	}
	return value
}

// object gives the members of an object. Of those with one key the last counts.
func object(members serde.Object, each func(any) any) map[string]any {
	fields := map[string]any{}
	for _, member := range members {
		fields[member.Key] = each(member.Value)
	}
	return fields
}

// normal gives a JSON value as Barq DB understands it. It tries the kinds of
// value that it knows in an order, and a point on the map comes before lists and
// objects: a list of two numbers becomes a point, and of an object that has lat and
// lon nothing else is kept.
func normal(value any) any {
	switch value := value.(type) {
	case []any:
		if len(value) == 2 {
			if at, is := point(value[0], value[1]); is {
				return at
			}
		}
		for index := range value {
			value[index] = normal(value[index])
		}
		return value
	case serde.Object:
		if at, is := point(only(value, "lat"), only(value, "lon")); is {
			return at
		}
		return object(value, normal)
	default:
		return plain(value)
	}
}

// only gives the value of a key that is there once.
func only(members serde.Object, key string) any {
	var found []any
	for _, member := range members {
		if member.Key == key {
			found = append(found, member.Value)
		}
	}
	if len(found) != 1 {
		return nil
	}
	return found[0]
}

func point(latitude, longitude any) (place, bool) {
	lat, hasLat := degrees(latitude)
	lon, hasLon := degrees(longitude)
	return place{lat, lon}, hasLat && hasLon
}

func degrees(value any) (float64, bool) {
	switch value := value.(type) {
	case uint64:
		return float64(value), true
	case int64:
		return float64(value), true
	case float64:
		return value, true
	}
	return 0, false
}
