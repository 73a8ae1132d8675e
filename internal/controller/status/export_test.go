package status

import (
	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/status"
)

// Announced returns the events that announce the replacement of the BarqCluster's status.
func Announced(observed status.Observation, computed *v1alpha1.BarqClusterStatus) []string {
	var told []string
	for _, event := range announcements(observed, computed) {
		told = append(told, event.kind+" "+event.reason+": "+event.message)
	}
	return told
}
