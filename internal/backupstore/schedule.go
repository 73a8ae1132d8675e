package backupstore

import (
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// A store that works is tried each hour. One that fails is tried after shortest, then after as long as it has failed, at last each
// longest.
const (
	works    = time.Hour
	shortest = 15 * time.Second
	longest  = 5 * time.Minute
)

// IsKnown reports whether the status says what came of a probe of the present spec and of the present values of the Secrets, of which
// secrets is the sum.
func IsKnown(store *v1alpha1.BarqBackupStore, secrets string) bool {
	ready := meta.FindStatusCondition(store.Status.Conditions, v1alpha1.ConditionReady)
	if ready == nil || store.Status.LastProbeTime == nil || store.Status.ObservedGeneration != store.Generation || store.Status.ObservedSecrets != secrets {
		return false
	}
	switch ready.Reason {
	case v1alpha1.ReasonProbing, v1alpha1.ReasonSecretMissing, v1alpha1.ReasonAgentImageMissing:
		return false
	}
	return true
}

// Next returns when the store is to be tried again. It is the zero time if that is now.
func Next(store *v1alpha1.BarqBackupStore, secrets string) time.Time {
	if !IsKnown(store, secrets) {
		return time.Time{}
	}
	last := store.Status.LastProbeTime.Time
	ready := meta.FindStatusCondition(store.Status.Conditions, v1alpha1.ConditionReady)
	if ready.Status == metav1.ConditionTrue {
		return last.Add(works)
	}
	return last.Add(min(max(last.Sub(ready.LastTransitionTime.Time), shortest), longest))
}
