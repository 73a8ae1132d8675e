package conformance

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/test/barqserver/client"
)

// over does something many times over as many connections, and gives how long it took.
func (s *server) over(connections, times int, transport *http.Transport, do func(ctx context.Context, one *client.Client, number int) error) time.Duration {
	s.t.Helper()
	transport.MaxIdleConnsPerHost, transport.MaxConnsPerHost = connections, connections
	defer transport.CloseIdleConnections()
	var next atomic.Int64
	var done sync.WaitGroup
	begin := time.Now()
	for range connections {
		done.Go(func() {
			one := *s.Client
			one.HTTP = client.NewHTTPClient(transport)
			for number := int(next.Add(1)); number <= times; number = int(next.Add(1)) {
				if err := do(s.t.Context(), &one, number); err != nil {
					s.t.Error(err)
					return
				}
			}
		})
	}
	done.Wait()
	return time.Since(begin)
}

// All inserts of all connections are there. How many were done in a second is in the log of the test.
func TestInsertsOverSeveralConnections(t *testing.T) {
	needsTheRealServer(t, "its speed says nothing")
	inserts := longOr(20_000, 300)
	for _, level := range []string{"warn", "info"} {
		s := serve(t, start{environment: []string{"RUST_LOG=" + level}})
		for _, version := range []string{"HTTP/1.1", "HTTP/2"} {
			var protocols http.Protocols
			protocols.SetHTTP1(version == "HTTP/1.1")
			protocols.SetUnencryptedHTTP2(version == "HTTP/2")
			for _, connections := range []int{1, 2, 4, 8} {
				name := fmt.Sprint(version, " ", connections)
				require.NoError(t, s.CreateCollection(t.Context(), client.Collection{Name: name, Dimension: 128, Metric: client.L2}))
				vector := make([]float32, 128)
				for index := range vector {
					vector[index] = 1 / float32(index+3)
				}
				took := s.over(connections, inserts, &http.Transport{Protocols: &protocols}, func(ctx context.Context, one *client.Client, number int) error {
					return one.Insert(ctx, name, client.Document{ID: client.Number(uint64(number)), Vector: vector, Payload: map[string]any{"n": number}})
				})
				t.Logf("RUST_LOG=%s, %s, %d connections: %.0f inserts/s", level, version, connections, float64(inserts)/took.Seconds())
			}
		}
		usage, err := s.Usage(t.Context(), "default")
		require.NoError(t, err)
		require.Equal(t, 8*inserts, usage.Documents)
		s.stop()
	}
}

var residentPattern = regexp.MustCompile(`(?m)^VmRSS:\s+(\d+) kB$`)

// resident is how many bytes of memory the server has.
func (s *server) resident() int {
	s.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.process.Pid))
	require.NoError(s.t, err)
	match := residentPattern.FindSubmatch(status)
	require.NotNil(s.t, match)
	kilobytes, err := strconv.Atoi(string(match[1]))
	require.NoError(s.t, err)
	return kilobytes << 10
}

// Each search keeps a number until the metrics are asked for. A server whose metrics are not asked for grows for ever.
func TestMemoryGrowsUntilMetricsAreAskedFor(t *testing.T) {
	needsTheRealServer(t, "it keeps no numbers")
	if !long() {
		t.Skip("takes many searches: set " + longVariable)
	}
	const searches = 1_000_000
	s := serve(t, start{environment: []string{"RUST_LOG=warn"}})
	s.fill(1)
	search := func(ctx context.Context, one *client.Client, _ int) error {
		_, err := one.Search(ctx, "things", []float32{1, 0}, 1)
		return err
	}
	s.over(4, 10_000, &http.Transport{}, search)
	_, err := s.Metrics(t.Context())
	require.NoError(t, err)
	before := s.resident()
	took := s.over(4, searches, &http.Transport{}, search)
	grown := s.resident() - before
	t.Logf("%d searches in %s: %d bytes more, %.1f for each", searches, took, grown, float64(grown)/searches)
	require.Greater(t, grown, 10*searches)
	_, err = s.Metrics(t.Context())
	require.NoError(t, err)
	asked := s.resident() - before
	s.over(4, searches, &http.Transport{}, search)
	t.Logf("after the metrics were asked for: %d bytes more than before, after as many searches again: %d", asked, s.resident()-before)
}
