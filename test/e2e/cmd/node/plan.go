package main

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"

	"github.com/barq-db/barq-operator/test/e2e/node"
)

// plan is what a run tells its other processes.
type plan struct {
	// Artifacts is the folder for what a person may want to see.
	Artifacts string
	// Cgroup is the node's own.
	Cgroup string
	// Programs are those that node.Programs gave.
	Programs map[string]string
	// Bare is the option of that name.
	Bare bool
}

func parsePlan(text string) (plan, error) {
	var p plan
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return p, fmt.Errorf("parse %q, which the command run should have written: %w", text, err)
	}
	return p, nil
}

func (p plan) String() string {
	// Marshalling strings cannot fail.
	text, _ := json.Marshal(p)
	return string(text)
}

// options are the node's.
func (p plan) options(out io.Writer) node.Options {
	return node.Options{Dir: p.nodeFolder(), Cgroup: p.Cgroup, Out: out, Programs: p.Programs, Bare: p.Bare}
}

func (p plan) nodeFolder() string { return filepath.Join(p.Artifacts, "node") }
