package conformance

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/barq/wal"
	"github.com/barq-db/barq-operator/internal/barq/wal/waltest"
)

// What internal/barq/wal takes for a good line the server reads, and nothing else.
func TestLinesOfTheLog(t *testing.T) {
	at := func(t *testing.T, lines ...string) *server {
		s := &server{t: t, dir: t.TempDir()}
		s.write(s.collectionFile("things", "schema.json"), waltest.Schema)
		s.write(s.collectionFile("things", "wal.jsonl"), strings.Join(lines, "\n"))
		return s
	}
	var good, bad []string
	for line, kind := range waltest.Lines() {
		if kind == wal.Good || kind == wal.Blank {
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
