package markdown

import (
	"fmt"
	"strings"
)

// ReplacePart replaces what is between two lines of a page, which stay.
func ReplacePart(page []byte, begin, end, part string) ([]byte, error) {
	before, rest, began := strings.Cut(string(page), begin+"\n")
	_, after, ended := strings.Cut(rest, end+"\n")
	if !began || !ended {
		return nil, fmt.Errorf("has not the lines %q and %q, between which the results go", begin, end)
	}
	return []byte(before + begin + "\n" + part + end + "\n" + after), nil
}
