package markdown

import (
	"fmt"
	"os"
	"strings"
)

// WritePart replaces what is between two lines of the page in a file.
func WritePart(file, begin, end, part string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	text, err = ReplacePart(text, begin, end, part)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return os.WriteFile(file, text, 0o644)
}

// ReplacePart replaces what is between two lines of a page, which stay.
func ReplacePart(page []byte, begin, end, part string) ([]byte, error) {
	before, rest, began := strings.Cut(string(page), begin+"\n")
	_, after, ended := strings.Cut(rest, end+"\n")
	if !began || !ended {
		return nil, fmt.Errorf("has not the lines %q and %q, between which the results go", begin, end)
	}
	return []byte(before + begin + "\n" + part + end + "\n" + after), nil
}
