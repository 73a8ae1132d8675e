package digits

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
)

// Origin says where the data set comes from, and its licence.
const Origin = "Optical Recognition of Handwritten Digits, E. Alpaydin and C. Kaynak, 1998, UCI Machine Learning Repository, " +
	"https://doi.org/10.24432/C50P49, CC BY 4.0"

const (
	// side is how many pixels an image has in a row, and how many rows.
	side = 8
	// ink is the darkest pixel; paper is 0.
	ink = 16
)

var (
	//go:embed optdigits.tra.gz
	training []byte
	//go:embed optdigits.tes.gz
	test []byte
)

// Digit is one image of a handwritten digit.
type Digit struct {
	// Pixels are the rows of the image, one after the other, from 0 for paper to 16 for ink.
	Pixels []float32
	// Value is which digit it is.
	Value int
}

// Training returns the 3,823 digits of 30 people.
func Training() ([]Digit, error) { return unpack(training) }

// Test returns the 1,797 digits of 13 other people.
func Test() ([]Digit, error) { return unpack(test) }

func unpack(compressed []byte) ([]Digit, error) {
	content, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		return nil, err
	}
	return parse(content)
}

// parse reads lines of 64 pixels and the digit.
func parse(lines io.Reader) ([]Digit, error) {
	reader := csv.NewReader(lines)
	reader.FieldsPerRecord = side*side + 1
	records, err := reader.ReadAll()
	if err != nil {
		return nil, err
	}
	digits := make([]Digit, 0, len(records))
	for line, record := range records {
		digit := Digit{Pixels: make([]float32, 0, side*side)}
		for _, field := range record[:side*side] {
			pixel, err := numberUpTo(field, ink)
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", line+1, err)
			}
			digit.Pixels = append(digit.Pixels, float32(pixel))
		}
		if digit.Value, err = numberUpTo(record[side*side], 9); err != nil {
			return nil, fmt.Errorf("line %d: %w", line+1, err)
		}
		digits = append(digits, digit)
	}
	return digits, nil
}

func numberUpTo(text string, most int) (int, error) {
	number, err := strconv.Atoi(text)
	if err != nil {
		return 0, err
	}
	if number < 0 || number > most {
		return 0, fmt.Errorf("%d is not between 0 and %d", number, most)
	}
	return number, nil
}
