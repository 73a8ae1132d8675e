package plan

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/barq-db/barq-operator/test/forgery"
)

// Deed is what is done in a step.
type Deed string

const (
	// Forge stores a forged record, and does with the BarqCluster what Then says.
	Forge Deed = "forge"
	// Create makes the BarqCluster, if there is none.
	Create Deed = "create"
	// Edit changes a field that restarts nothing.
	Edit Deed = "edit"
	// Delete deletes the BarqCluster.
	Delete Deed = "delete"
	// HandBack deletes the BarqCluster and leaves its objects to Helm.
	HandBack Deed = "hand back"
	// Adopt asks for a release of Helm to be taken over.
	Adopt Deed = "adopt"
	// RemoveRecords deletes all records of the release.
	RemoveRecords Deed = "remove records"
	// Bombs stores many records that unpack to much.
	Bombs Deed = "bombs"
	// Kill kills the operator and starts it again.
	Kill Deed = "kill"
	// Restart does the same after the operator has stopped by itself.
	Restart Deed = "restart"
	// Nothing lets the record lie.
	Nothing Deed = "nothing"
)

// World is where the adversary is.
type World struct {
	// Home is the adversary's own namespace.
	Home string
	// Clusters are the names of the BarqClusters that there may be, and Others further names that a record may have.
	Clusters, Others []string
	// Targets are objects that are not the adversary's.
	Targets []forgery.Target
	// Namespaces are those of the targets.
	Namespaces []string
}

// Step is one thing that the adversary does.
type Step struct {
	Deed    Deed
	Cluster string
	// Source is the release whose newest record is forged, or whose oldest one that was ever seen.
	Source string
	Oldest bool
	Edits  []NamedEdit
	// Then is what follows a forgery.
	Then Deed
	// Number is for whatever needs one.
	Number int
}

// NamedEdit is an edit that can be told.
type NamedEdit struct {
	Name string
	Edit forgery.Edit
}

// String tells the step in a line.
func (s Step) String() string {
	if s.Deed != Forge {
		return string(s.Deed) + " " + s.Cluster
	}
	names := make([]string, len(s.Edits))
	for i, edit := range s.Edits {
		names[i] = edit.Name
	}
	which := "newest"
	if s.Oldest {
		which = "oldest"
	}
	return fmt.Sprintf("forge %s from the %s record of %s: %s; then %s", s.Cluster, which, s.Source, strings.Join(names, ", "), s.Then)
}

// Plan makes up steps.
type Plan struct {
	world  World
	random *rand.Rand
}

// New gives the plan that a seed makes.
func New(seed uint64, world World) *Plan {
	return &Plan{world: world, random: rand.New(rand.NewPCG(seed, 0))}
}

// Next gives the next step.
func (p *Plan) Next() Step {
	step := Step{Cluster: pick(p, p.world.Clusters), Number: 1 + p.random.IntN(1000)}
	switch chance := p.random.IntN(100); {
	case chance < 60:
		return p.forges(step)
	case chance < 75:
		step.Deed = Create
	case chance < 82:
		step.Deed = Edit
	case chance < 87:
		step.Deed = Delete
	case chance < 90:
		step.Deed = HandBack
	case chance < 94:
		step.Deed = Adopt
	case chance < 96:
		step.Deed = RemoveRecords
	case chance < 97:
		step.Deed = Bombs
	case chance < 99:
		step.Deed = Kill
	default:
		step.Deed = Restart
	}
	return step
}

func (p *Plan) forges(step Step) Step {
	step.Deed, step.Source, step.Oldest = Forge, step.Cluster, p.random.IntN(8) == 0
	if p.random.IntN(4) == 0 {
		step.Source = pick(p, p.world.Clusters)
		step.Edits = append(step.Edits, NamedEdit{"name " + step.Cluster, forgery.Name(step.Cluster)})
	}
	for range 1 + p.random.IntN(4) {
		step.Edits = append(step.Edits, p.edit(step))
	}
	step.Then = pick(p, []Deed{Edit, Edit, Edit, Edit, Delete, Delete, HandBack, Adopt, Nothing, Kill})
	return step
}

func pick[element any](p *Plan, from []element) element { return from[p.random.IntN(len(from))] }
