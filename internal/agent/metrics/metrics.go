package metrics

import (
	"context"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/semaphore"

	v1 "github.com/barq-db/barq-operator/internal/agentapi/v1"
)

// Sources are where the agent's series come from that are not counted here.
type Sources struct {
	// Status is what the agent knows of its database.
	Status func() v1.Status
	// LockWaits is for how long the call that asks whether the server is ready has waited for the lock.
	LockWaits func() time.Duration
	// Server returns the beginning of the server's own page, of at most so many bytes.
	Server func(ctx context.Context, most int64) ([]byte, error)
}

// Metrics are the series of one agent. Its methods may be called at the same time.
type Metrics struct {
	book
	requests
	relay
	pages *semaphore.Weighted

	lockWait                   prometheus.Histogram
	sync                       prometheus.Histogram
	rotations                  prometheus.Counter
	ends                       prometheus.Counter
	compactions                *prometheus.CounterVec
	compaction                 prometheus.Histogram
	compactedFrom, compactedTo prometheus.Counter
}

// The bounds of the buckets, in seconds.
var (
	quick = []float64{0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60}
	slow  = []float64{0.1, 1, 10, 60, 600, 3600}
)

// Results of a compaction.
const (
	// Replaced says that one segment replaced several.
	Replaced = "replaced"
	// Kept says that it was not worth it.
	Kept = "kept"
	// Unsafe says that documents without a payload were written again.
	Unsafe = "unsafe"
	// Failed says that it failed.
	Failed = "failed"
)

// New returns the series of an agent.
func New(sources Sources) *Metrics {
	m := &Metrics{book: book{registry: prometheus.NewRegistry()}, pages: semaphore.NewWeighted(pagesAtATime)}
	m.requests = newRequests(&m.book)
	m.relay = newRelay(&m.book, sources.Server)
	m.lockWait = m.histogram("lock_wait_seconds", "How long the calls waited that ask whether the server is ready, which take its lock.", quick)
	m.gaugeOf("lock_waiting_seconds", "For how long such a call waits now; 0 if none does.", func() float64 { return sources.LockWaits().Seconds() })
	m.sync = m.histogram("sync_duration_seconds", "How long the syncs of logs took.", quick)
	m.rotations = m.counter("rotations_total", "Logs that became a segment.")
	m.ends = m.counter("cut_lines_total", "Lines that were cut off, as by a full disk, and got an end.")
	m.compactions = m.counters("compactions_total", "Compactions that ended, by result: replaced, kept where it was not worth it, unsafe where documents without a payload were written again, or failed.", "result")
	for _, result := range []string{Replaced, Kept, Unsafe, Failed} {
		m.compactions.WithLabelValues(result)
	}
	m.compaction = m.histogram("compaction_duration_seconds", "How long the compactions took.", slow)
	m.compactedFrom = m.counter("compaction_before_bytes_total", "What the segments had that compactions replaced.")
	m.compactedTo = m.counter("compaction_after_bytes_total", "What the segments have that replaced them.")
	m.registry.MustRegister(newState(&m.book, sources.Status))
	return m
}

// Series returns what all series are, in the order of their names.
func (m *Metrics) Series() []Series {
	return slices.SortedFunc(slices.Values(m.series), func(a, b Series) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
}

// LockTaken takes note of how long a call waited for the server's lock.
func (m *Metrics) LockTaken(took time.Duration) { m.lockWait.Observe(took.Seconds()) }

// Synced takes note of a sync of a log.
func (m *Metrics) Synced(took time.Duration) { m.sync.Observe(took.Seconds()) }

// Passed takes note of a look at all logs: how many became a segment, and how many lines got an end.
func (m *Metrics) Passed(rotated, ended int) {
	m.rotations.Add(float64(rotated))
	m.ends.Add(float64(ended))
}

// Compacted takes note of a compaction that ended, and of what segments that were replaced had before and have after.
func (m *Metrics) Compacted(result string, took time.Duration, before, after int64) {
	m.compactions.WithLabelValues(result).Inc()
	m.compaction.Observe(took.Seconds())
	if result == Replaced {
		m.compactedFrom.Add(float64(before))
		m.compactedTo.Add(float64(after))
	}
}
