package bench

import (
	"time"

	"github.com/barq-db/barq-operator/test/bench/audit"
	"github.com/barq-db/barq-operator/test/machine"
)

// Results are all that a run has measured, as it is kept in a file.
type Results struct {
	Started    time.Time       `json:"started"`
	Machine    machine.Machine `json:"machine"`
	Parameters Parameters      `json:"parameters"`
	// Objects is how many objects the chart renders for a cluster.
	Objects  int        `json:"objects"`
	Samples  []Sample   `json:"samples"`
	Requests []Requests `json:"requests"`
}

// Sample is one figure that was measured once.
type Sample struct {
	Contender string  `json:"contender"`
	Clusters  int     `json:"clusters"`
	Round     int     `json:"round"`
	Figure    string  `json:"figure"`
	Value     float64 `json:"value"`
}

// Requests are the requests of one kind that were made in one phase of a measurement.
type Requests struct {
	Contender string `json:"contender"`
	Clusters  int    `json:"clusters"`
	Round     int    `json:"round"`
	Phase     string `json:"phase"`
	Verb      string `json:"verb"`
	Resource  string `json:"resource"`
	Count     int    `json:"count"`
}

func (s *session) record(figure string, value float64) {
	s.results.Samples = append(s.results.Samples, Sample{
		Contender: s.contender, Clusters: s.clusters, Round: s.round, Figure: figure, Value: value,
	})
	s.progress("%-44s %10.3f", figure, value)
}

func (s *session) recordRequests(phase string, counts audit.Counts) {
	for _, request := range counts.Requests() {
		s.results.Requests = append(s.results.Requests, Requests{
			Contender: s.contender, Clusters: s.clusters, Round: s.round, Phase: phase,
			Verb: request.Verb, Resource: request.Resource, Count: counts[request],
		})
	}
}
