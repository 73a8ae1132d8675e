package documents

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/barq/walline"
)

// The index knows the same documents at the same places of its list as a map does, whatever comes and goes.
func TestPositionsAreThoseOfTheList(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	state := New(nil)
	expected := map[uint64]Place{}
	for step := range 200_000 {
		id := random.Uint64N(5000)
		record := walline.Record{Op: walline.Insert, ID: walline.ID{Number: id}, Payload: walline.Payload(random.IntN(3))}
		at := Place(step)
		if random.IntN(3) == 0 {
			record.Op = walline.Delete
			delete(expected, id)
		} else {
			expected[id] = at
		}
		require.NoError(t, state.add(record, at))
		require.Equal(t, len(expected), state.list.length)
		if step%1000 != 0 {
			continue
		}
		for id := range uint64(5000) {
			found, known, err := state.PlaceOf(walline.ID{Number: id})
			require.NoError(t, err)
			at, is := expected[id]
			require.Equal(t, []any{at, is}, []any{found, known}, "document %d after %d steps", id, step)
		}
	}
	require.Equal(t, len(expected), state.positions.used)
}
