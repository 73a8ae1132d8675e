//go:build linux

package livelog_test

import (
	"context"
	"errors"
	"os"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/agent/livelog"
	"github.com/barq-db/barq-operator/internal/barq/datadir"
	"github.com/barq-db/barq-operator/internal/barq/wal"
)

const line = `{"op":{"Delete":{"U64":1}}}` + "\n"

var things = datadir.Collection{Tenant: "default", Name: "things"}

// first and second are the segments of things that were its log.
var (
	first  = path.Join(things.Segments(), "segment_rotated_00000000000000000001.jsonl")
	second = path.Join(things.Segments(), "segment_rotated_00000000000000000002.jsonl")
)

// kept is a data directory with a Keeper, and a clock.
type kept struct {
	*testing.T
	root   *os.Root
	keeper *livelog.Keeper
	now    time.Time
	// fence is what the fence does.
	fence func(context.Context) error
	// unsynced is told before a sync.
	unsynced func(time.Time)
}

func newKept(t *testing.T, options livelog.Options) *kept {
	t.Helper()
	root, err := os.OpenRoot(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, root.Close()) })
	k := &kept{T: t, root: root, now: time.Unix(1_800_000_000, 0), fence: func(context.Context) error { return nil }, unsynced: func(time.Time) {}}
	options.Sync = true
	if options.RotateAge == 0 {
		options.RotateAge = time.Hour
	}
	if options.RotateSize == 0 {
		options.RotateSize = 1 << 20
	}
	options.Fence = func(ctx context.Context) error { return k.fence(ctx) }
	options.Unsynced = func(since time.Time) { k.unsynced(since) }
	k.keeper = livelog.NewKeeper(livelog.NewCommitter(root, func(time.Duration) {}), options)
	return k
}

// write appends to a file as the server does.
func (k *kept) write(file, text string) {
	k.Helper()
	require.NoError(k, k.root.MkdirAll(path.Dir(file), 0o755))
	opened, err := k.root.OpenFile(file, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	require.NoError(k, err)
	_, err = opened.WriteString(text)
	require.NoError(k, errors.Join(err, opened.Close()))
}

func (k *kept) read(file string) string {
	k.Helper()
	content, err := k.root.ReadFile(file)
	require.NoError(k, err)
	return string(content)
}

func (k *kept) pass(later time.Duration) livelog.Report {
	k.Helper()
	k.now = k.now.Add(later)
	report, err := k.keeper.Pass(k.Context(), k.now)
	require.NoError(k, err)
	return report
}

func TestOnlyWhatHasGrownIsSynced(t *testing.T) {
	k := newKept(t, livelog.Options{})
	require.Equal(t, livelog.Report{}, k.pass(0), "an empty data directory")
	k.write(things.Log(), line)
	require.Equal(t, livelog.Report{Synced: 1}, k.pass(time.Second))
	require.Equal(t, livelog.Report{}, k.pass(time.Second))
	k.write(things.Log(), line)
	require.Equal(t, livelog.Report{Synced: 1}, k.pass(time.Second))

	// Deleted and made again between two passes, as long as before.
	require.NoError(t, k.root.RemoveAll(things.Folder()))
	k.write(things.Log(), line+line)
	require.Equal(t, livelog.Report{Synced: 1}, k.pass(time.Second))
	require.NoError(t, k.root.RemoveAll(things.Folder()))
	require.Equal(t, livelog.Report{}, k.pass(time.Second))
}

// A sync may take long. What is told before it is when its oldest write was seen, and what is written meanwhile waits for the
// next one.
func TestWhatWaitsForASyncIsToldBeforeIt(t *testing.T) {
	k := newKept(t, livelog.Options{})
	var told []time.Time
	k.unsynced = func(since time.Time) { told = append(told, since) }
	k.write(things.Log(), line)
	k.pass(time.Second)
	require.Equal(t, []time.Time{k.now}, told)
	require.Zero(t, k.keeper.OldestUnsynced())

	k.unsynced = func(time.Time) { k.write(things.Log(), line) }
	k.write(things.Log(), line)
	k.pass(time.Second)
	require.Equal(t, k.now, k.keeper.OldestUnsynced(), "it was written during the pass")

	first := k.now
	k.unsynced = func(since time.Time) { require.Equal(t, first, since) }
	require.Equal(t, livelog.Report{Synced: 1}, k.pass(time.Minute))
	require.Zero(t, k.keeper.OldestUnsynced())
}

func TestALogIsMoved(t *testing.T) {
	k := newKept(t, livelog.Options{RotateSize: 50, RotateAge: time.Hour})
	k.write(things.Log(), line)
	require.Equal(t, livelog.Report{Synced: 1}, k.pass(0), "too small and too young")
	k.write(things.Log(), line)
	require.Equal(t, livelog.Report{Synced: 1, Rotated: []string{first}}, k.pass(time.Second), "large enough")
	require.Equal(t, line+line, k.read(first))

	k.write(things.Log(), line)
	require.Equal(t, livelog.Report{Synced: 1}, k.pass(time.Second))
	require.Equal(t, livelog.Report{}, k.pass(time.Hour-time.Second))
	require.Equal(t, livelog.Report{Rotated: []string{second}}, k.pass(time.Second), "old enough")
	require.Equal(t, livelog.Report{}, k.pass(time.Hour), "there is no log")

	// An empty log is not moved.
	k.write(things.Log(), "")
	require.Equal(t, livelog.Report{Synced: 1}, k.pass(2*time.Hour))
	require.Equal(t, livelog.Report{}, k.pass(2*time.Hour))
}

// A log is small beside the segments, because what is in it is not compacted.
func TestALogIsMovedWhenItIsATenthOfTheSegments(t *testing.T) {
	k := newKept(t, livelog.Options{RotateSize: 1 << 30})
	large := strings.Repeat(line, 5<<20/len(line))
	k.write(things.Log(), large)
	require.Equal(t, []string{first}, k.pass(0).Rotated, "there are no segments")
	for range 12 {
		k.write(first, large)
	}
	k.write(things.Log(), large)
	require.Empty(t, k.pass(time.Second).Rotated, "a thirteenth")
	k.write(things.Log(), large)
	require.Equal(t, []string{second}, k.pass(time.Second).Rotated)
}

func TestASegmentIsSealedOnceTheServerAnswers(t *testing.T) {
	k := newKept(t, livelog.Options{RotateSize: 50})
	asked := 0
	k.fence = func(ctx context.Context) error {
		asked++
		<-ctx.Done()
		return ctx.Err()
	}
	k.write(things.Log(), line+line)
	other := datadir.Collection{Tenant: "default", Name: "unlike"}
	k.write(other.Log(), line+line)
	report := k.pass(time.Second)
	require.Equal(t, 1, asked, "a server that does not answer is asked once in a pass")
	require.Equal(t, 2, report.Unsealed)
	require.Len(t, report.Rotated, 2)

	// It had opened the log before it was moved, and is cut off by a full disk.
	k.write(first, line+`{"op`)
	k.write(things.Log(), line)
	require.Equal(t, 2, k.pass(time.Second).Unsealed)
	require.Equal(t, line+line+line+`{"op`, k.read(first), "it may still write")
	k.fence = func(context.Context) error { return nil }
	require.Equal(t, livelog.Report{}, k.pass(time.Second))
	require.Equal(t, line+line+line+`{"op`+wal.Seal, k.read(first))
}

func TestALineThatWasCutOffGetsAnEnd(t *testing.T) {
	k := newKept(t, livelog.Options{})
	k.write(things.Log(), line+`{"op`)
	require.Equal(t, livelog.Report{Synced: 1}, k.pass(0))
	require.Equal(t, livelog.Report{}, k.pass(time.Second), "the server may still write")
	// It does.
	k.fence = func(context.Context) error {
		k.write(things.Log(), `":1}`+"\n")
		return nil
	}
	require.Equal(t, livelog.Report{}, k.pass(time.Second))
	require.Equal(t, line+`{"op":1}`+"\n", k.read(things.Log()))

	k.fence = func(context.Context) error { return nil }
	k.write(things.Log(), `{"op`)
	k.pass(time.Second)
	require.Equal(t, livelog.Report{Ended: 1}, k.pass(2*time.Second))
	require.Equal(t, line+`{"op":1}`+"\n"+`{"op`+wal.Seal, k.read(things.Log()))
}

func TestAnErrorOfOneCollection(t *testing.T) {
	k := newKept(t, livelog.Options{RotateSize: 50})
	k.write(path.Join(things.Segments()), "a file where the folder should be")
	k.write(things.Log(), line+line)
	other := datadir.Collection{Tenant: "default", Name: "unlike"}
	k.write(other.Log(), line+line)
	report, err := k.keeper.Pass(t.Context(), k.now)
	require.ErrorContains(t, err, "collection things of tenant default")
	require.Len(t, report.Rotated, 1)
	require.Equal(t, line+line, k.read(things.Log()))
}
