package arbitrary

import "strings"

// source hands out the fuzzer's bytes. When they have run out it gives zeros.
type source struct {
	left []byte
}

func (s *source) next() byte {
	if len(s.left) == 0 {
		return 0
	}
	first := s.left[0]
	s.left = s.left[1:]
	return first
}

// below gives a number from 0 to limit-1.
func (s *source) below(limit int) int {
	return int(s.next()) % limit
}

// text gives up to 255 bytes as they are, as far as JSON can have them.
func (s *source) text() string {
	length := min(int(s.next()), len(s.left))
	taken := s.left[:length]
	s.left = s.left[length:]
	return strings.ToValidUTF8(string(taken), "\ufffd")
}

// of gives one of the choices.
func of[T any](s *source, choices []T) T {
	return choices[s.below(len(choices))]
}
