package conformance

import (
	"net/http"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/test/barqserver/client"
)

// The name of a collection is a path, whatever is in it.
func TestNamesThatAreTheFolderOfAnother(t *testing.T) {
	for name, said := range map[string]string{
		"things/":               refused("collection things not found"),
		"./things":              refused("collection things not found"),
		"../collections/things": refused("collection things not found"),
		// Its schema is among the segments of the other.
		"things/segments": unreadable("EOF while parsing an object at line 1 column 1"),
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, start{})
			s.fill(1)
			require.NoError(t, s.CreateCollection(t.Context(), client.Collection{Name: name, Dimension: 1, Metric: client.L2}))
			s.requireAll(documents(1))
			s.stop()
			s.requireFailure(said)
		})
	}
}

// A collection whose name leads to the folder of its tenant takes everything of the tenant with it.
func TestCollectionAboveItsTenant(t *testing.T) {
	s := serve(t, start{})
	s.fill(1)
	require.NoError(t, s.As("other").CreateCollection(t.Context(), client.Collection{Name: "things", Dimension: 1, Metric: client.L2}))
	require.NoError(t, s.CreateCollection(t.Context(), client.Collection{Name: "..", Dimension: 1, Metric: client.L2}))
	require.FileExists(t, s.dir+"/data/tenants/default/schema.json")
	require.Equal(t, http.StatusNoContent, s.status(http.MethodDelete, "/collections/%2E%2E", ""))
	left, err := filepath.Glob(s.dir + "/data/tenants/default/*")
	require.NoError(t, err)
	require.Empty(t, left)
	require.FileExists(t, s.dir+"/data/tenants/other/collections/things/schema.json")
	s.requireAll(documents(1))
	s.stop()
	_, err = s.again().Get(t.Context(), "things", client.Number(1))
	requireStatus(t, http.StatusBadRequest, err)
}
