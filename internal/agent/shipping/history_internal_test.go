//go:build linux

package shipping

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"path"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/agent/archive"
	"github.com/barq-db/barq-operator/internal/agent/tiers"
	v1 "github.com/barq-db/barq-operator/internal/agentapi/v1"
	"github.com/barq-db/barq-operator/internal/barq/datadir"
	"github.com/barq-db/barq-operator/internal/objectstore"
	"github.com/barq-db/barq-operator/internal/objectstore/stores"
)

const at = archive.Path("team/things/uid/0")

// schemaText is one that the server starts with.
const schemaText = `{"name":"%s","fields":[{"name":"vector","field_type":{"Vector":{"dimension":1,"metric":"L2","index":null}},"required":true}],"bm25_config":null,"tenant_id":"default"}`

// failing fails an operation from time to time.
type failing struct {
	objectstore.Store
	// in is how many operations succeed before one fails; below 0 none does.
	in atomic.Int64
	// lost says that what the next one does happens, and its answer does not come.
	lost atomic.Bool
	// held holds up every deletion and list until it is closed.
	held chan struct{}
}

var errLost = &objectstore.Error{Reason: objectstore.Unreachable, Operation: "test", Err: errors.New("it does not answer")}

func (f *failing) fails() bool {
	return f.in.Add(-1) == -1
}

func (f *failing) Create(ctx context.Context, key string, content io.ReadSeeker) error {
	if f.fails() {
		if f.lost.Load() {
			_ = f.Store.Create(ctx, key, content)
		}
		return errLost
	}
	return f.Store.Create(ctx, key, content)
}

func (f *failing) Delete(ctx context.Context, key string) error {
	if f.held != nil {
		<-f.held
	}
	if f.fails() {
		return errLost
	}
	return f.Store.Delete(ctx, key)
}

func (f *failing) List(ctx context.Context, prefix, token string, limit int) (objectstore.Page, error) {
	if f.held != nil {
		<-f.held
	}
	return f.Store.List(ctx, prefix, token, limit)
}

func (f *failing) Read(ctx context.Context, key string, to io.Writer) (objectstore.Attributes, error) {
	if f.fails() {
		return objectstore.Attributes{}, errLost
	}
	return f.Store.Read(ctx, key, to)
}

func newStore(t *testing.T) *failing {
	t.Helper()
	store, err := stores.Open(objectstore.Options{Provider: objectstore.Folder, Bucket: t.TempDir()})
	require.NoError(t, err)
	made := &failing{Store: store}
	made.in.Store(-1)
	return made
}

// history is a data directory with what happens to it, and its archive.
type history struct {
	*testing.T
	random     *rand.Rand
	root       *os.Root
	warm, cold *failing
	tiers      *tiers.Tiers
	shipper    *Shipper
	next       int
	// least is what the archive has at least of each collection: what a complete pass has seen.
	least map[datadir.Collection]string
	// dropped are collections that were deleted since. The archive may have them until a complete pass.
	dropped map[datadir.Collection]bool
}

func newHistory(t *testing.T, seed uint64) *history {
	t.Helper()
	root, err := os.OpenRoot(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { _ = root.Close() })
	codec, err := archive.NewCodec(nil)
	require.NoError(t, err)
	h := &history{T: t, random: rand.New(rand.NewPCG(seed, 0)), root: root, warm: newStore(t), cold: newStore(t), least: map[datadir.Collection]string{}, dropped: map[datadir.Collection]bool{}}
	h.tiers = &tiers.Tiers{First: tiers.NewTier("warm", "folder", h.warm), Second: tiers.NewTier("cold", "folder", h.cold), Codec: codec, ColdAfter: time.Hour}
	h.restart()
	return h
}

// restart is a new process of the agent.
func (h *history) restart() {
	if h.shipper != nil {
		h.shipper.beside.Wait()
	}
	h.shipper = New(h.root, Options{
		Tiers: h.tiers, Path: at, MaxLag: time.Second, Report: func(v1.Archive) {}, Log: slog.New(slog.DiscardHandler),
	})
}

func (h *history) collection() datadir.Collection {
	return datadir.Collection{Tenant: "default", Name: string(rune('a' + h.random.IntN(2)))}
}

// files returns the files of a collection's log.
func (h *history) files(of datadir.Collection) []string {
	h.Helper()
	files, err := of.Files(h.root)
	require.NoError(h, err)
	return files
}

func (h *history) write(file, text string) {
	h.Helper()
	require.NoError(h, h.root.MkdirAll(path.Dir(file), 0o755))
	opened, err := h.root.OpenFile(file, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	require.NoError(h, err)
	_, err = opened.WriteString(text)
	require.NoError(h, errors.Join(err, opened.Close()))
}

// step does something that the server or the agent does.
func (h *history) step() {
	h.Helper()
	of := h.collection()
	switch h.random.IntN(12) {
	case 0:
		// The log becomes a segment.
		if _, err := h.root.Stat(of.Log()); err == nil {
			h.next++
			require.NoError(h, h.root.MkdirAll(of.Segments(), 0o755))
			h.endLine(of)
			require.NoError(h, h.root.Rename(of.Log(), path.Join(of.Segments(), fmt.Sprintf("segment_rotated_%020d.jsonl", h.next))))
		}
	case 1:
		h.compact(of)
	case 2:
		if h.random.IntN(6) == 0 {
			require.NoError(h, h.root.RemoveAll(of.Folder()))
			delete(h.least, of)
			h.dropped[of] = true
		}
	case 3:
		h.restart()
	case 4:
		h.tiers.ColdAfter = []time.Duration{-time.Hour, time.Hour}[h.random.IntN(2)]
	default:
		if _, err := h.root.Stat(of.Schema()); err != nil {
			h.write(of.Schema(), fmt.Sprintf(schemaText, of.Name))
		}
		h.endLine(of)
		for range h.random.IntN(4) {
			h.next++
			h.write(of.Log(), fmt.Sprintf("line %d %s\n", h.next, strings.Repeat("x", h.random.IntN(6))))
		}
		if h.random.IntN(4) == 0 {
			h.write(of.Log(), "torn")
		}
	}
}

// endLine ends the last line of the log.
func (h *history) endLine(of datadir.Collection) {
	if content, err := h.root.ReadFile(of.Log()); err == nil && len(content) > 0 && content[len(content)-1] != '\n' {
		h.write(of.Log(), "\n")
	}
}

// compact makes one segment of several, with the same lines. It is interrupted at times, as between two steps of the agent.
func (h *history) compact(of datadir.Collection) {
	h.Helper()
	segments := slices.DeleteFunc(h.files(of), func(file string) bool { return !datadir.IsSegment(file) })
	if len(segments) < 2 {
		return
	}
	var all []byte
	for _, segment := range segments {
		content, err := h.root.ReadFile(segment)
		require.NoError(h, err)
		all = append(all, content...)
	}
	unfinished := path.Join(of.Folder(), "unfinished")
	require.NoError(h, h.root.WriteFile(unfinished, all, 0o644))
	for _, segment := range segments[1:] {
		// Here the lines would be there twice for a moment, which documents survive and a comparison of texts does not.
		require.NoError(h, h.root.Remove(segment))
	}
	require.NoError(h, h.root.Rename(unfinished, segments[0]))
}

// disk returns the whole lines of each collection.
func (h *history) disk() map[datadir.Collection]string {
	h.Helper()
	found := map[datadir.Collection]string{}
	collections, err := datadir.Collections(h.root)
	require.NoError(h, err)
	for _, of := range collections {
		var all strings.Builder
		for _, file := range h.files(of) {
			content, err := h.root.ReadFile(file)
			require.NoError(h, err)
			if !datadir.IsSegment(file) {
				content = content[:bytes.LastIndexByte(content, '\n')+1]
			}
			all.Write(content)
		}
		found[of] = all.String()
	}
	return found
}

// archived returns the same of the archive.
func (h *history) archived() map[datadir.Collection]string {
	h.Helper()
	newest, err := archive.Latest(h.Context(), h.warm.Store, h.tiers.Codec, at)
	require.NoError(h, err)
	found := map[datadir.Collection]string{}
	if newest == nil {
		return found
	}
	reading := &tiers.Tiers{
		First: tiers.NewTier("warm", "folder", h.warm.Store), Second: tiers.NewTier("cold", "folder", h.cold.Store), Codec: h.tiers.Codec,
	}
	for _, name := range slices.Sorted(maps.Keys(newest.State)) {
		file := newest.State[name]
		of, _, is := datadir.OfCollection(name)
		require.True(h, is)
		var content bytes.Buffer
		for _, chunk := range file.Chunks {
			require.NoError(h, reading.ReadChunk(h.Context(), at, file.Incarnation, chunk, &content), "%s", name)
		}
		found[of] += content.String()
	}
	return found
}

// pass is one of the shipper, in which an operation of a store may fail.
func (h *history) pass() {
	h.Helper()
	before := h.disk()
	// What is copied meanwhile is copied by a store that does not change.
	h.shipper.beside.Wait()
	for _, store := range []*failing{h.warm, h.cold} {
		store.in.Store(-1)
		store.lost.Store(h.random.IntN(2) == 0)
		if h.random.IntN(3) == 0 {
			store.in.Store(h.random.Int64N(12))
		}
	}
	h.shipper.budget = []int64{1, 300, budget}[h.random.IntN(3)]
	err := h.shipper.pass(h.Context())
	h.warm.in.Store(-1)
	h.cold.in.Store(-1)
	if err == nil && h.shipper.isComplete() {
		h.least = before
		clear(h.dropped)
	}
	found := h.archived()
	for of, least := range h.least {
		require.True(h, strings.HasPrefix(found[of], least), "collection %s: the archive has lost lines: it has\n%q\nand had\n%q", of.Name, found[of], least)
	}
	for of, lines := range found {
		if now, is := before[of]; is && err == nil && !h.dropped[of] {
			require.True(h, strings.HasPrefix(now, lines), "collection %s: the archive has\n%q\nand the disk\n%q", of.Name, lines, now)
		}
	}
	require.NotErrorIs(h, err, archive.ErrTaken)
}

// Whatever happens to logs, to the agent and to the buckets, the archive has all that a complete pass has seen, once and in its order.
func TestAnyHistoryIsArchived(t *testing.T) {
	for seed := range uint64(60) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			h := newHistory(t, seed)
			for range 60 {
				for range h.random.IntN(4) {
					h.step()
				}
				h.pass()
			}
			h.shipper.beside.Wait()
			h.tiers.ColdAfter, h.shipper.budget = time.Hour, budget
			require.NoError(t, h.shipper.pass(t.Context()))
			require.Equal(t, h.disk(), h.archived())
		})
	}
}
