package store

import "github.com/barq-db/barq-operator/test/barqserver/internal/serde"

// Component is one number of a vector.
//
// A JSON number that is too large for 32 bits is read as infinity, and an infinity
// is written as null, which cannot be read again. So in Barq DB a single such number
// is a write that succeeds, and a log that no later start survives.
type Component float32

// MarshalJSON writes what is not a number, or not finite, as null.
func (c Component) MarshalJSON() ([]byte, error) { return serde.AppendFloat32(nil, float32(c)), nil }

// UnmarshalJSON reads a number, and only a number.
func (c *Component) UnmarshalJSON(data []byte) error { return serde.Read(data, c.read) }

func (c *Component) read(reader *serde.Reader) error {
	number, err := reader.Float("f32")
	*c = Component(number)
	return err
}

func appendVector(text []byte, vector []Component) []byte {
	text = append(text, '[')
	for index, component := range vector {
		if index > 0 {
			text = append(text, ',')
		}
		text = serde.AppendFloat32(text, float32(component))
	}
	return append(text, ']')
}
