package status

import (
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// Announced gives the events by which the replacement of the BarqCluster's status is
// told.
func Announced(cluster *v1alpha1.BarqCluster, computed *v1alpha1.BarqClusterStatus) []string {
	var told []string
	for _, event := range announcements(cluster, computed) {
		told = append(told, event.kind+" "+event.reason+": "+event.message)
	}
	return told
}

// NewestFailedCreation chooses among the events of a StatefulSet.
var NewestFailedCreation = newestFailedCreation

// ReadySince is when the condition Ready last changed.
var ReadySince = readySince

// Absences are those that a Reconciler remembers.
type Absences struct{ absences }

// Note gives since when pods are missing.
func (a *Absences) Note(cluster types.NamespacedName, set *appsv1.StatefulSet, missing []string, earliest, now time.Time) map[string]time.Time {
	return a.note(cluster, set, missing, earliest, now)
}

// Forget is for a BarqCluster that has gone.
func (a *Absences) Forget(cluster types.NamespacedName) { a.forget(cluster) }
