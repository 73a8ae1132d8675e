package conformance

import (
	"bufio"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The port of HTTP takes HTTP/2 too, in plain text.
func TestPlainTextHTTPTwo(t *testing.T) {
	s := serve(t, start{})
	s.fill(1)
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: &protocols}
	t.Cleanup(transport.CloseIdleConnections)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.BaseURL+"/collections/things/documents/1", nil)
	require.NoError(t, err)
	response, err := transport.RoundTrip(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.Equal(t, "HTTP/2.0", response.Proto)
}

// A client may take as long as it likes for a header or a body.
func TestRequestsHaveNoTimeLimit(t *testing.T) {
	s := serve(t, start{})
	pause := time.Duration(longOr(600, 3)) * time.Second
	halves := map[string][2]string{
		"a header": {"GET /health HTTP/1.1\r\nHost: te", "st\r\n\r\n"},
		"a body": {
			"POST /collections HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length: 43\r\n\r\n",
			`{"name":"things","dimension":2,"metric":"L2"}`[:43],
		},
	}
	for name, half := range halves {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			connection := s.open(half[0])
			time.Sleep(pause)
			_, err := connection.Write([]byte(half[1]))
			require.NoError(t, err)
			response, err := http.ReadResponse(bufio.NewReader(connection), nil)
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			require.Less(t, response.StatusCode, http.StatusInternalServerError)
		})
	}
}
