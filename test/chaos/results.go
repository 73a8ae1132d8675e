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
	// Injected counts what was done: kills, requests that were harmed, and the like.
	Injected int     `json:"injected"`
	Phases   []Phase `json:"phases"`
	// Before and After are what the operator's process holds when it has nothing to do, before the work and after it.
	Before Holdings `json:"before"`
	After  Holdings `json:"after"`
	// Exits counts how often the operator ended although nobody ended it.
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
