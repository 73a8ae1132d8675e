package status

import "github.com/barq-db/barq-operator/api/v1alpha1"

// Announced gives the events by which the replacement of the BarqCluster's status is
// told.
func Announced(cluster *v1alpha1.BarqCluster, computed *v1alpha1.BarqClusterStatus) []string {
	var told []string
	for _, event := range announcements(cluster, computed) {
		told = append(told, event.kind+" "+event.reason+": "+event.message)
	}
	return told
}
