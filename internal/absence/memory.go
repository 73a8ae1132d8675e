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

// Memory remembers since when pods are missing, which Kubernetes does not store. The zero value
// remembers none.
type Memory struct {
	lock sync.Mutex
	// known has the StatefulSets that this process has examined before.
	known map[types.NamespacedName]absence
}

// absence has the missing pods of the StatefulSet with that UID.
type absence struct {
	set   types.UID
	since map[string]time.Time
}

// Note returns since when each of the missing pods is missing. For pods that this process has never
// seen, that is the given earliest time.
func (m *Memory) Note(cluster types.NamespacedName, set *appsv1.StatefulSet, missing []string, earliest, now time.Time) map[string]time.Time {
	m.lock.Lock()
	defer m.lock.Unlock()
	if made := set.CreationTimestamp.Time; made.After(earliest) {
		earliest = made
	}
	before, known := m.known[cluster]
	known = known && before.set == set.UID
	if known && !workload.Observed(set) {
		// The desired number of pods is not known yet.
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

// Forget drops a BarqCluster that is gone.
func (m *Memory) Forget(cluster types.NamespacedName) {
	m.lock.Lock()
	defer m.lock.Unlock()
	delete(m.known, cluster)
}

// Earliest returns when the condition Ready last changed. Pods have been missing since then at the
// earliest: at that time all existed, or none ever had. A process that has just started knows no more.
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
