package conformance

import (
	"net/http"
	"net/http/httputil"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/test/barqserver/client"
)

// sendWith makes a request with headers, and gives the answer's status and body.
func (s *server) sendWith(method, path, body string, headers map[string]string) (int, string) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.BaseURL+path, strings.NewReader(body))
	require.NoError(s.t, err)
	request.Header.Set("Content-Type", "application/json")
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	response, err := s.HTTP.Do(request)
	require.NoError(s.t, err)
	answer, err := httputil.DumpResponse(response, true)
	require.NoError(s.t, err)
	require.NoError(s.t, response.Body.Close())
	_, content, _ := strings.Cut(string(answer), "\r\n\r\n")
	return response.StatusCode, content
}

// An empty name of a tenant is a tenant, until the next start. One that is not plain ASCII is the default tenant.
func TestTenantHeaderThatIsNoName(t *testing.T) {
	s := serve(t, start{})
	s.fill(1)
	headers := map[string]string{"X-Tenant-Id": ""}
	made, _ := s.sendWith(http.MethodPost, "/collections", `{"name":"things","dimension":2,"metric":"L2"}`, headers)
	require.Equal(t, http.StatusCreated, made)
	inserted, _ := s.sendWith(http.MethodPost, "/collections/things/documents", `{"id":7,"vector":[1,2]}`, headers)
	require.Equal(t, http.StatusCreated, inserted)
	require.FileExists(t, s.dir+"/data/tenants/collections/things/schema.json")
	status, _ := s.sendWith(http.MethodGet, "/collections/things/documents/1", "", map[string]string{"X-Tenant-Id": "müller"})
	require.Equal(t, http.StatusOK, status)
	missing, err := s.Missing(t.Context(), "things", client.Number(7))
	require.NoError(t, err)
	require.Len(t, missing, 1)
	s.stop()

	s = s.again()
	status, answer := s.sendWith(http.MethodGet, "/collections/things/documents/7", "", headers)
	require.Equal(t, http.StatusBadRequest, status, answer)
	s.requireAll(documents(1))
}

// As soon as there is a key, a token keeps its bearer out, even with the right key.
func TestTokenBesideAKey(t *testing.T) {
	s := serve(t, start{})
	s.fill(1)
	token := map[string]string{"Authorization": "Bearer anything", "X-Api-Key": "the-key"}
	status, _ := s.sendWith(http.MethodGet, "/collections/things/documents/1", "", token)
	require.Equal(t, http.StatusOK, status)
	require.NoError(t, s.RegisterKey(t.Context(), "default", "the-key", client.RoleAdmin))
	status, answer := s.sendWith(http.MethodGet, "/collections/things/documents/1", "", token)
	require.Equal(t, http.StatusUnauthorized, status)
	require.JSONEq(t, `{"error":"unauthorized: jwt auth not configured"}`, answer)
	status, _ = s.sendWith(http.MethodGet, "/collections/things/documents/1", "", map[string]string{"X-Api-Key": "the-key"})
	require.Equal(t, http.StatusOK, status)
}

// What cannot be read is refused before the server looks at the key.
func TestBodiesAreReadBeforeKeys(t *testing.T) {
	s := serve(t, start{})
	s.fill(1)
	require.NoError(t, s.RegisterKey(t.Context(), "default", "the-key", client.RoleAdmin))
	const documents = "/collections/things/documents"
	require.Equal(t, http.StatusBadRequest, s.status(http.MethodPost, documents, "{"))
	require.Equal(t, http.StatusUnprocessableEntity, s.status(http.MethodPost, documents, "{}"))
	require.Equal(t, http.StatusBadRequest, s.status(http.MethodGet, documents+"/0", ""))
	require.Equal(t, http.StatusUnauthorized, s.status(http.MethodPost, documents, `{"id":1,"vector":[1,2]}`))
}
