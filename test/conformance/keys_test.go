package conformance

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/test/barqserver/client"
)

func TestFirstKeyClosesTheServerUntilItsRestart(t *testing.T) {
	s := serve(t, start{})
	inserted := s.fill(1)
	require.NoError(t, s.RegisterKey(t.Context(), "default", "the-key", client.RoleAdmin))

	require.NoError(t, s.Health(t.Context()))
	_, err := s.Get(t.Context(), "things", client.Number(1))
	requireStatus(t, http.StatusUnauthorized, err)
	_, err = s.WithKey("another").Get(t.Context(), "things", client.Number(1))
	requireStatus(t, http.StatusUnauthorized, err)
	_, err = s.Metrics(t.Context())
	requireStatus(t, http.StatusUnauthorized, err)
	found, err := s.WithKey("the-key").Get(t.Context(), "things", client.Number(1))
	require.NoError(t, err)
	require.Equal(t, &inserted[0], found)
	_, err = s.WithKey("the-key").As("other").Get(t.Context(), "things", client.Number(1))
	requireStatus(t, http.StatusForbidden, err)

	// Only the tenant of the first key can have more.
	requireStatus(t, http.StatusForbidden, s.WithKey("the-key").RegisterKey(t.Context(), "other", "k", client.RoleAdmin))
	require.NoError(t, s.WithKey("the-key").RegisterKey(t.Context(), "default", "second", client.RoleReader))

	s.stop()
	s.again().requireAll(inserted)
}

func TestRoles(t *testing.T) {
	s := serve(t, start{})
	s.fill(1)
	require.NoError(t, s.RegisterKey(t.Context(), "default", client.RoleAdmin, client.RoleAdmin))
	for role, statuses := range map[string][5]int{
		// to read, to write, to make a collection, the metrics, the topology
		client.RoleAdmin:       {200, 201, 201, 200, 200},
		client.RoleOps:         {403, 403, 403, 200, 403},
		client.RoleTenantAdmin: {200, 201, 201, 403, 403},
		client.RoleWriter:      {200, 201, 403, 403, 403},
		client.RoleReader:      {200, 403, 403, 403, 403},
	} {
		require.NoError(t, s.WithKey(client.RoleAdmin).RegisterKey(t.Context(), "default", role, role))
		holder := &server{Client: s.WithKey(role), t: t}
		got := [5]int{
			holder.status("GET", "/collections/things/documents/1", ""),
			holder.status("POST", "/collections/things/documents", `{"id":2,"vector":[1,2]}`),
			holder.status("POST", "/collections", `{"name":"of `+role+`","dimension":2,"metric":"L2"}`),
			holder.status("GET", "/metrics", ""),
			holder.status("GET", "/admin/topology", ""),
		}
		require.Equal(t, statuses, got, role)
	}
	requireStatus(t, http.StatusUnprocessableEntity, s.WithKey(client.RoleAdmin).RegisterKey(t.Context(), "default", "k", "root"))
}
