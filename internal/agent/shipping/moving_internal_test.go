//go:build linux

package shipping

import (
	"fmt"
	"path"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/agent/archive"
	"github.com/barq-db/barq-operator/internal/barq/datadir"
	"github.com/barq-db/barq-operator/internal/objectstore"
)

// newMoving returns a history with a collection and a line in its log, whose chunks move to the cold tier at once.
func newMoving(t *testing.T) (*history, datadir.Collection) {
	t.Helper()
	h := newHistory(t, 1)
	h.tiers.ColdAfter = 0
	of := datadir.Collection{Tenant: "default", Name: "things"}
	h.write(of.Schema(), fmt.Sprintf(schemaText, of.Name))
	h.write(of.Log(), "a line\n")
	return h, of
}

// A chunk was copied to the cold tier, and the round that says so did not get there for an hour. Then the archive is taken over again,
// and the chunk stays where the rounds say that it is until one of them says something else.
func TestACopyWithoutARoundDeletesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, _ := newMoving(t)
		pass := func() error {
			err := h.shipper.pass(t.Context())
			h.shipper.beside.Wait()
			return err
		}
		require.NoError(t, pass())

		h.warm.in.Store(0)
		require.Error(t, pass())
		h.warm.in.Store(-1)
		require.NotEmpty(t, h.shipper.moved, "a copy that no round has named")
		time.Sleep(retake)
		for range 3 {
			require.NoError(t, pass())
			newest, err := archive.Latest(t.Context(), h.warm.Store, h.tiers.Codec, at)
			require.NoError(t, err)
			for name, file := range newest.State {
				for _, chunk := range file.Chunks {
					store := h.warm.Store
					if chunk.Cold {
						store = h.cold.Store
					}
					_, err := store.Attributes(t.Context(), at.Key(file.Incarnation, chunk))
					require.NoError(t, err, "%s of %s", at.Key(file.Incarnation, chunk), path.Base(name))
				}
			}
		}
		require.Empty(t, h.shipper.old(time.Now().Add(time.Hour)), "it has moved in the end")
	})
}

// Writes wait for passes, and not for the first tier to delete what has moved or to list what nothing needs.
func TestCleaningHoldsUpNoPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, of := newMoving(t)
		chunks := func() (chunks []string) {
			require.NoError(t, archive.List(t.Context(), h.warm.Store, at.Warm(), func(object objectstore.Attributes) error {
				chunks = append(chunks, object.Key)
				return nil
			}))
			return chunks
		}
		require.NoError(t, h.shipper.pass(t.Context()))
		first := chunks()
		require.NotEmpty(t, first)
		// The copies are made.
		synctest.Wait()
		passes := func() {
			h.warm.held = make(chan struct{})
			for range 3 {
				h.write(of.Log(), "another line\n")
				require.NoError(t, h.shipper.pass(t.Context()))
			}
			require.True(t, h.shipper.isCleaning.Load())
		}
		passes()
		require.Subset(t, chunks(), first, "their deletion is held up")
		close(h.warm.held)
		h.shipper.beside.Wait()
		require.NotSubset(t, chunks(), first)

		time.Sleep(firstSweep)
		passes()
		require.Zero(t, time.Since(h.shipper.swept), "it is time for a sweep")
		close(h.warm.held)
		h.shipper.beside.Wait()
	})
}
