package walline

// Kind is what a line, or a piece of one, is.
type Kind uint8

// The kinds. Pieces of a line are never Blank, Unended or Joined.
const (
	// Good: the server takes it.
	Good Kind = iota
	// Blank: it is only white space, which the server skips.
	Blank
	// Unended: it is a record whose newline is missing. The next write would follow on the line.
	Unended
	// Joined: it is several records.
	Joined
	// Torn: it is no JSON, as what is left of a write that was cut off.
	Torn
	// Zeros: it has bytes that are zero, which a file system leaves after a crash.
	Zeros
	// TooLong: it is longer than lines.Max.
	TooLong
	// NotUTF8: it has bytes that are no text.
	NotUTF8
	// NoNumber: a component of the vector is null, as infinity is written.
	NoNumber
	// OutOfRange: a number is beyond 64 bits.
	OutOfRange
	// TooDeep: its arrays and objects are nested too deep.
	TooDeep
	// Foreign: it is JSON, but no record.
	Foreign
	// BadID: its id is 0 or blank.
	BadID
	// WrongDimension: its vector has another number of components than the collection.
	WrongDimension
	// WrongText: a field of the schema is not a text, or a required one is not there.
	WrongText
	// PointForText: its payload is a point, which has no fields, and a text is required.
	PointForText
)

var kinds = [...]string{
	Good: "Good", Blank: "Blank", Unended: "Unended", Joined: "Joined", Torn: "Torn", Zeros: "Zeros", TooLong: "TooLong", NotUTF8: "NotUTF8",
	NoNumber: "NoNumber", OutOfRange: "OutOfRange", TooDeep: "TooDeep", Foreign: "Foreign",
	BadID: "BadID", WrongDimension: "WrongDimension", WrongText: "WrongText", PointForText: "PointForText",
}

// String is the name of the kind.
func (k Kind) String() string { return kinds[k] }

// MarshalText writes the name.
func (k Kind) MarshalText() ([]byte, error) { return []byte(kinds[k]), nil }

// AgainstSchema reports whether the line is a record that the schema refuses. If a log has many
// of them, the schema is the wrong one.
func (k Kind) AgainstSchema() bool { return k == WrongDimension || k == WrongText }
