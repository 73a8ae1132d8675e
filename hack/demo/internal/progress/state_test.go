package progress

import (
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// vectors is a BarqCluster of three pods whose spec was changed twice.
func vectors(phase v1alpha1.Phase, observed int64, ready int32, message string) *v1alpha1.BarqCluster {
	cluster := &v1alpha1.BarqCluster{}
	cluster.Namespace, cluster.Name, cluster.Generation = "team", "vectors", 3
	cluster.Spec.Replicas = ptr.To(int32(3))
	cluster.Status.Phase, cluster.Status.ObservedGeneration, cluster.Status.ReadyReplicas = phase, observed, ready
	if message != "" {
		cluster.Status.Conditions = []metav1.Condition{
			{Type: v1alpha1.ConditionStalled, Message: "no action is required"},
			{Type: v1alpha1.ConditionReady, Message: message},
		}
	}
	return cluster
}

func TestStateAndArrival(t *testing.T) {
	for name, test := range map[string]struct {
		cluster *v1alpha1.BarqCluster
		text    string
		arrived bool
	}{
		"new": {
			vectors("", 0, 0, ""),
			"-            0/3  the operator has not reported yet", false,
		},
		"progressing": {
			vectors(v1alpha1.PhaseProgressing, 3, 1, "1 of 3 pods answer"),
			"Progressing  1/3  1 of 3 pods answer", false,
		},
		"ready": {
			vectors(v1alpha1.PhaseReady, 3, 3, "3 of 3 pods answer"),
			"Ready        3/3  3 of 3 pods answer", true,
		},
		"ready before the change": {
			vectors(v1alpha1.PhaseReady, 2, 2, "2 of 2 pods answer"),
			"Ready        2/3  before the change, which the operator has not reported on yet", false,
		},
		"change under way": {
			vectors(v1alpha1.PhaseProgressing, 2, 2, "the newest spec is being applied"),
			"Progressing  2/3  the newest spec is being applied", false,
		},
		"hibernated": {
			vectors(v1alpha1.PhaseHibernated, 3, 0, "replicas is 0"),
			"Hibernated   0/3  replicas is 0", true,
		},
		"degraded": {
			vectors(v1alpha1.PhaseDegraded, 3, 2, "2 of 3 pods answer"),
			"Degraded     2/3  2 of 3 pods answer", false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, test.text, StateOf(test.cluster).String())
			require.Equal(t, test.arrived, Arrived(test.cluster))
		})
	}
}
