package conformance

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/test/barqserver/client"
)

// compacted gives the lines of a log that make the same collection in the same order: the last insert of
// each document that is there, where the index has it. The index is a list, and what is removed from it leaves its
// place to the last. Each document either has a payload or is not replaced.
func compacted(t *testing.T, log string) string {
	t.Helper()
	type entry struct{ id, line string }
	var index []entry
	remove := func(id string) {
		for at, found := range index {
			if found.id == id {
				index[at] = index[len(index)-1]
				index = index[:len(index)-1]
				return
			}
		}
	}
	for line := range strings.Lines(log) {
		var read struct {
			Op struct {
				Insert *struct{ ID json.RawMessage }
				Delete json.RawMessage
			}
		}
		require.NoError(t, json.Unmarshal([]byte(line), &read))
		if read.Op.Insert == nil {
			remove(string(read.Op.Delete))
			continue
		}
		remove(string(read.Op.Insert.ID))
		index = append(index, entry{string(read.Op.Insert.ID), line})
	}
	var kept strings.Builder
	for _, found := range index {
		kept.WriteString(found.line)
	}
	return kept.String()
}

// A log from which everything was taken that was superseded makes the same collection: the same documents, and
// the same answers, equal scores in the same order.
func TestCompactedLogIsTheSameCollection(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	const ids = 40
	id := func() client.ID {
		number := random.IntN(ids) + 1
		if number%3 > 0 {
			return client.Number(uint64(number))
		}
		return client.Name(fmt.Sprint("name ", number))
	}
	s := serve(t, start{environment: []string{"RUST_LOG=warn"}})
	s.fill(0)
	for range 600 {
		document := client.Document{
			ID: id(), Vector: []float32{float32(random.IntN(3)), float32(random.IntN(3))},
			Payload: map[string]any{"n": random.Float64()}, Upsert: true,
		}
		if random.IntN(3) > 0 {
			require.NoError(t, s.Insert(t.Context(), "things", document))
			continue
		}
		_ = s.Delete(t.Context(), "things", document.ID)
		if random.IntN(4) == 0 {
			// Without a payload it is not replaced, so it is deleted before it comes again.
			document.Payload = nil
			require.NoError(t, s.Insert(t.Context(), "things", document))
			require.NoError(t, s.Delete(t.Context(), "things", document.ID))
		}
	}
	s.stop()
	other := &server{t: t, dir: t.TempDir()}
	s.copyTo(other)
	wal := other.collectionFile("things", "wal.jsonl")
	whole := other.read(wal)
	short := compacted(t, whole)
	require.Less(t, len(short), len(whole)/4)
	other.write(wal, short)

	answers := func(s *server) []string {
		var said []string
		ask := func(method, path, body string) {
			answer, err := s.Send(t.Context(), method, path, "application/json", body)
			require.NoError(t, err)
			said = append(said, fmt.Sprint(path, " ", answer.Status, " ", answer.Body))
		}
		ask(http.MethodGet, "/tenants/default/usage", "")
		for number := 1; number <= ids; number++ {
			ask(http.MethodGet, fmt.Sprintf("/collections/things/documents/%d", number), "")
			ask(http.MethodGet, fmt.Sprintf("/collections/things/documents/name%%20%d", number), "")
		}
		for count := 1; count <= ids; count++ {
			ask(http.MethodPost, "/collections/things/search", fmt.Sprintf(`{"vector":[%d,%d],"top_k":%d}`, count%3, count%2, count))
		}
		return said
	}
	require.Equal(t, answers(s.again()), answers(other.again()))
}
