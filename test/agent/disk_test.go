//go:build linux

package agent

import (
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/barq-db/barq-operator/test/barqserver/client"
)

// A full disk takes no acknowledged write, also when the database starts on it. Once the disk has grown, writes go on.
func TestADiskThatFillsAndGrows(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can mount a file system of a given size")
	}
	data := t.TempDir()
	require.NoError(t, syscall.Mount("tmpfs", data, "tmpfs", 0, "size=2m"))
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(data, syscall.MNT_DETACH)) })
	flags := []string{"--sync-interval", "20ms"}

	first := serve(t, how{data: data, flags: flags})
	first.fill(0)
	acknowledged := first.insertUntilRefused(1)
	t.Logf("%d documents until the disk was full", len(acknowledged))
	require.Greater(t, len(acknowledged), 100)
	first.requireThere(acknowledged)
	first.stop()

	full := serve(t, how{data: data, flags: flags})
	full.requireThere(acknowledged)
	require.NoError(t, syscall.Mount("tmpfs", data, "tmpfs", syscall.MS_REMOUNT, "size=8m"))
	for number := range uint64(100) {
		require.NoError(t, full.Insert(t.Context(), "things", large(1000+number)))
		acknowledged = append(acknowledged, large(1000+number).ID)
	}
	full.requireThere(acknowledged)
	full.stop()

	last := serve(t, how{data: data, flags: flags})
	last.requireThere(acknowledged)
	last.stop()
}

// Before the disk is full, the agent refuses writes that grow the log, over HTTP and gRPC. Reads and deletions go on, and writes do
// once the disk has grown.
func TestWritesAreRefusedBeforeTheDiskIsFull(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can mount a file system of a given size")
	}
	data := t.TempDir()
	require.NoError(t, syscall.Mount("tmpfs", data, "tmpfs", 0, "size=4m"))
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(data, syscall.MNT_DETACH)) })
	a := serve(t, how{data: data, door: true, rpc: freePort(t), flags: []string{"--commit"}})
	a.fill(0)
	acknowledged := a.insertUntilRefused(1)
	require.Greater(t, len(acknowledged), 300)

	full := a.sendInsert(1_000_000)
	require.Equal(t, http.StatusInsufficientStorage, full.Status)
	require.Equal(t, []string{jsonType}, full.Header.Values("Content-Type"))
	require.Contains(t, full.Body, "the last 131072 are for deletions and compactions. Delete documents or collections, or grow the volume")
	require.Error(t, a.CreateCollection(t.Context(), client.Collection{Name: "others", Dimension: 2, Metric: client.L2}))
	over := callerOf(t, a.calls)
	answer := over.call(t.Context(), insert("things", "1000001", "null", 1, 0))
	require.Equal(t, codes.ResourceExhausted, answer.Code)
	require.Contains(t, answer.Message, "the disk is full")
	require.Equal(t, codes.ResourceExhausted, over.call(t.Context(), create("others", 2, "L2")).Code)

	a.requireThere(acknowledged)
	require.NoError(t, a.Delete(t.Context(), "things", acknowledged[0]))
	missing, err := a.Missing(t.Context(), "things", client.Number(1_000_000), client.Number(1_000_001))
	require.NoError(t, err)
	require.Len(t, missing, 2)

	require.NoError(t, syscall.Mount("tmpfs", data, "tmpfs", syscall.MS_REMOUNT, "size=8m"))
	require.NoError(t, a.Insert(t.Context(), "things", large(2000)))
	over.requireDone(insert("things", "2001", "null", 1, 0))
	a.requireThere(acknowledged[1:])
	a.stop()
}

// insertUntilRefused inserts documents until one is not acknowledged, and returns the others.
func (a *agent) insertUntilRefused(from uint64) []client.ID {
	a.t.Helper()
	var acknowledged []client.ID
	for number := from; ; number++ {
		require.Less(a.t, number, from+10_000)
		document := large(number)
		if err := a.Insert(a.t.Context(), "things", document); err != nil {
			a.t.Logf("document %d: %s", number, err)
			return acknowledged
		}
		acknowledged = append(acknowledged, document.ID)
	}
}

func (a *agent) requireThere(ids []client.ID) {
	a.t.Helper()
	missing, err := a.Missing(a.t.Context(), "things", ids...)
	require.NoError(a.t, err)
	require.Empty(a.t, missing)
}

// large is a document whose record has about 10,000 bytes.
func large(number uint64) client.Document {
	return client.Document{
		ID: client.Number(number), Vector: []float32{float32(number), 1},
		Payload: map[string]any{"n": strings.Repeat("x", 10_000)},
	}
}
