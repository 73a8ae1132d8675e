package markdown

import (
	"fmt"
	"slices"
	"strings"
)

// The words that a marker begins with.
const (
	// RunBy names the test that reads the document and runs the block, or the script that
	// has the same commands.
	RunBy = "run by"
	// TestedBy names tests that do what the commands do.
	TestedBy = "tested by"
	// Needs names what no test has.
	Needs = "needs"
	// File names the file that a reader saves the block as.
	File = "file"
)

// Marker is what the comment above a block says: a word, a colon, and one or more
// things, separated by commas.
type Marker struct {
	Word  string
	Names []string
}

// ParseMarker reads a comment. A comment that is no marker is an error.
func ParseMarker(comment string) (Marker, error) {
	word, rest, found := strings.Cut(comment, ":")
	words := []string{RunBy, TestedBy, Needs, File}
	if !found || !slices.Contains(words, word) {
		return Marker{}, fmt.Errorf("%q is no marker: write one of %s, and a colon", comment, strings.Join(words, ", "))
	}
	marker := Marker{Word: word}
	for name := range strings.SplitSeq(rest, ",") {
		name = strings.TrimSpace(name)
		if name == "" {
			return Marker{}, fmt.Errorf("%q names nothing after %q, or has an empty place between commas", comment, word+":")
		}
		marker.Names = append(marker.Names, name)
	}
	return marker, nil
}
