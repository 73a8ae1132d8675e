package conformance

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/barq/walline"
	"github.com/barq-db/barq-operator/internal/barq/walline/wallinetest"
)

// What internal/barq/walline takes for a good line the server reads, and nothing else.
func TestLinesOfTheLog(t *testing.T) {
	at := func(t *testing.T, lines ...string) *server {
		s := &server{t: t, dir: t.TempDir()}
		s.write(s.collectionFile("things", "schema.json"), wallinetest.Schema)
		s.write(s.collectionFile("things", "wal.jsonl"), strings.Join(lines, "\n"))
		return s
	}
	var good, bad []string
	for line, kind := range wallinetest.Lines() {
		if kind == walline.Good || kind == walline.Blank {
			good = append(good, line)
		} else {
			bad = append(bad, line)
		}
	}
	slices.Sort(bad)
	at(t, good...).again().stop()
	for _, line := range bad {
		s := launch(t, start{dir: at(t, line).dir})
		require.Equal(t, failed, s.exit(), "%.300q", line)
	}
}
