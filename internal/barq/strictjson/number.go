package strictjson

import (
	"encoding/binary"
	"math"
	"math/bits"
	"strconv"
)

// Number says what is known of a number.
type Number uint8

// The properties of a number.
const (
	// Fractional: it has a fraction or an exponent, so serde_json makes it floating point.
	Fractional Number = 1 << iota
	// Negative: it begins with a minus.
	Negative
	// Infinite: in 32 bits of floating point it is infinite.
	Infinite
	// Overflow: it is infinite in 64 bits too, which serde_json refuses.
	Overflow
)

// A number of so many digits before the point is finite in 32 bits.
const digitsOfFloat32 = 38

// Number reads a number, whose first byte is at Pos.
func (s *Scanner) Number() (Number, bool) {
	data, begin := s.Data, s.Pos
	at := begin
	var number Number
	if at < len(data) && data[at] == '-' {
		number = Negative
		at++
	}
	first := at
	at = pastDigits(data, at)
	digits := at - first
	if digits == 0 || (digits > 1 && data[first] == '0') {
		s.Pos = first + min(digits, 1)
		return number, false
	}
	if at < len(data) && data[at] == '.' {
		number |= Fractional
		at++
		fraction := at
		at = pastDigits(data, at)
		if at == fraction {
			s.Pos = at
			return number, false
		}
	}
	s.Pos = at
	if at < len(data) && data[at]|0x20 == 'e' {
		number |= Fractional
		grows, ok := s.exponent()
		if !ok {
			return number, false
		}
		if grows {
			digits = digitsOfFloat32 + 1
		}
	}
	if digits > digitsOfFloat32 {
		number |= size(data[first:s.Pos])
	}
	return number, true
}

// exponent reads an exponent, whose e is at Pos. It grows if it is not negative.
func (s *Scanner) exponent() (grows, ok bool) {
	at := s.Pos + 1
	grows = true
	if at < len(s.Data) && (s.Data[at] == '+' || s.Data[at] == '-') {
		grows = s.Data[at] == '+'
		at++
	}
	s.Pos = pastDigits(s.Data, at)
	return grows, s.Pos > at
}

// PlainNumbers reads numbers with a fraction and without an exponent, each with the comma behind
// it, and returns how many. It is there for speed: most of a log is such numbers. It stops in
// front of everything else, so the caller reads on.
func (s *Scanner) PlainNumbers() int {
	data, at := s.Data, s.Pos
	for count := 0; ; count++ {
		s.Pos = at
		if at < len(data) && data[at] == '-' {
			at++
		}
		first := at
		at = pastDigits(data, at)
		digits := at - first
		if digits == 0 || digits > digitsOfFloat32 || (digits > 1 && data[first] == '0') || at >= len(data) || data[at] != '.' {
			return count
		}
		fraction := at + 1
		at = pastDigits(data, fraction)
		if at == fraction || at >= len(data) || data[at] != ',' {
			return count
		}
		at++
	}
}

// pastDigits returns where the digits end that begin at the position. It looks at eight bytes at a
// time: a byte is a digit if it differs from '0' by at most 9, and every other one gets its
// highest bit set. A carry goes only into bytes behind the first one that is no digit.
func pastDigits(data []byte, at int) int {
	for at+8 <= len(data) {
		differences := binary.LittleEndian.Uint64(data[at:]) ^ 0x3030303030303030
		others := (differences + 0x7676767676767676 | differences) & 0x8080808080808080
		if others != 0 {
			return at + bits.TrailingZeros64(others)/8
		}
		at += 8
	}
	for at < len(data) && data[at]-'0' <= 9 {
		at++
	}
	return at
}

// From here on 32 bits of floating point round to infinity.
const infiniteFloat32 = 3.4028235677973366e38

func size(token []byte) Number {
	value, fits := float(token)
	switch {
	case !fits:
		return Infinite | Overflow
	case value >= infiniteFloat32:
		return Infinite
	default:
		return 0
	}
}

// float computes a number without its sign as serde_json does, which is quicker and less exact
// than the nearest floating point number: at the limit of 64 bits that decides what is refused.
func float(token []byte) (value float64, fits bool) {
	significand, exponent, at := integerPart(token)
	if at < len(token) && token[at] == '.' {
		at++
		for ; at < len(token) && token[at]-'0' <= 9; at++ {
			next, fits := times10(significand, token[at])
			if !fits {
				break
			}
			significand = next
			exponent--
		}
		for at < len(token) && token[at]-'0' <= 9 {
			at++
		}
	}
	if at < len(token) {
		given, err := strconv.ParseInt(string(token[at+1:]), 10, 32)
		switch {
		case err == nil:
		case significand == 0 || given < 0:
			return 0, true
		default:
			return 0, false
		}
		exponent = min(max(exponent+int(given), math.MinInt32), math.MaxInt32)
	}
	return scaled(float64(significand), exponent)
}

// integerPart reads the digits before the point: as many as 64 bits hold, and how many more
// there are.
func integerPart(token []byte) (significand uint64, exponent, at int) {
	for ; at < len(token) && token[at]-'0' <= 9; at++ {
		next, fits := times10(significand, token[at])
		if !fits {
			break
		}
		significand = next
	}
	for ; at < len(token) && token[at]-'0' <= 9; at++ {
		exponent++
	}
	return significand, exponent, at
}

func times10(significand uint64, digit byte) (uint64, bool) {
	value := uint64(digit - '0')
	if significand > (math.MaxUint64-value)/10 {
		return 0, false
	}
	return significand*10 + value, true
}

// The largest power of ten in 64 bits of floating point.
const largestPower = 308

func scaled(value float64, exponent int) (float64, bool) {
	for exponent < -largestPower && value != 0 {
		value /= 1e308
		exponent += largestPower
	}
	switch {
	case value == 0:
		return 0, true
	case exponent > largestPower:
		return 0, false
	case exponent < 0:
		return value / power(-exponent), true
	}
	value *= power(exponent)
	return value, !math.IsInf(value, 0)
}

// power is the floating point number nearest to a power of ten. math.Pow10 is off by a bit for some.
func power(exponent int) float64 {
	value, _ := strconv.ParseFloat("1e"+strconv.Itoa(exponent), 64)
	return value
}
