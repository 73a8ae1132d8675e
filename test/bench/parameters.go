package bench

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// The contenders. Asking is the operator too, with an agent in each pod.
const (
	Operator = "operator"
	Asking   = "asking"
	Stock    = "stock"
	Limit    = "limit"
)

// Contenders are all that can be measured, in the order of tables.
func Contenders() []string { return []string{Operator, Asking, Stock, Limit} }

// What is measured.
const (
	Install = "install"
	NoOp    = "noop"
	Edit    = "edit"
	Drift   = "drift"
	Rotate  = "rotate"
	Restart = "restart"
	Idle    = "idle"
	Memory  = "memory"
	Delete  = "delete"
)

// Measurements are all that can be made, in the order in which they are.
func Measurements() []string {
	return []string{Install, NoOp, Edit, Drift, Rotate, Restart, Idle, Memory, Delete}
}

// Parameters say what a run measures.
type Parameters struct {
	Contenders   []string `json:"contenders"`
	Measurements []string `json:"measurements"`
	// Clusters are the numbers of clusters that are installed at a time, in the order in which they are.
	Clusters []int `json:"clusters"`
	// InstallOnly are further numbers, with which nothing but installs and deletions is measured.
	InstallOnly []int `json:"installOnly,omitempty"`
	// StockUpTo is the largest number of clusters with which the stock operator is measured; 0 is no limit. It takes an
	// hour for 1,000, and what the others do beside it can be compared with fewer.
	StockUpTo int `json:"stockUpTo,omitempty"`
	Rounds    int `json:"rounds"`
	Workers   int `json:"workers"`
	// Edits is how many edits, and Repairs how many deletions and rotations of Secrets, are timed.
	Edits   int `json:"edits"`
	Repairs int `json:"repairs"`
	// IdleTime is how long nothing is done in the measurement of that name.
	IdleTime time.Duration `json:"idleTime"`
	// QuietTime is how long a contender must have done nothing to be called quiet.
	QuietTime time.Duration `json:"quietTime"`
	// ReconcilePeriod is the period of both operators.
	ReconcilePeriod time.Duration `json:"reconcilePeriod"`
	// Unrelated is how many Secrets, and as many ConfigMaps, the measurement of memory makes.
	Unrelated int `json:"unrelated"`
	// Profile is for how long from the beginning of an install, and of the edits, the operator's use of the CPU is profiled,
	// in whole seconds; 0 for not at all.
	Profile time.Duration `json:"profile,omitempty"`
}

// Validate says what of the parameters makes no sense.
func (p *Parameters) Validate() error {
	var problems []error
	unknown := func(flag string, given, known []string) {
		for _, name := range given {
			if !slices.Contains(known, name) {
				problems = append(problems, fmt.Errorf("%s: %q is unknown; known are %v", flag, name, known))
			}
		}
	}
	unknown("contenders", p.Contenders, Contenders())
	unknown("measure", p.Measurements, Measurements())
	if len(p.Clusters) == 0 || slices.Min(p.Clusters) < 1 {
		problems = append(problems, errors.New("n: name at least one number of clusters, each at least 1"))
	}
	for _, clusters := range p.InstallOnly {
		if clusters < 1 || slices.Contains(p.Clusters, clusters) {
			problems = append(problems, fmt.Errorf("install-only: %d must be at least 1, and not among those of n", clusters))
		}
	}
	for flag, value := range map[string]int{"rounds": p.Rounds, "workers": p.Workers, "edits": p.Edits, "repairs": p.Repairs} {
		if value < 1 {
			problems = append(problems, fmt.Errorf("%s: must be at least 1", flag))
		}
	}
	if p.StockUpTo < 0 {
		problems = append(problems, errors.New("stock-up-to: must be at least 0, which is no limit"))
	}
	return errors.Join(problems...)
}

// Sizes are all numbers of clusters, the smallest first.
func (p *Parameters) Sizes() []int {
	return slices.Sorted(slices.Values(slices.Concat(p.Clusters, p.InstallOnly)))
}

// leavesOut reports whether a contender is not measured with a number of clusters.
func (p *Parameters) leavesOut(contender string, clusters int) bool {
	return contender == Stock && p.StockUpTo > 0 && clusters > p.StockUpTo
}

func (p *Parameters) measures(name string) bool { return slices.Contains(p.Measurements, name) }
