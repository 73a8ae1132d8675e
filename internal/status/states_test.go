package status_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/absence"
	"github.com/barq-db/barq-operator/internal/routes"
	"github.com/barq-db/barq-operator/internal/status"
	"github.com/barq-db/barq-operator/test/observation"
)

// statesPage is the page with the table of all states.
const statesPage = "../../docs/troubleshooting.md"

// columns are the table's columns after the name of a state and the phase.
var columns = []string{
	v1alpha1.ConditionReady, v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled, v1alpha1.ConditionSecretsAvailable, v1alpha1.ConditionChangesPending,
}

// state is a line of the table.
type state struct {
	name string
	// cells are the phase and the conditions.
	cells []string
}

func readStates(t *testing.T) []state {
	t.Helper()
	page, err := os.ReadFile(statesPage)
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(page), "<!-- states -->\n")
	require.True(t, found)
	table, _, found := strings.Cut(rest, "<!-- end of states -->")
	require.True(t, found)
	var states []state
	for _, line := range strings.Split(strings.TrimSpace(table), "\n")[2:] {
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		require.Len(t, cells, 2+len(columns), line)
		states = append(states, state{name: cells[0], cells: cells[1:]})
	}
	return states
}

// cellsOf returns the cells of a status. It includes the reasons of Stalled, SecretsAvailable and
// ChangesPending only where they say more than the condition's status.
func cellsOf(got *v1alpha1.BarqClusterStatus) []string {
	cells := []string{string(got.Phase)}
	for _, name := range columns {
		condition := meta.FindStatusCondition(got.Conditions, name)
		cell := string(condition.Status)
		notStalled := name == v1alpha1.ConditionStalled && condition.Status == metav1.ConditionFalse
		plain := []string{v1alpha1.ReasonAllFound, v1alpha1.ReasonNoneReferenced, v1alpha1.ReasonNothingPending}
		if !notStalled && !slices.Contains(plain, condition.Reason) {
			cell += " " + condition.Reason
		}
		cells = append(cells, cell)
	}
	return cells
}

func (s state) fits(cells []string) bool {
	for i, cell := range s.cells {
		if cell != "*" && cell != cells[i] {
			return false
		}
	}
	return true
}

// view is what the rules read from a status.
type view struct {
	phase v1alpha1.Phase
	// ready, reconciling and stalled are whether the conditions are True.
	ready, reconciling, stalled bool
	reason, stalledReason       string
	// asks: the condition Ready asks a person for something.
	asks bool
	// quiet: Stalled says that no action is required.
	quiet bool
	// lacksSecret is whether a Secret is missing, and saysSecret whether the status says so.
	lacksSecret, saysSecret bool
	// lacksName: an account or a PriorityClass is missing.
	lacksName bool
	// unapplied: the newest spec is yet to be applied.
	unapplied bool
	pending   bool
	held      string
}

func viewOf(o status.Observation, got *v1alpha1.BarqClusterStatus) view {
	is := func(name string) bool { return meta.IsStatusConditionTrue(got.Conditions, name) }
	of := func(name string) *metav1.Condition { return meta.FindStatusCondition(got.Conditions, name) }
	reason := of(v1alpha1.ConditionReady).Reason
	return view{
		phase: got.Phase,
		ready: is(v1alpha1.ConditionReady), reconciling: is(v1alpha1.ConditionReconciling), stalled: is(v1alpha1.ConditionStalled),
		reason: reason, stalledReason: of(v1alpha1.ConditionStalled).Reason,
		asks: slices.Contains([]string{
			v1alpha1.ReasonSecretMissing, v1alpha1.ReasonReferenceMissing, v1alpha1.ReasonReleaseFailed, v1alpha1.ReasonPodsNotReady,
			v1alpha1.ReasonPaused, v1alpha1.ReasonDeletionWaits, v1alpha1.ReasonResizeRefused, v1alpha1.ReasonResizeFailed, v1alpha1.ReasonDataAtRisk,
		}, reason),
		quiet:       of(v1alpha1.ConditionStalled).Message == "no action is required",
		lacksSecret: len(o.Secrets.Problems) > 0, saysSecret: !is(v1alpha1.ConditionSecretsAvailable),
		lacksName: len(o.Secrets.Missing) > 0,
		unapplied: o.SpecHash != o.Cluster.Status.AppliedSpecHash && o.Cluster.DeletionTimestamp == nil,
		pending:   is(v1alpha1.ConditionChangesPending), held: of(v1alpha1.ConditionChangesPending).Reason,
	}
}

// rules are combinations of conditions that must not occur.
var rules = map[string]func(view) bool{
	"kstatus takes what is both reconciling and stalled for reconciling": func(v view) bool { return v.reconciling && v.stalled },
	// Clients get answers while data is at risk, and only a person can do something about it.
	"Ready and stalled": func(v view) bool { return v.ready && v.stalled && v.reason != v1alpha1.ReasonDataAtRisk },
	"all is done, and goes on": func(v view) bool {
		return v.reconciling && (v.reason == v1alpha1.ReasonReady || v.reason == v1alpha1.ReasonHibernated)
	},
	"nothing is stalled, because of a progress that there is not": func(v view) bool {
		return !v.stalled && v.reconciling != (v.stalledReason == v1alpha1.ReasonProgressing)
	},
	"not Ready, and neither reconciling nor stalled": func(v view) bool {
		return !v.ready && !v.reconciling && !v.stalled && v.phase != v1alpha1.PhasePaused
	},
	"Ready asks for something, and no action is required":  func(v view) bool { return v.asks && v.quiet },
	"nothing is asked for, and an action is required":      func(v view) bool { return !v.asks && !v.quiet },
	"a Secret is missing or not":                           func(v view) bool { return v.lacksSecret != v.saysSecret },
	"a change waits for a Secret, and none is held back":   func(v view) bool { return v.unapplied && v.lacksSecret && !v.pending },
	"a change waits for an account, and none is held back": func(v view) bool { return v.unapplied && v.lacksName && !v.pending },
	"a change waits for a deletion, and none is held back": func(v view) bool {
		return v.unapplied && v.reason == v1alpha1.ReasonAwaitingDeletion && !v.pending
	},
	"a change was refused, and none is held back": func(v view) bool {
		return v.unapplied && v.reason == v1alpha1.ReasonReleaseFailed && !v.pending
	},
	"the spec is fulfilled, and a part of it is held back": func(v view) bool {
		return v.reason == v1alpha1.ReasonReady && v.pending && v.held != v1alpha1.ReasonRolloutQueued
	},
	"phase Ready": func(v view) bool {
		return (v.phase == v1alpha1.PhaseReady) != (v.ready && v.reason == v1alpha1.ReasonReady)
	},
	"phase Hibernated": func(v view) bool {
		return (v.phase == v1alpha1.PhaseHibernated) != (v.reason == v1alpha1.ReasonHibernated)
	},
	"phase Paused": func(v view) bool { return (v.phase == v1alpha1.PhasePaused) != (v.reason == v1alpha1.ReasonPaused) },
	"phase Failed": func(v view) bool { return v.phase == v1alpha1.PhaseFailed && !v.stalled },
	"phase Degraded": func(v view) bool {
		return v.phase == v1alpha1.PhaseDegraded && v.ready && v.reason != v1alpha1.ReasonDataAtRisk
	},
}

// contradictions lists the rules that a status breaks.
func contradictions(o status.Observation, got *v1alpha1.BarqClusterStatus) []string {
	seen := viewOf(o, got)
	var found []string
	for text, wrong := range rules {
		if wrong(seen) {
			found = append(found, text)
		}
	}
	for _, name := range columns {
		condition, want := meta.FindStatusCondition(got.Conditions, name), got.ObservedGeneration
		if name == v1alpha1.ConditionChangesPending {
			want = o.Cluster.Generation
		} else if !seen.pending && strings.Contains(condition.Message, "held back") {
			found = append(found, name+" says that something is held back")
		}
		if condition.ObservedGeneration != want {
			found = append(found, name+" is of another generation")
		}
	}
	return found
}

// dimension is one input of a status, with its variants.
type dimension map[string]func(*status.Observation)

func same(*status.Observation) {}

// dimensions are the inputs of a status. They are applied in this order.
var dimensions = []dimension{
	{
		"answers": same,
		"nothing": func(o *status.Observation) { o.StatefulSet, o.Pods = nil, nil },
		"starts":  func(o *status.Observation) { observation.Lose(o, observation.Pod("vectors-2", observation.Started(0))) },
		"primary": func(o *status.Observation) { observation.Lose(o, observation.Pod("vectors-0", observation.Started(0))) },
		"crashes": func(o *status.Observation) { observation.Lose(o, observation.Crashing("vectors-2", 2)) },
		"all crash": func(o *status.Observation) {
			observation.Lose(o, observation.Crashing("vectors-0", 2), observation.Crashing("vectors-1", 2), observation.Crashing("vectors-2", 2))
		},
		"rolls out": func(o *status.Observation) {
			o.StatefulSet.Status.CurrentRevision, o.StatefulSet.Status.UpdatedReplicas = "a", 1
		},
		"no node": func(o *status.Observation) {
			observation.Lose(o, observation.Unscheduled("vectors-0", time.Minute), observation.Unscheduled("vectors-1", time.Minute), observation.Unscheduled("vectors-2", time.Minute))
		},
		"asleep": func(o *status.Observation) { o.Pods = nil; observation.Scale(o, 0) },
		"missing": func(o *status.Observation) {
			o.Pods = o.Pods[:2]
			o.StatefulSet.Status.Replicas, o.StatefulSet.Status.ReadyReplicas = 2, 2
			o.FailedCreation = &absence.FailedCreation{Message: "exceeded quota", Since: now.Add(-time.Minute), Last: now}
		},
		"misrouted":       func(o *status.Observation) { o.Routes = &routes.Routes{} },
		"does not report": func(o *status.Observation) { observation.Lose(o, observation.Withheld("vectors-0", "", "")) },
	},
	{"Primary": same, "Independent": func(o *status.Observation) { o.Cluster.Spec.Topology.Mode = v1alpha1.TopologyIndependent }},
	{"in time": same, "overdue": func(o *status.Observation) { o.Cluster.Spec.ProgressDeadlineSeconds = ptr.To[int32](10) }},
	{"never Ready": same, "was Ready": func(o *status.Observation) {
		observation.SetCondition(o, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady, "", generation)
	}},
	{
		"volumes have it": same,
		"volumes grow": func(o *status.Observation) {
			observation.SetCondition(o, v1alpha1.ConditionVolumesResized, metav1.ConditionFalse, v1alpha1.ReasonResizing, "grow", generation)
		},
		"volumes cannot": func(o *status.Observation) {
			observation.SetCondition(o, v1alpha1.ConditionVolumesResized, metav1.ConditionFalse, v1alpha1.ReasonResizeRefused, "refused", generation)
		},
		"volumes at risk": func(o *status.Observation) {
			observation.SetCondition(o, v1alpha1.ConditionVolumesResized, metav1.ConditionFalse, v1alpha1.ReasonDataAtRisk, "at risk", generation)
		},
		"volumes not seen": func(o *status.Observation) {
			observation.SetCondition(o, v1alpha1.ConditionVolumesResized, metav1.ConditionTrue, v1alpha1.ReasonSizeReached, "", generation-1)
		},
	},
	{
		"applied": same,
		"being applied": func(o *status.Observation) {
			observation.SetCondition(o, v1alpha1.ConditionDeployed, metav1.ConditionTrue, "Test", "", generation-1)
			o.SpecHash = "new"
		},
		"refused": func(o *status.Observation) {
			observation.SetCondition(o, v1alpha1.ConditionIrreconcilable, metav1.ConditionTrue, "ReconcileError", "immutable", generation)
			o.SpecHash = "new"
		},
		"awaits a deletion": func(o *status.Observation) {
			observation.SetCondition(o, v1alpha1.ConditionIrreconcilable, metav1.ConditionTrue, v1alpha1.ReasonAwaitingDeletion, "still there", generation)
			o.SpecHash = "new"
		},
		"refused though applied": func(o *status.Observation) {
			observation.SetCondition(o, v1alpha1.ConditionIrreconcilable, metav1.ConditionTrue, "ReconcileError", "forbidden", generation)
		},
	},
	{
		"Secrets there":   same,
		"Secrets missing": func(o *status.Observation) { o.Secrets.Problems = []string{"no Secret"} },
		"account missing": func(o *status.Observation) { o.Secrets.Missing = []string{"no account"} },
	},
	{"not queued": same, "queued": func(o *status.Observation) { o.Queued = "waits for team/other" }},
	{"goes on": same, "paused": func(o *status.Observation) { o.Cluster.Spec.Paused = true }},
	{
		"stays":   same,
		"deleted": func(o *status.Observation) { o.Cluster.DeletionTimestamp = &metav1.Time{Time: now} },
		"kept from deletion": func(o *status.Observation) {
			o.Cluster.DeletionTimestamp = &metav1.Time{Time: now}
			observation.SetCondition(o, v1alpha1.ConditionReleaseFailed, metav1.ConditionTrue, "UninstallError", "a policy refuses it", generation)
		},
	},
}

// walk calls visit with every combination of the dimensions.
func walk(names []string, changes []func(*status.Observation), left []dimension, visit func(name string, o status.Observation)) {
	if len(left) == 0 {
		o := observation.Running()
		for _, change := range changes {
			change(&o)
		}
		visit(strings.Join(names, ", "), o)
		return
	}
	for name, change := range left[0] {
		walk(append(slices.Clone(names), name), append(slices.Clone(changes), change), left[1:], visit)
	}
}

// Each combination of inputs is a line of the table, each line comes from a combination, and no status
// contradicts itself.
func TestStates(t *testing.T) {
	states := readStates(t)
	seen, missing, count := map[string]bool{}, map[string]string{}, 0
	walk(nil, nil, dimensions, func(name string, o status.Observation) {
		count++
		got := status.Compute(o, now)
		cells := cellsOf(&got)
		require.Empty(t, contradictions(o, &got), "%s: %q\n%+v", name, cells, got.Conditions)
		fitting := slices.DeleteFunc(slices.Clone(states), func(s state) bool { return !s.fits(cells) })
		if len(fitting) == 0 {
			missing[strings.Join(cells, " | ")] = name
		}
		for _, fits := range fitting {
			seen[fits.name] = true
		}
	})
	require.Empty(t, missing, "lines that the table does not have")
	for _, line := range states {
		require.True(t, seen[line.name], "nothing leads to the state %q", line.name)
	}
	t.Logf("%d combinations in %d states", count, len(states))
}

// The states that the table names come from the inputs that it names.
func TestStatesByName(t *testing.T) {
	all := func(changes ...func(*status.Observation)) status.Observation {
		o := observation.Running()
		for _, change := range changes {
			change(&o)
		}
		return o
	}
	of := func(name string) func(*status.Observation) {
		for _, d := range dimensions {
			if change, ok := d[name]; ok {
				return change
			}
		}
		panic(fmt.Sprint("no dimension has ", name))
	}
	fresh := func(o *status.Observation) { o.Cluster.Status = v1alpha1.BarqClusterStatus{} }
	named := map[string]status.Observation{
		"nothing runs, and the spec is being applied":                                     all(of("nothing"), fresh),
		"something runs, and a new spec is being applied, or an object is being reverted": all(of("being applied")),
		"pods start, or are replaced":                                                     all(of("starts")),
		"pods do not start":                                                               all(of("crashes")),
		"no pod has a node":                                                               all(of("no node")),
		"pods have not started for too long":                                              all(of("crashes"), of("overdue")),
		"pods have not started for too long, and clients get no answer":                   all(of("all crash"), of("overdue")),
		"pods answer no more":                                                             all(of("starts"), of("was Ready")),
		"no pod has a node any more":                                                      all(of("no node"), of("was Ready")),
		"pods have not answered for too long":                                             all(of("crashes"), of("was Ready"), of("overdue")),
		"pods have not answered for too long, and clients get no answer":                  all(of("does not report"), of("was Ready"), of("overdue")),
		"pods answer, and the volumes are looked at":                                      all(of("volumes not seen")),
		"volumes grow":                                              all(of("volumes grow")),
		"volumes cannot grow":                                       all(of("volumes cannot")),
		"all is as the spec asks":                                   all(),
		"no pod is asked for":                                       all(of("asleep")),
		"a Secret is missing, and nothing answers":                  all(of("nothing"), fresh, of("Secrets missing")),
		"a Secret is missing, and clients get answers":              all(of("Secrets missing")),
		"an account or a class is missing, and nothing answers":     all(of("nothing"), fresh, of("account missing")),
		"an account or a class is missing, and clients get answers": all(of("account missing")),
		"an object is still being deleted, and nothing answers":     all(of("nothing"), of("awaits a deletion")),
		"an object is still being deleted, and clients get answers": all(of("awaits a deletion")),
		"data is at risk":                                           all(of("volumes at risk")),
		"the objects are refused, and nothing answers":              all(of("nothing"), of("refused")),
		"the objects are refused, and clients get answers":          all(of("refused")),
		"paused, and all pods answer":                               all(of("paused")),
		"paused, and not all pods answer":                           all(of("starts"), of("paused")),
		"paused, and pods have been in trouble for too long":        all(of("crashes"), of("overdue"), of("paused")),
		"it is being deleted":                                       all(of("deleted")),
		"something keeps the operator from its deletion":            all(of("kept from deletion")),
	}
	states := readStates(t)
	require.Len(t, named, len(states))
	for _, line := range states {
		o, ok := named[line.name]
		require.True(t, ok, line.name)
		got := status.Compute(o, now)
		cells := cellsOf(&got)
		require.True(t, line.fits(cells), "%s: want %q, got %q", line.name, line.cells, cells)
	}
}
