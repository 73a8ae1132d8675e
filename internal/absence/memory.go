package absence

import (
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/workload"
)

// Memory knows since when pods are missing, which nothing in Kubernetes says. The zero value knows of none.
type Memory struct {
	lock sync.Mutex
	// known has the StatefulSets that this process has looked at before.
	known map[types.NamespacedName]absence
}

// absence is what is missing of the StatefulSet with that UID.
type absence struct {
	set   types.UID
	since map[string]time.Time
}

// Note returns since when each of the missing pods is missing. Pods that this process has never seen are missing since the
// given time at the earliest.
func (m *Memory) Note(cluster types.NamespacedName, set *appsv1.StatefulSet, missing []string, earliest, now time.Time) map[string]time.Time {
	m.lock.Lock()
	defer m.lock.Unlock()
	if made := set.CreationTimestamp.Time; made.After(earliest) {
		earliest = made
	}
	before, known := m.known[cluster]
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
	if m.known == nil {
		m.known = map[types.NamespacedName]absence{}
	}
	m.known[cluster] = current
	return current.since
}

// Forget is for a BarqCluster that has gone.
func (m *Memory) Forget(cluster types.NamespacedName) {
	m.lock.Lock()
	defer m.lock.Unlock()
	delete(m.known, cluster)
}

// Earliest returns when the condition Ready last changed: pods have been missing since then at the earliest, for all were there
// then, or none was ever. It is what a process knows that has just started.
func Earliest(status *v1alpha1.BarqClusterStatus, now time.Time) time.Time {
	ready := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionReady)
	if ready == nil {
		return time.Time{}
	}
	if ready.LastTransitionTime.After(now) {
		return now
	}
	return ready.LastTransitionTime.Time
}
