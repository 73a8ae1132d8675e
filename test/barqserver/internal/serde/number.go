package serde

import (
	"math"
	"strconv"
)

// number reads a number whose first byte is a digit or a minus sign: an int64 if it is a negative integer,
// a uint64 if it is another integer, else a float64.
func (r *Reader) number() (any, error) {
	positive := true
	if r.peek() == '-' {
		positive = false
		r.at++
	}
	first, more := r.next()
	switch {
	case !more:
		return nil, r.failure(endInValue)
	case first == '0':
		if isDigit(r.peek()) {
			return nil, r.unexpected(badNumber)
		}
		return r.afterInteger(positive, 0)
	case !isDigit(first):
		return nil, r.failure(badNumber)
	}
	significand := uint64(first - '0')
	for isDigit(r.peek()) {
		larger, fits := withDigit(significand, r.peek())
		if !fits {
			return r.longInteger(positive, significand)
		}
		r.at++
		significand = larger
	}
	return r.afterInteger(positive, significand)
}

func (r *Reader) afterInteger(positive bool, significand uint64) (any, error) {
	switch r.peek() {
	case '.':
		return r.decimals(positive, significand, 0)
	case 'e', 'E':
		return r.exponent(positive, significand, 0)
	}
	if positive {
		return significand, nil
	}
	if negative := -int64(significand); negative < 0 {
		return negative, nil
	}
	return -float64(significand), nil
}

// longInteger reads the digits that no uint64 has room for: they only move the point.
func (r *Reader) longInteger(positive bool, significand uint64) (any, error) {
	exponent := 0
	for ; isDigit(r.peek()); r.at++ {
		exponent++
	}
	switch r.peek() {
	case '.':
		return r.decimals(positive, significand, exponent)
	case 'e', 'E':
		return r.exponent(positive, significand, exponent)
	}
	return r.float(positive, significand, exponent)
}

func (r *Reader) decimals(positive bool, significand uint64, exponent int) (any, error) {
	r.at++
	begin := r.at
	full := false
	for ; isDigit(r.peek()); r.at++ {
		if full {
			continue
		}
		larger, fits := withDigit(significand, r.peek())
		if !fits {
			full = true
			continue
		}
		significand = larger
		exponent--
	}
	if r.at == begin {
		if r.at == len(r.text) {
			return nil, r.unexpected(endInValue)
		}
		return nil, r.unexpected(badNumber)
	}
	if r.peek() == 'e' || r.peek() == 'E' {
		return r.exponent(positive, significand, exponent)
	}
	return r.float(positive, significand, exponent)
}

func (r *Reader) exponent(positive bool, significand uint64, start int) (any, error) {
	r.at++
	sign := 1
	switch r.peek() {
	case '-':
		sign = -1
		r.at++
	case '+':
		r.at++
	}
	first, more := r.next()
	if !more {
		return nil, r.failure(endInValue)
	}
	if !isDigit(first) {
		return nil, r.failure(badNumber)
	}
	exponent := int(first - '0')
	for isDigit(r.peek()) {
		exponent = exponent*10 + int(r.peek()-'0')
		r.at++
		if exponent > math.MaxInt32 {
			if significand != 0 && sign > 0 && !r.ignoring {
				return nil, r.failure(outOfRange)
			}
			for isDigit(r.peek()) {
				r.at++
			}
			return r.float(positive, 0, 0)
		}
	}
	return r.float(positive, significand, start+sign*exponent)
}

// float gives the number in two steps that each round. So the result can differ in its last
// bit from the number of 64 bits that is nearest.
func (r *Reader) float(positive bool, significand uint64, exponent int) (any, error) {
	const largest = 308
	number := float64(significand)
	for ; exponent < -largest && number != 0; exponent += largest {
		number /= 1e308
	}
	switch {
	case number == 0:
	case r.ignoring:
		return 0.0, nil
	case exponent > largest:
		return nil, r.failure(outOfRange)
	case exponent >= 0:
		number *= powerOfTen(exponent)
	default:
		number /= powerOfTen(-exponent)
	}
	if math.IsInf(number, 0) {
		return nil, r.failure(outOfRange)
	}
	if !positive {
		number = -number
	}
	return number, nil
}

// powerOfTen gives the float64 that is nearest to a power of ten.
func powerOfTen(exponent int) float64 {
	// The text of a power of ten is a number.
	power, _ := strconv.ParseFloat("1e"+strconv.Itoa(exponent), 64)
	return power
}

func isDigit(letter byte) bool { return letter >= '0' && letter <= '9' }

// withDigit gives the number with one more digit at its end, if there is room for it.
func withDigit(number uint64, digit byte) (larger uint64, fits bool) {
	value := uint64(digit - '0')
	if number > (math.MaxUint64-value)/10 {
		return 0, false
	}
	return number*10 + value, true
}

// AppendFloat writes a number of 64 bits in its shortest form, always as one that is no integer. One that is not finite is null.
func AppendFloat(text []byte, number float64) []byte { return appendFloat(text, number, 64, 16, -5) }

// AppendFloat32 writes a number of 32 bits likewise.
func AppendFloat32(text []byte, number float32) []byte {
	return appendFloat(text, float64(number), 32, 13, -6)
}

// appendFloat writes a number without an exponent while its point is less far from the first digit than the limits.
func appendFloat(text []byte, number float64, bits, most, least int) []byte {
	if math.IsNaN(number) || math.IsInf(number, 0) {
		return append(text, "null"...)
	}
	if number == 0 {
		if math.Signbit(number) {
			text = append(text, '-')
		}
		return append(text, "0.0"...)
	}
	// The form is d.ddde±dd.
	scientific := strconv.FormatFloat(number, 'e', -1, bits)
	mark := len(scientific) - 1
	for scientific[mark] != 'e' {
		mark--
	}
	exponent, _ := strconv.Atoi(scientific[mark+1:])
	point := exponent + 1
	if point > most || point <= least {
		text = append(text, scientific[:mark]...)
		text = append(text, 'e')
		if exponent > 0 {
			text = append(text, '+')
		}
		return strconv.AppendInt(text, int64(exponent), 10)
	}
	begin := len(text)
	text = strconv.AppendFloat(text, number, 'f', -1, bits)
	for _, letter := range text[begin:] {
		if letter == '.' {
			return text
		}
	}
	return append(text, ".0"...)
}
