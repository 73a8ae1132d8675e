package status

import "github.com/barq-db/barq-operator/api/v1alpha1"

// Announced returns the events that announce the replacement of the BarqCluster's status.
func Announced(cluster *v1alpha1.BarqCluster, computed *v1alpha1.BarqClusterStatus) []string {
	var told []string
	for _, event := range announcements(cluster, computed) {
		told = append(told, event.kind+" "+event.reason+": "+event.message)
	}
	return told
}
