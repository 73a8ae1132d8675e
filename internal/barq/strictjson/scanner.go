package strictjson

import "encoding/json"

// MaxDepth is how many arrays and objects may hold one another.
const MaxDepth = 127

// Problem is why serde_json refuses bytes that are JSON.
type Problem uint8

// The problems.
const (
	// NoProblem: serde_json takes it.
	NoProblem Problem = iota
	// TooDeep: more than MaxDepth arrays and objects hold one another.
	TooDeep
	// OutOfRange: a number is beyond 64 bits of floating point.
	OutOfRange
	// LoneSurrogate: an escape is half of a pair, which is no character.
	LoneSurrogate
)

// Scanner reads one text from the position Pos on.
type Scanner struct {
	Data []byte
	Pos  int
	// Problem is the first one, and ProblemAt the position where it was seen.
	Problem   Problem
	ProblemAt int

	stack []byte
}

// Reset makes the scanner read data from the beginning. It keeps its memory.
func (s *Scanner) Reset(data []byte) {
	s.Data, s.Pos, s.Problem, s.ProblemAt = data, 0, NoProblem, 0
}

func (s *Scanner) found(problem Problem, at int) {
	if s.Problem == NoProblem {
		s.Problem, s.ProblemAt = problem, at
	}
}

// Space skips white space and returns the byte behind it, or 0 at the end.
func (s *Scanner) Space() byte {
	for s.Pos < len(s.Data) {
		switch c := s.Data[s.Pos]; c {
		case ' ', '\t', '\n', '\r':
			s.Pos++
		default:
			return c
		}
	}
	return 0
}

// Next moves to the first byte of the next member of an object or element of an array, past the
// comma before it. closer is the byte that ends the object or array, and is consumed. ok is false
// if neither is there.
func (s *Scanner) Next(closer byte, first bool) (more, ok bool) {
	c := s.Space()
	if c == closer {
		s.Pos++
		return false, true
	}
	if !first {
		if c != ',' {
			return false, false
		}
		s.Pos++
		if c = s.Space(); c == closer {
			return false, false
		}
	}
	return true, c != 0
}

// Key reads the name of a member and its colon.
func (s *Scanner) Key() (Token, bool) { return s.key(true) }

func (s *Scanner) key(strict bool) (Token, bool) {
	if s.Space() != '"' {
		return Token{}, false
	}
	token, ok := s.text(strict)
	if !ok || s.Space() != ':' {
		return Token{}, false
	}
	s.Pos++
	return token, true
}

// Token is a text as it stands in the data, without its quotes.
type Token struct {
	Raw     []byte
	escaped bool
}

// Is reports whether the token means the text.
func (t Token) Is(text string) bool {
	if !t.escaped {
		return string(t.Raw) == text
	}
	return t.String() == text
}

// String is what the token means.
func (t Token) String() string {
	if !t.escaped {
		return string(t.Raw)
	}
	var text string
	// It was read before, so it can be read again.
	_ = json.Unmarshal(append(append([]byte{'"'}, t.Raw...), '"'), &text)
	return text
}

// Text reads a text, whose opening quote is at Pos.
func (s *Scanner) Text() (Token, bool) { return s.text(true) }

// text reads a text. A lone surrogate is a problem if strict.
func (s *Scanner) text(strict bool) (Token, bool) {
	data, at := s.Data, s.Pos+1
	token := Token{}
	begin := at
	for at < len(data) {
		c := data[at]
		switch {
		case c == '"':
			token.Raw = data[begin:at]
			s.Pos = at + 1
			return token, true
		case c == '\\':
			token.escaped = true
			s.Pos = at
			if !s.escape(strict) {
				return token, false
			}
			at = s.Pos
		case c < ' ':
			s.Pos = at
			return token, false
		default:
			at++
		}
	}
	s.Pos = at
	return token, false
}

// escape reads an escape, and with the first half of a surrogate pair the second.
func (s *Scanner) escape(strict bool) bool {
	at := s.Pos
	s.Pos++
	if s.Pos >= len(s.Data) {
		return false
	}
	switch s.Data[s.Pos] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.Pos++
		return true
	case 'u':
		s.Pos++
	default:
		return false
	}
	first, ok := s.hexadecimal()
	if !ok || !strict || first < 0xD800 || first > 0xDFFF {
		return ok
	}
	return s.secondHalf(first, at)
}

// secondHalf reads the escape that the first half of a surrogate pair needs behind it. at is where the
// first one begins.
func (s *Scanner) secondHalf(first rune, at int) bool {
	if first >= 0xDC00 || s.Pos+1 >= len(s.Data) || s.Data[s.Pos] != '\\' || s.Data[s.Pos+1] != 'u' {
		s.found(LoneSurrogate, at)
		return true
	}
	second := Scanner{Data: s.Data, Pos: s.Pos + 2}
	last, ok := second.hexadecimal()
	if !ok {
		s.Pos = second.Pos
		return false
	}
	if last < 0xDC00 || last > 0xDFFF {
		s.found(LoneSurrogate, at)
		// It may be the first half of a pair itself, so the caller reads it.
		return true
	}
	s.Pos = second.Pos
	return true
}

func (s *Scanner) hexadecimal() (rune, bool) {
	var value rune
	for range 4 {
		if s.Pos >= len(s.Data) {
			return 0, false
		}
		c := s.Data[s.Pos]
		switch {
		case c >= '0' && c <= '9':
			value = value<<4 | rune(c-'0')
		case c >= 'a' && c <= 'f':
			value = value<<4 | rune(c-'a'+10)
		case c >= 'A' && c <= 'F':
			value = value<<4 | rune(c-'A'+10)
		default:
			return 0, false
		}
		s.Pos++
	}
	return value, true
}

// Literal reads true, false or null, whose first byte is at Pos.
func (s *Scanner) Literal(word string) bool {
	for index := range len(word) {
		if s.Pos >= len(s.Data) || s.Data[s.Pos] != word[index] {
			return false
		}
		s.Pos++
	}
	return true
}
