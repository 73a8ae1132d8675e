//go:build linux

package restore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/agent/archive"
	"github.com/barq-db/barq-operator/internal/agent/restore"
	"github.com/barq-db/barq-operator/internal/agent/tiers"
	v1 "github.com/barq-db/barq-operator/internal/agentapi/v1"
	"github.com/barq-db/barq-operator/internal/objectstore"
	"github.com/barq-db/barq-operator/internal/objectstore/stores"
)

const (
	at  = archive.Path("team/things/uid/0")
	log = "tenants/default/collections/things/wal.jsonl"
)

// counting counts the chunks that are read, and fails after some.
type counting struct {
	objectstore.Store
	lock sync.Mutex
	read int
	most int
}

func (c *counting) Read(ctx context.Context, key string, to io.Writer) (objectstore.Attributes, error) {
	if strings.Contains(key, "/chunks/") {
		c.lock.Lock()
		c.read++
		fails := c.read > c.most
		c.lock.Unlock()
		if fails {
			return objectstore.Attributes{}, objectstore.Because(objectstore.Unreachable, errors.New("it does not answer"))
		}
	}
	return c.Store.Read(ctx, key, to)
}

// archived is an archive with a file of many chunks.
type archived struct {
	store   *counting
	tiers   *tiers.Tiers
	content string
}

func newArchived(t *testing.T, name string) *archived {
	t.Helper()
	inFolder, err := stores.Open(objectstore.Options{Provider: objectstore.Folder, Bucket: t.TempDir()})
	require.NoError(t, err)
	codec, err := archive.NewCodec(nil)
	require.NoError(t, err)
	a := &archived{store: &counting{Store: inFolder, most: 1 << 30}}
	a.tiers = &tiers.Tiers{First: tiers.NewTier("warm", "folder", a.store), Codec: codec}
	chain, err := archive.Continue(t.Context(), a.store, codec, at, nil, "volume", time.Now())
	require.NoError(t, err)
	file := archive.File{Incarnation: "incarnation"}
	for number := range int64(40) {
		text := strings.Repeat(fmt.Sprintf("line %d\n", number), 50)
		var object bytes.Buffer
		sum, err := codec.Encode(&object, strings.NewReader(text))
		require.NoError(t, err)
		chunk := archive.Chunk{Epoch: 1, Number: number, Size: int64(len(text)), Stored: int64(object.Len()), SHA256: sum}
		err = a.store.Create(t.Context(), at.Key("incarnation", chunk), bytes.NewReader(object.Bytes()))
		require.NoError(t, err)
		file.Chunks = append(file.Chunks, chunk)
		a.content += text
	}
	require.NoError(t, chain.Append(t.Context(), archive.Round{Epoch: 1, Volume: "volume", Until: time.Now(), State: archive.State{
		name: file, "tenants/default/collections/things/schema.json": {Incarnation: "incarnation", Content: []byte("{}")},
	}}, time.Now()))
	return a
}

// run restores into a data directory until it ends, or has told of a reason for a while. It returns what was reported last.
func (a *archived) run(t *testing.T, root *os.Root, reason string) (v1.Archive, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var lock sync.Mutex
	var last v1.Archive
	err := restore.Run(ctx, root, restore.Options{Tiers: a.tiers, Path: at, Log: slog.New(slog.DiscardHandler), Report: func(status v1.Archive) {
		lock.Lock()
		defer lock.Unlock()
		last = status
		if status.Reason == reason {
			time.AfterFunc(300*time.Millisecond, cancel)
		}
	}})
	return last, err
}

func newRoot(t *testing.T) *os.Root {
	t.Helper()
	root, err := os.OpenRoot(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { _ = root.Close() })
	return root
}

// One that is interrupted leaves nothing that a server would read, and the next one fetches the rest.
func TestARestoreGoesOn(t *testing.T) {
	a, root := newArchived(t, log), newRoot(t)
	a.store.most = 15
	status, err := a.run(t, root, v1.TierUnreachable)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, v1.TierUnreachable, status.Reason)
	require.Equal(t, int64(len(a.content)+2), status.Restore.Bytes)
	_, err = root.Stat("tenants")
	require.ErrorIs(t, err, os.ErrNotExist)

	a.store.read, a.store.most = 0, 1<<30
	status, err = a.run(t, root, "")
	require.NoError(t, err)
	require.Equal(t, 25, a.store.read, "15 chunks are there and right")
	require.Equal(t, status.Restore.Bytes, status.Restore.Done)
	require.NotNil(t, status.Restore.Ended)
	content, err := root.ReadFile(log)
	require.NoError(t, err)
	require.Equal(t, a.content, string(content))

	// What the volume has counts from now on.
	a.store.read = 0
	require.NoError(t, root.RemoveAll("tenants"))
	_, err = a.run(t, root, "")
	require.NoError(t, err)
	require.Zero(t, a.store.read, "all collections of this volume were deleted")
}

// A part of the stage that is not what it should be is fetched again, and what does not belong there goes.
func TestTheStageIsNotTrusted(t *testing.T) {
	a, root := newArchived(t, log), newRoot(t)
	require.NoError(t, root.MkdirAll(".agent/restore/tenants/default/collections/things", 0o755))
	require.NoError(t, root.WriteFile(".agent/restore/"+log, []byte(strings.Repeat("x", 1<<20)), 0o644))
	require.NoError(t, root.WriteFile(".agent/restore/tenants/default/collections/things/other", []byte("x"), 0o644))
	_, err := a.run(t, root, "")
	require.NoError(t, err)
	content, err := root.ReadFile(log)
	require.NoError(t, err)
	require.Equal(t, a.content, string(content))
	_, err = root.Stat("tenants/default/collections/things/other")
	require.ErrorIs(t, err, os.ErrNotExist)
}

// An archive can have been written by another. It puts nothing where no collection has a file.
func TestNamesThatNoCollectionHas(t *testing.T) {
	for _, name := range []string{
		"../outside", "/etc/passwd", "tenants/default/collections/things/../../../../outside", ".agent/lock", "tenants/a/collections/b/segments/c/d",
		"tenants/default/collections/../wal.jsonl", "tenants//collections/things/wal.jsonl",
	} {
		a, root := newArchived(t, name), newRoot(t)
		status, err := a.run(t, root, v1.ArchiveDamaged)
		require.ErrorIs(t, err, context.Canceled, name)
		require.Equal(t, v1.ArchiveDamaged, status.Reason, name)
		require.Contains(t, status.Message, "a round names a file that no collection has")
		_, err = root.Stat("tenants")
		require.ErrorIs(t, err, os.ErrNotExist)
	}
}
