package agenttest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
)

// History returns segments of random writes, of vectors with two components. A document is written twice without a payload
// only if dirty is true.
func History(random *rand.Rand, segments, lines, documents int, dirty bool) []string {
	bare := map[int]bool{}
	var contents []string
	for range segments {
		var content bytes.Buffer
		for range lines {
			number := 1 + random.IntN(documents)
			id := fmt.Sprintf(`{"U64":%d}`, number)
			if number%3 == 0 {
				// Number 7 and text "7" are two documents.
				id = fmt.Sprintf(`{"Str":"%d"}`, number/2)
			}
			switch kind := random.IntN(10); {
			case kind < 3:
				fmt.Fprintf(&content, `{"op":{"Delete":%s}}`+"\n", id)
				bare[number] = false
			case kind < 5 && (dirty || !bare[number]):
				fmt.Fprintf(&content, `{"op":{"Insert":{"id":%s,"vector":[%d.0,1.0],"payload":null}}}`+"\n", id, random.IntN(1000))
				bare[number] = true
			case dirty || !bare[number]:
				fmt.Fprintf(&content, `{"op":{"Insert":{"id":%s,"vector":[%d.0,1.0],"payload":{"n":%d}}}}`+"\n", id, random.IntN(1000), random.IntN(1000))
			}
		}
		contents = append(contents, content.String())
	}
	return contents
}

// Segment returns the path of a segment, by its number from 1, in the folder of a collection.
func Segment(number int) string { return fmt.Sprintf("segments/segment_rotated_%020d.jsonl", number) }
