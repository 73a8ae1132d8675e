package chaos

import (
	"time"

	"github.com/barq-db/barq-operator/test/machine"
)

// Results are all that a run has found.
type Results struct {
	Started    time.Time       `json:"started"`
	Machine    machine.Machine `json:"machine"`
	Parameters Parameters      `json:"parameters"`
	Rows       []*Row          `json:"rows"`
}

// Row is what came of one fault.
type Row struct {
	Fault string `json:"fault"`
	// Does says what the fault is.
	Does     string `json:"does"`
	Clusters int    `json:"clusters"`
	// Operator is the commit of the operator, if it is not that of the whole run.
	Operator string `json:"operator,omitempty"`
	// Injected counts what was done: kills, requests that were harmed, and the like.
	Injected int     `json:"injected"`
	Phases   []Phase `json:"phases"`
	// Before and After are what the operator's process holds when it has nothing to do, before the work and after it.
	Before Holdings `json:"before"`
	After  Holdings `json:"after"`
	// Exits counts how often the operator ended by itself.
	Exits int `json:"exits"`
	// Violations are all that is not as it should be, in words; none is what has to be.
	Violations []string `json:"violations"`
}

// Phase is one kind of work under a fault.
type Phase struct {
	Name string `json:"name"`
	// Seconds is how long the work and the fault took, and Converged how long it took from the end of the fault until all was
	// as it should be.
	Seconds   float64 `json:"seconds"`
	Converged float64 `json:"converged"`
	// UnderWay counts releases of which the newest revision is not deployed; Objects those that are missing, orphaned or
	// not as rendered; Restarts the pods that were made once more than the work needs.
	UnderWay int `json:"underWay"`
	Objects  int `json:"objects"`
	Restarts int `json:"restarts"`
	// Revisions is the highest number of a release.
	Revisions int `json:"revisions"`
}

// Holdings are what can leak.
type Holdings struct {
	Goroutines int     `json:"goroutines"`
	HeapMiB    float64 `json:"heapMiB"`
}

// After gives the results together with the rows of other faults from a run before, in the order of all faults.
func (r *Results) After(before *Results) *Results {
	both := *r
	both.Rows = nil
	for _, name := range Names() {
		if row := rowOf(r.Rows, name); row != nil {
			both.Rows = append(both.Rows, row)
			continue
		}
		if row := rowOf(before.Rows, name); row != nil {
			kept := *row
			if commit := before.Machine.Versions[operatorVersion]; kept.Operator == "" && commit != r.Machine.Versions[operatorVersion] {
				kept.Operator = commit
			}
			both.Rows = append(both.Rows, &kept)
		}
	}
	return &both
}

// operatorVersion is the name of the operator's commit among the versions of a run.
const operatorVersion = "operator"

func rowOf(rows []*Row, fault string) *Row {
	for _, row := range rows {
		if row.Fault == fault {
			return row
		}
	}
	return nil
}
