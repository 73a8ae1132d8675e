package conformance

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/barq-db/barq-operator/test/barqserver/client"
	"github.com/barq-db/barq-operator/test/privatenetwork"
)

// onSmallDisk is a directory whose data is on a disk of its own, of one MiB.
func onSmallDisk(t *testing.T) *server {
	t.Helper()
	privatenetwork.Require(t)
	s := &server{t: t, dir: t.TempDir()}
	data := filepath.Join(s.dir, "data")
	require.NoError(t, os.Mkdir(data, 0o755))
	require.NoError(t, unix.Mount("tmpfs", data, "tmpfs", 0, "size=1m"))
	t.Cleanup(func() { require.NoError(t, unix.Unmount(data, unix.MNT_DETACH)) })
	return s
}

// A disk that is full leaves a part of a record, and the next write goes on the same line. So a full disk is the end of every
// later start, as soon as there is room again.
func TestFullDiskPoisonsTheLog(t *testing.T) {
	s := onSmallDisk(t)
	ballast := filepath.Join(s.dir, "data", "ballast")
	s.write(ballast, strings.Repeat("x", 700<<10))
	s = s.again()
	s.fill(0)
	text := strings.Repeat("x", 3000)
	insert := func(number int) client.Answer {
		answer, err := s.Send(t.Context(), http.MethodPost, "/collections/things/documents", "application/json",
			fmt.Sprintf(`{"id":%d,"vector":[%d,0],"payload":"%s"}`, number, number, text))
		require.NoError(t, err)
		return answer
	}
	number := 1
	var answer client.Answer
	for answer = insert(number); answer.Status == http.StatusCreated; answer = insert(number) {
		number++
		require.Less(t, number, 400)
	}
	require.Equal(t, http.StatusInternalServerError, answer.Status)
	require.JSONEq(t, `{"error":"storage error: io error: No space left on device (os error 28)"}`, answer.Body)
	wal := s.collectionFile("things", "wal.jsonl")
	before := s.read(wal)
	torn := before[strings.LastIndex(before, "\n")+1:]
	require.NotEmpty(t, torn)
	require.Equal(t, http.StatusOK, s.status(http.MethodGet, fmt.Sprintf("/collections/things/documents/%d", number), ""))
	asked := client.Number(uint64(number))
	missing, err := s.Missing(t.Context(), "things", asked)
	require.NoError(t, err)
	require.Empty(t, missing, "the document that was refused is there until the restart")

	require.NoError(t, os.Remove(ballast))
	require.Equal(t, http.StatusCreated, insert(number+1).Status)
	s.stop()
	require.Equal(t, before, s.read(wal)[:len(before)])
	s.requireFailure(unreadable(fmt.Sprintf("expected `,` or `}` at line 1 column %d", len(torn)+len(`{"o`))))

	// The record that follows the torn one on its line is whole.
	s.write(wal, before[:len(before)-len(torn)]+s.read(wal)[len(before):])
	s = s.again()
	missing, err = s.Missing(t.Context(), "things", client.Number(1), client.Number(uint64(number-1)), asked, client.Number(uint64(number+1)))
	require.NoError(t, err)
	require.Equal(t, []client.ID{asked}, missing)
}
