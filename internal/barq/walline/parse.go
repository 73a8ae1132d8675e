package walline

import (
	"math"

	"github.com/barq-db/barq-operator/internal/barq/strictjson"
)

// The methods below read what the server's types say, in the two forms that it takes for each:
// an object, or an array of the members in their order. They return false where the line stops
// being JSON. What is JSON and yet refused is noted, and they go on.

// entry reads {"op":...}. The server ignores other members.
func (c *Checker) entry() bool {
	switch c.json.Space() {
	case '{':
		c.json.Pos++
		found := false
		for first := true; ; first = false {
			more, ok := c.json.Next('}', first)
			if !more || !ok {
				return c.found(found, ok)
			}
			key, ok := c.json.Key()
			if !ok {
				return false
			}
			if !key.Is("op") {
				ok = c.json.Ignored()
			} else {
				c.once(&found)
				ok = c.op()
			}
			if !ok {
				return false
			}
		}
	case '[':
		c.json.Pos++
		return c.inOrder(c.op)
	default:
		return c.foreign()
	}
}

// once notes that a member is there, and refuses it the second time.
func (c *Checker) once(found *bool) {
	if *found {
		c.refuse(Foreign)
	}
	*found = true
}

// found refuses an object without its members. ok is passed on.
func (c *Checker) found(complete, ok bool) bool {
	if ok && !complete {
		c.refuse(Foreign)
	}
	return ok
}

// inOrder reads the rest of an array that must have exactly these elements.
func (c *Checker) inOrder(elements ...func() bool) bool {
	for count := 0; ; count++ {
		more, ok := c.json.Next(']', count == 0)
		switch {
		case !more || !ok:
			return c.found(count >= len(elements), ok)
		case count >= len(elements):
			ok = c.foreign()
		default:
			ok = elements[count]()
		}
		if !ok {
			return false
		}
	}
}

// variant reads an object with one member, whose name chooses how its value is read.
func (c *Checker) variant(read func(name strictjson.Token) bool) bool {
	if c.json.Space() != '{' {
		return c.foreign()
	}
	c.json.Pos++
	for first := true; ; first = false {
		more, ok := c.json.Next('}', first)
		if !more || !ok {
			return c.found(!first, ok)
		}
		name, ok := c.json.Key()
		if !ok {
			return false
		}
		if first {
			ok = read(name)
		} else {
			ok = c.foreign()
		}
		if !ok {
			return false
		}
	}
}

// op reads {"Insert":...} or {"Delete":...}.
func (c *Checker) op() bool { return c.variant(c.opOf) }

func (c *Checker) opOf(name strictjson.Token) bool {
	switch {
	case name.Is("Insert"):
		c.record.Op = Insert
		return c.document()
	case name.Is("Delete"):
		c.record.Op = Delete
		return c.id()
	default:
		return c.foreign()
	}
}

// id reads {"U64":...} or {"Str":...}.
func (c *Checker) id() bool { return c.variant(c.idOf) }

func (c *Checker) idOf(name strictjson.Token) bool {
	first := c.json.Space()
	switch {
	case name.Is("U64") && (first == '-' || (first >= '0' && first <= '9')):
		begin := c.json.Pos
		number, ok := c.json.Number()
		if !ok {
			return false
		}
		value, fits := integer(c.json.Data[begin:c.json.Pos])
		if number != 0 || !fits {
			c.refuse(Foreign)
			return true
		}
		c.record.ID = ID{Number: value}
		return true
	case name.Is("Str") && first == '"':
		text, ok := c.json.Text()
		if ok {
			c.record.ID = ID{Text: text.String(), IsText: true}
		}
		return ok
	default:
		return c.foreign()
	}
}

func integer(digits []byte) (value uint64, fits bool) {
	for _, digit := range digits {
		next := uint64(digit - '0')
		if value > (math.MaxUint64-next)/10 {
			return 0, false
		}
		value = value*10 + next
	}
	return value, true
}

// document reads {"id":...,"vector":...,"payload":...}. Without a payload it is null; the server
// ignores other members.
func (c *Checker) document() bool {
	switch c.json.Space() {
	case '{':
		c.json.Pos++
	case '[':
		c.json.Pos++
		return c.inOrder(c.id, c.vector, c.payload)
	default:
		return c.foreign()
	}
	var id, vector, payload bool
	for first := true; ; first = false {
		more, ok := c.json.Next('}', first)
		if !more || !ok {
			return c.found(id && vector, ok)
		}
		key, ok := c.json.Key()
		if !ok {
			return false
		}
		switch {
		case key.Is("id"):
			c.once(&id)
			ok = c.id()
		case key.Is("vector"):
			c.once(&vector)
			ok = c.vector()
		case key.Is("payload"):
			c.once(&payload)
			ok = c.payload()
		default:
			ok = c.json.Ignored()
		}
		if !ok {
			return false
		}
	}
}

// vector reads an array of numbers.
func (c *Checker) vector() bool {
	if c.json.Space() != '[' {
		return c.foreign()
	}
	begin := c.json.Pos
	c.json.Pos++
	dimension := 0
	for first := true; ; first = false {
		more, ok := c.json.Next(']', first)
		if !ok {
			return false
		}
		if !more {
			break
		}
		if count := c.json.PlainNumbers(); count > 0 {
			dimension += count
			// Behind the last comma there is another component.
			if next := c.json.Space(); next == ']' || next == 0 {
				return false
			}
		}
		if !c.component() {
			return false
		}
		dimension++
	}
	c.record.Dimension = dimension
	c.record.VectorText = Span{begin, c.json.Pos}
	return true
}

func (c *Checker) component() bool {
	switch first := c.json.Data[c.json.Pos]; {
	case first == '-' || (first >= '0' && first <= '9'):
		number, ok := c.json.Number()
		if number&strictjson.Infinite != 0 {
			c.record.Infinite = true
			if number&strictjson.Overflow != 0 {
				c.refuse(OutOfRange)
			}
		}
		return ok
	case first == 'n':
		c.refuse(NoNumber)
		return c.json.Literal("null")
	default:
		return c.foreign()
	}
}

// payload reads any value.
func (c *Checker) payload() bool {
	first := c.json.Space()
	begin := c.json.Pos
	var ok bool
	switch first {
	case 'n':
		ok = c.json.Literal("null")
		c.record.Payload = NoPayload
	case '{':
		ok = c.object()
	default:
		c.record.Payload = OtherPayload
		ok = c.json.Value(depthOfMember)
	}
	c.record.PayloadText = Span{begin, c.json.Pos}
	return ok
}

// coordinate counts the members of one name, and how many of them are numbers.
type coordinate struct{ members, numbers int }

func (c *coordinate) add(isNumber bool) {
	c.members++
	if isNumber {
		c.numbers++
	}
}

// object reads a payload that is one. Of members with one name the last one counts, but with two
// of lat or lon it is no point.
func (c *Checker) object() bool {
	c.json.Pos++
	var lat, lon coordinate
	for first := true; ; first = false {
		more, ok := c.json.Next('}', first)
		if !ok {
			return false
		}
		if !more {
			break
		}
		key, ok := c.json.Key()
		if !ok {
			return false
		}
		c.record.Members++
		value := c.json.Space()
		isNumber := value == '-' || (value >= '0' && value <= '9')
		switch {
		case key.Is("lat"):
			lat.add(isNumber)
		case key.Is("lon"):
			lon.add(isNumber)
		}
		for index, text := range c.rules.Texts {
			if key.Is(text.Name) {
				c.texts[index] = noText
				if value == '"' {
					c.texts[index] = isText
				}
			}
		}
		if !c.json.Value(depthOfMember + 1) {
			return false
		}
	}
	c.record.Payload = Object
	if one := (coordinate{1, 1}); lat == one && lon == one {
		c.record.Payload = Point
	}
	return true
}
