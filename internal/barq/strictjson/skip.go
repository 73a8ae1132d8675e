package strictjson

// Value reads any value, as serde_json reads one that it keeps. depth is how many arrays and
// objects hold it.
func (s *Scanner) Value(depth int) bool { return s.skip(true, depth) }

// Ignored reads any value, as serde_json reads one that it drops. There, neither the depth nor
// the size of a number nor half of a surrogate pair is a problem.
func (s *Scanner) Ignored() bool { return s.skip(false, 0) }

// skip keeps the open arrays and objects on a stack of its own, because their number has no limit.
func (s *Scanner) skip(strict bool, depth int) bool {
	s.stack = s.stack[:0]
	for {
		c := s.Space()
		if c == '[' || c == '{' {
			if depth+len(s.stack) >= MaxDepth && strict {
				s.found(TooDeep, s.Pos)
			}
			s.Pos++
			closer := c + 2 // As ASCII has them.
			s.stack = append(s.stack, closer)
			if s.Space() != closer {
				if c == '{' {
					if _, ok := s.key(strict); !ok {
						return false
					}
				}
				continue
			}
		} else if !s.scalar(c, strict) {
			return false
		}
		more, ok := s.closeAll(strict)
		if !more || !ok {
			return ok
		}
	}
}

// closeAll reads what follows a value: the ends of what holds it, up to the next comma and the
// key behind that. more is false once nothing is open.
func (s *Scanner) closeAll(strict bool) (more, ok bool) {
	for len(s.stack) > 0 {
		closer := s.stack[len(s.stack)-1]
		switch s.Space() {
		case closer:
			s.Pos++
			s.stack = s.stack[:len(s.stack)-1]
		case ',':
			s.Pos++
			if closer == '}' {
				_, ok := s.key(strict)
				return true, ok
			}
			return true, true
		default:
			return false, false
		}
	}
	return false, true
}

// scalar reads a value that is no array and no object.
func (s *Scanner) scalar(c byte, strict bool) bool {
	switch c {
	case '"':
		_, ok := s.text(strict)
		return ok
	case 't':
		return s.Literal("true")
	case 'f':
		return s.Literal("false")
	case 'n':
		return s.Literal("null")
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		at := s.Pos
		number, ok := s.Number()
		if strict && number&Overflow != 0 {
			s.found(OutOfRange, at)
		}
		return ok
	default:
		return false
	}
}
