package chaos

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Parameters say how much is done.
type Parameters struct {
	// Faults are the names of those that are made.
	Faults []string `json:"faults"`
	// Clusters is how many BarqClusters there are in most rows, and Killed how many while the operator is killed.
	Clusters int `json:"clusters"`
	Killed   int `json:"killed"`
	// Bad is how many BarqClusters can never work, in the row about them.
	Bad int `json:"bad"`
	// Steps is how many random steps are made of each BarqCluster in the row of random sequences.
	Steps int `json:"steps"`
	// Edits is how many edits are made in the row about leaks.
	Edits int `json:"edits"`
	// FaultTime is how long a fault lasts at most for each kind of work with Clusters BarqClusters: it ends when all is done in
	// spite of it.
	FaultTime time.Duration `json:"faultTime"`
	// Patience is how long everything may take to be as it should be after the fault.
	Patience time.Duration `json:"patience"`
	// Seed makes the same random choices again, but not the same moments.
	Seed uint64 `json:"seed"`
}

// Validate says what of the parameters makes no sense.
func (p *Parameters) Validate() error {
	var problems []error
	for _, name := range p.Faults {
		if !slices.Contains(Names(), name) {
			problems = append(problems, fmt.Errorf("faults: %q is unknown; known are %v", name, Names()))
		}
	}
	for _, number := range []struct {
		flag  string
		value int
	}{{"n", p.Clusters}, {"killed", p.Killed}, {"bad", p.Bad}, {"steps", p.Steps}, {"edits", p.Edits}} {
		if number.value < 1 {
			problems = append(problems, fmt.Errorf("%s: must be at least 1", number.flag))
		}
	}
	for _, duration := range []struct {
		flag  string
		value time.Duration
	}{{"fault-time", p.FaultTime}, {"patience", p.Patience}} {
		if duration.value <= 0 {
			problems = append(problems, fmt.Errorf("%s: must be more than nothing", duration.flag))
		}
	}
	return errors.Join(problems...)
}
