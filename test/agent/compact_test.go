//go:build linux

package agent

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/test/barqserver/client"
)

// rewrite writes a log in which each document was written again and again, some were deleted, and
// many have equal scores. It returns the lines of what is alive, one a document.
func rewrite(t *testing.T, data string, documents, times int) []string {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	last := make([]string, documents+1)
	var log strings.Builder
	for range documents * times {
		number := 1 + random.IntN(documents)
		line := fmt.Sprintf(`{"op":{"Delete":{"U64":%d}}}`, number)
		last[number] = ""
		if random.IntN(10) > 0 {
			line = fmt.Sprintf(`{"op":{"Insert":{"id":{"U64":%d},"vector":[%d.0,1.5],"payload":{"title":"document %d, again %d"}}}}`,
				number, random.IntN(10), number, random.IntN(1000))
			last[number] = line
		}
		log.WriteString(line + "\n")
	}
	require.NoError(t, os.WriteFile(filepath.Join(data, logOfThings), []byte(log.String()), 0o600))
	return slices.DeleteFunc(last, func(line string) bool { return line == "" })
}

// answers returns what searches find, in the order in which they find it.
func (a *agent) answers() [][]client.Hit {
	a.t.Helper()
	var all [][]client.Hit
	for x := range 10 {
		hits, err := a.Search(a.t.Context(), "things", []float32{float32(x), 1}, 100)
		require.NoError(a.t, err)
		all = append(all, hits)
	}
	return all
}

func (a *agent) size() int64 {
	a.t.Helper()
	var size int64
	for _, file := range append(segments(a.t, a.data), filepath.Join(a.data, logOfThings)) {
		// There is no log right after it was moved.
		if about, err := os.Stat(file); err == nil {
			size += about.Size()
		}
	}
	return size
}

func TestWhatWasSupersededGoes(t *testing.T) {
	first := serve(t, how{})
	first.fill(0)
	first.stop()
	live := len(strings.Join(rewrite(t, first.data, 3000, 20), "\n"))

	second := serve(t, how{data: first.data, flags: []string{"--rotate-size", "1", "--compaction-duty", "1"}})
	before := second.answers()
	require.Len(t, before[0], 100)
	second.eventually("the segments are compacted", func() bool { return len(second.lines("the segments are compacted")) > 0 })
	// It is new and far away, so it changes no answer.
	second.insert(1_000_000)
	require.Less(t, second.size(), int64(live)*3/2)
	second.eventually("the segments are as many as before", func() bool { return len(segments(t, first.data)) == 2 })
	second.signal(9)
	second.code()

	third := serve(t, how{data: first.data})
	after := third.answers()
	third.stop()
	require.Equal(t, before, after)
}
