package rpc

import (
	"encoding/binary"
	"errors"
	"math"
)

// The ways in which a field of a protocol buffer can be written.
const (
	wireVarint  = 0
	wireFixed64 = 1
	wireBytes   = 2
	wireFixed32 = 5
)

// field is one field of a message: its number, and its value as the wire has it.
type field struct {
	number uint64
	varint uint64
	bytes  []byte
}

var errMessage = errors.New("the message is cut off")

// fields takes a message apart.
func fields(message []byte) ([]field, error) {
	var found []field
	for len(message) > 0 {
		tag, size := binary.Uvarint(message)
		if size <= 0 {
			return nil, errMessage
		}
		message = message[size:]
		one := field{number: tag >> 3}
		var length uint64
		switch tag & 7 {
		case wireVarint:
			one.varint, size = binary.Uvarint(message)
			if size <= 0 {
				return nil, errMessage
			}
			message = message[size:]
			found = append(found, one)
			continue
		case wireFixed64:
			length = 8
		case wireFixed32:
			length = 4
		case wireBytes:
			length, size = binary.Uvarint(message)
			if size <= 0 {
				return nil, errMessage
			}
			message = message[size:]
		default:
			return nil, errMessage
		}
		if length > uint64(len(message)) {
			return nil, errMessage
		}
		one.bytes, message = message[:length], message[length:]
		found = append(found, one)
	}
	return found, nil
}

// floats reads a field of numbers, packed or one by one.
func floats(content []byte) []float32 {
	numbers := make([]float32, 0, len(content)/4)
	for ; len(content) >= 4; content = content[4:] {
		numbers = append(numbers, math.Float32frombits(binary.LittleEndian.Uint32(content)))
	}
	return numbers
}
