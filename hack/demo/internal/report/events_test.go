package report

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

func TestEvents(t *testing.T) {
	now := time.Unix(1000, 0)
	ago := func(seconds int) time.Time { return now.Add(-time.Duration(seconds) * time.Second) }
	event := func(namespace, kind, name, reason string) corev1.Event {
		return corev1.Event{
			InvolvedObject: corev1.ObjectReference{Kind: kind, Namespace: namespace, Name: name},
			Type:           corev1.EventTypeWarning, Reason: reason, Message: reason + " it is\n",
		}
	}
	old := event("team", "Pod", "vectors-0", "Unhealthy")
	old.LastTimestamp = metav1.NewTime(ago(90))
	newest := event("team", "BarqCluster", "vectors", "SecretMissing")
	newest.EventTime = metav1.NewMicroTime(ago(600))
	newest.Series = &corev1.EventSeries{LastObservedTime: metav1.NewMicroTime(ago(2))}
	middle := event("team", "PersistentVolumeClaim", "data-vectors-0", "ProvisioningFailed")
	middle.EventTime = metav1.NewMicroTime(ago(30))
	events := []corev1.Event{
		event("team", "Pod", "vectorsearch-0", "Unhealthy"),
		event("elsewhere", "Pod", "vectors-0", "Unhealthy"),
		newest, old, middle,
	}
	cluster := &v1alpha1.BarqCluster{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "vectors"}}

	rows := [][]string{
		{"AGE", "TYPE", "REASON", "OBJECT", "MESSAGE"},
		{"90s", "Warning", "Unhealthy", "Pod/vectors-0", "Unhealthy it is"},
		{"30s", "Warning", "ProvisioningFailed", "PersistentVolumeClaim/data-vectors-0", "ProvisioningFailed it is"},
		{"2s", "Warning", "SecretMissing", "BarqCluster/vectors", "SecretMissing it is"},
	}
	require.Equal(t, rows, Events(events, cluster, 10, now))
	require.Equal(t, append(rows[:1:1], rows[2:]...), Events(events, cluster, 2, now))
	require.Equal(t, rows[:1], Events(nil, cluster, 10, now))
}
