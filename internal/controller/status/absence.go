package status

import (
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/workload"
)

// absences remembers since when pods are missing, which nothing in Kubernetes says. The zero value knows of none.
type absences struct {
	lock sync.Mutex
	// known has the StatefulSets that this process has looked at before.
	known map[types.NamespacedName]absence
}

// absence is what is missing of the StatefulSet with that UID.
type absence struct {
	set   types.UID
	since map[string]time.Time
}

// note gives since when each of the missing pods is missing. Pods that this process has never seen are missing since the
// given time at the earliest.
func (a *absences) note(cluster types.NamespacedName, set *appsv1.StatefulSet, missing []string, earliest, now time.Time) map[string]time.Time {
	a.lock.Lock()
	defer a.lock.Unlock()
	if made := set.CreationTimestamp.Time; made.After(earliest) {
		earliest = made
	}
	before, known := a.known[cluster]
	known = known && before.set == set.UID
	if known && !workload.Observed(set) {
		// How many pods there are to be is not known yet.
		return before.since
	}
	current := absence{set: set.UID}
	for _, name := range missing {
		since, noted := before.since[name]
		switch {
		case !known:
			since = earliest
		case !noted:
			since = now
		}
		if current.since == nil {
			current.since = map[string]time.Time{}
		}
		current.since[name] = since
	}
	if a.known == nil {
		a.known = map[types.NamespacedName]absence{}
	}
	a.known[cluster] = current
	return current.since
}

// forget is for a BarqCluster that has gone.
func (a *absences) forget(cluster types.NamespacedName) {
	a.lock.Lock()
	defer a.lock.Unlock()
	delete(a.known, cluster)
}

// readySince is when the condition Ready last changed: pods have been missing since then at the earliest, for all were there
// then, or none was ever. It is what a process knows that has just started.
func readySince(status *v1alpha1.BarqClusterStatus, now time.Time) time.Time {
	ready := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionReady)
	if ready == nil {
		return time.Time{}
	}
	if ready.LastTransitionTime.After(now) {
		return now
	}
	return ready.LastTransitionTime.Time
}
