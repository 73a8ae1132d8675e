package report

import (
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// Events describes the newest events about a BarqCluster and what was made for it,
// at most so many, the oldest of them first, each in a row.
func Events(events []corev1.Event, cluster *v1alpha1.BarqCluster, limit int, now time.Time) [][]string {
	var about []corev1.Event
	for _, event := range events {
		if isAbout(event.InvolvedObject.Name, cluster.Name) && event.InvolvedObject.Namespace == cluster.Namespace {
			about = append(about, event)
		}
	}
	slices.SortStableFunc(about, func(a, b corev1.Event) int { return lastSeen(a).Compare(lastSeen(b)) })
	rows := [][]string{{"AGE", "TYPE", "REASON", "OBJECT", "MESSAGE"}}
	for _, event := range about[max(0, len(about)-limit):] {
		rows = append(rows, []string{
			duration.HumanDuration(now.Sub(lastSeen(event))),
			event.Type,
			event.Reason,
			event.InvolvedObject.Kind + "/" + event.InvolvedObject.Name,
			strings.TrimSpace(event.Message),
		})
	}
	return rows
}

// isAbout tells by the name, as all that is made for a BarqCluster carries it: pods
// and Services begin with it, and volume claims with the name of the volume before.
func isAbout(object, cluster string) bool {
	object = strings.TrimPrefix(object, "data-")
	return object == cluster || strings.HasPrefix(object, cluster+"-")
}

// lastSeen looks into all fields that the two forms of an event keep a time in.
func lastSeen(event corev1.Event) time.Time {
	newest := event.EventTime.Time
	if event.LastTimestamp.After(newest) {
		newest = event.LastTimestamp.Time
	}
	if event.Series != nil && event.Series.LastObservedTime.After(newest) {
		newest = event.Series.LastObservedTime.Time
	}
	return newest
}
