//go:build linux

package compact_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/agent/agenttest"
	"github.com/barq-db/barq-operator/internal/agent/compact"
	"github.com/barq-db/barq-operator/internal/barq/schema"
	"github.com/barq-db/barq-operator/internal/barq/wal"
	"github.com/barq-db/barq-operator/internal/barq/walline"
)

var (
	flat = schema.Schema{Name: "things", Dimension: 2, Metric: "L2", IndexSettings: schema.IndexSettings{Index: schema.Flat}}
	ivf  = schema.Schema{Name: "things", Dimension: 2, Metric: "L2", IndexSettings: schema.IndexSettings{Index: schema.IVF, Lists: 5}}
	// always replaces whatever is superseded.
	always = compact.Options{Duty: 1}
)

// model is what the server has after it has read lines: an index of the kind Flat, as
// docs/barq-server.md has it.
type model struct {
	// list has the line of each document, in the order of the list.
	list []string
	// payloads has the ids with a payload.
	payloads map[walline.ID]bool
	ids      []walline.ID
	// first are the vectors that the centroids of an index Ivf come from.
	first []string
}

func (m *model) read(t *testing.T, content string) {
	t.Helper()
	err := wal.Records(bytes.NewBufferString(content), flat.Rules(), func(text []byte, _ int64, record walline.Record) error {
		at := slices.Index(m.ids, record.ID)
		if at >= 0 && (record.Op == walline.Delete || m.payloads[record.ID]) {
			last := len(m.ids) - 1
			m.ids[at], m.list[at] = m.ids[last], m.list[last]
			m.ids, m.list = m.ids[:last], m.list[:last]
		}
		delete(m.payloads, record.ID)
		if record.Op == walline.Delete {
			return nil
		}
		if len(m.first) < int(ivf.Lists) {
			m.first = append(m.first, string(text))
		}
		m.ids, m.list = append(m.ids, record.ID), append(m.list, string(text))
		if record.Payload != walline.NoPayload {
			m.payloads[record.ID] = true
		}
		return nil
	})
	require.NoError(t, err)
}

func replay(t *testing.T, contents ...string) *model {
	t.Helper()
	m := &model{list: []string{}, ids: []walline.ID{}, payloads: map[walline.ID]bool{}}
	for _, content := range contents {
		m.read(t, content)
	}
	return m
}

// write makes a folder with segments and returns their names.
func write(t *testing.T, contents []string) (*os.Root, []string) {
	t.Helper()
	folder, err := os.OpenRoot(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, folder.Close()) })
	require.NoError(t, folder.Mkdir("segments", 0o755))
	var names []string
	for number, content := range contents {
		names = append(names, agenttest.Segment(number+1))
		require.NoError(t, folder.WriteFile(names[number], []byte(content), 0o644))
	}
	return folder, names
}

// read returns what is in the folder, in the order of the names.
func read(t *testing.T, folder *os.Root) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, parent := range []string{".", "segments"} {
		opened, err := folder.Open(parent)
		require.NoError(t, err)
		entries, err := opened.ReadDir(-1)
		require.NoError(t, errors.Join(err, opened.Close()))
		for _, entry := range entries {
			if entry.IsDir() {
				continue
			}
			content, err := folder.ReadFile(path.Join(parent, entry.Name()))
			require.NoError(t, err)
			found[path.Join(parent, entry.Name())] = string(content)
		}
	}
	return found
}

// inOrder returns the contents of the segments.
func inOrder(files map[string]string) []string {
	var contents []string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if path.Dir(name) == "segments" {
			contents = append(contents, files[name])
		}
	}
	return contents
}

func TestTheStateIsTheSame(t *testing.T) {
	for seed := range uint64(100) {
		random := rand.New(rand.NewPCG(seed, 1))
		requireSameState(t, random, agenttest.History(random, 1+random.IntN(4), 1+random.IntN(60), 1+random.IntN(20), false))
	}
}

// FuzzState compacts histories of any shape, those with documents that are there twice too.
func FuzzState(f *testing.F) {
	f.Add(uint64(1), uint8(3), uint8(60), uint8(20), false)
	f.Add(uint64(2), uint8(2), uint8(200), uint8(3), true)
	f.Fuzz(func(t *testing.T, seed uint64, segments, lines, documents uint8, dirty bool) {
		random := rand.New(rand.NewPCG(seed, 1))
		requireSameState(t, random, agenttest.History(random, 1+int(segments)%6, 1+int(lines), 1+int(documents), dirty))
	})
}

// requireSameState compacts segments, and compares what a server has that reads them before and after. What
// is written later goes on from there.
func requireSameState(t *testing.T, random *rand.Rand, contents []string) {
	t.Helper()
	folder, names := write(t, contents)
	result, err := compact.Compact(t.Context(), folder, names, flat, always)
	require.NoError(t, err)
	before, after := replay(t, contents...), read(t, folder)
	if result.Dirty > 0 {
		require.Equal(t, contents, inOrder(after), "documents that are there twice stay as they are")
		return
	}
	require.True(t, result.Done)
	require.Equal(t, len(before.list), result.Documents)
	require.Equal(t, []string{agenttest.Segment(1)}, slices.Collect(maps.Keys(after)))
	compacted := replay(t, inOrder(after)...)
	// The first lines are those of an index Ivf.
	compacted.first = before.first
	require.Equal(t, before, compacted)
	later := agenttest.History(random, 1, 30, 20, true)[0]
	before.read(t, later)
	compacted.read(t, later)
	require.Equal(t, before, compacted)
}

func TestTheFirstLinesOfIvfStay(t *testing.T) {
	for seed := range uint64(60) {
		random := rand.New(rand.NewPCG(seed, 2))
		contents := agenttest.History(random, 1+random.IntN(4), 1+random.IntN(60), 1+random.IntN(20), false)
		folder, names := write(t, contents)
		_, err := compact.Compact(t.Context(), folder, names, ivf, always)
		require.NoError(t, err)
		before, after := replay(t, contents...), replay(t, inOrder(read(t, folder))...)
		require.Equal(t, before.first, after.first, "seed %d", seed)
		require.ElementsMatch(t, before.list, after.list, "seed %d", seed)
		require.Equal(t, before.payloads, after.payloads)
	}
}

func TestDocumentsThatAreThereTwiceAreLeft(t *testing.T) {
	twice := `{"op":{"Insert":{"id":{"U64":1},"vector":[1.0,1.0],"payload":null}}}` + "\n"
	folder, names := write(t, []string{twice, twice})
	before := read(t, folder)
	result, err := compact.Compact(t.Context(), folder, names, flat, always)
	require.NoError(t, err)
	require.Equal(t, []any{false, 1}, []any{result.Done, result.Dirty})
	require.Equal(t, before, read(t, folder))
}

func TestNothingIsWrittenForASmallGain(t *testing.T) {
	contents := agenttest.History(rand.New(rand.NewPCG(1, 1)), 2, 100, 1_000_000, false)
	folder, names := write(t, contents)
	before := read(t, folder)
	result, err := compact.Compact(t.Context(), folder, names, flat, compact.Options{Gain: 0.9, Duty: 1})
	require.NoError(t, err)
	require.False(t, result.Done)
	require.Equal(t, before, read(t, folder))
	require.InDelta(t, result.Bytes*int64(result.Lines-result.Documents)/int64(result.Lines), result.Superseded(), float64(result.Lines))
}

func TestADamagedSegmentIsLeft(t *testing.T) {
	for name, damaged := range map[string]string{"torn": `{"op`, "unended": `{"op":{"Delete":{"U64":1}}}`, "sealed": `{"op` + wal.Seal} {
		t.Run(name, func(t *testing.T) {
			folder, names := write(t, []string{`{"op":{"Delete":{"U64":1}}}` + "\n", damaged})
			before := read(t, folder)
			_, err := compact.Compact(t.Context(), folder, names, flat, always)
			var found wal.DamagedError
			require.ErrorAs(t, err, &found)
			require.ErrorContains(t, err, agenttest.Segment(2)+": line 1 is damaged")
			require.Equal(t, before, read(t, folder))
		})
	}
}

func TestWhatChangesMeanwhileIsLeft(t *testing.T) {
	contents := agenttest.History(rand.New(rand.NewPCG(1, 1)), 2, 100, 10, false)
	for name, change := range map[string]func(*os.Root) error{
		"deleted": func(folder *os.Root) error { return folder.Remove(agenttest.Segment(2)) },
		"grown": func(folder *os.Root) error {
			return folder.WriteFile(agenttest.Segment(2), []byte(contents[1]+contents[0]), 0o644)
		},
		"another": func(folder *os.Root) error {
			return errors.Join(folder.WriteFile("other", []byte(contents[1]), 0o644), folder.Rename("other", agenttest.Segment(2)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			folder, names := write(t, contents)
			changed := compact.BeforeReplacing(func() error { return change(folder) })
			defer changed()
			_, err := compact.Compact(t.Context(), folder, names, flat, always)
			require.ErrorIs(t, err, compact.ErrChanged)
			require.Equal(t, contents[0], read(t, folder)[agenttest.Segment(1)])
			require.NotContains(t, read(t, folder), ".agent-compaction.jsonl")
		})
	}
}

func TestItEndsWithItsContext(t *testing.T) {
	contents := agenttest.History(rand.New(rand.NewPCG(1, 1)), 2, 20_000, 10, false)
	folder, names := write(t, contents)
	before := read(t, folder)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := compact.Compact(ctx, folder, names, flat, compact.Options{Duty: 0.5})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, before, read(t, folder))
}

// A crash at any step leaves a state that Recover makes one of the two, and a server that starts
// without Recover has the same documents.
func TestACrashAtAnyStep(t *testing.T) {
	contents := agenttest.History(rand.New(rand.NewPCG(5, 1)), 4, 60, 20, false)
	expected := replay(t, contents...)
	crash := errors.New("crash")
	steps := 0
	for at := 0; ; at++ {
		folder, names := write(t, contents)
		steps = 0
		restore := compact.AtEachStep(func() error {
			steps++
			if steps > at {
				return crash
			}
			return nil
		})
		_, err := compact.Compact(t.Context(), folder, names, flat, always)
		restore()
		if err == nil {
			break
		}
		require.ErrorIs(t, err, crash)
		bare := replay(t, inOrder(read(t, folder))...)
		require.ElementsMatch(t, expected.ids, unique(bare.ids), "step %d", at)
		require.NoError(t, compact.Recover(folder))
		recovered := read(t, folder)
		require.Equal(t, expected.list, replay(t, inOrder(recovered)...).list, "step %d", at)
		for name := range recovered {
			require.Equal(t, "segments", path.Dir(name))
		}
		require.NoError(t, compact.Recover(folder))
	}
	require.Equal(t, 6, steps)
}

func unique(ids []walline.ID) []walline.ID {
	seen := map[walline.ID]bool{}
	for _, id := range ids {
		seen[id] = true
	}
	return slices.Collect(maps.Keys(seen))
}

func TestRecoverInACopyOfTheFolder(t *testing.T) {
	contents := agenttest.History(rand.New(rand.NewPCG(5, 1)), 3, 60, 20, false)
	folder, _ := write(t, contents)
	before := read(t, folder)
	marker := fmt.Sprintf(`{"into":%q,"inode":1,"size":1,"names":[%q,%q]}`, agenttest.Segment(1), agenttest.Segment(2), agenttest.Segment(3))
	require.NoError(t, folder.WriteFile(".agent-compaction.json", []byte(marker), 0o644))
	require.NoError(t, compact.Recover(folder))
	require.Equal(t, before, read(t, folder))
}
