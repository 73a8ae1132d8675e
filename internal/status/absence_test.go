package status_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/absence"
	"github.com/barq-db/barq-operator/internal/status"
	"github.com/barq-db/barq-operator/test/observation"
)

// A refusal explains the absence of a pod if Kubernetes recorded it meanwhile, for as long as the pod
// is missing.
func TestARefusalExplainsAnAbsence(t *testing.T) {
	type refusal struct{ first, last time.Duration }
	for name, test := range map[string]struct {
		missing time.Duration
		refusal refusal
		want    bool
		// since is how long the trouble has counted.
		since time.Duration
	}{
		"refused since it is missing":      {time.Minute, refusal{time.Minute, time.Second}, true, time.Minute},
		"in the same second":               {time.Minute + 900*time.Millisecond, refusal{time.Minute + time.Second, time.Minute + time.Second}, true, time.Minute + 900*time.Millisecond},
		"refused once more":                {time.Minute, refusal{time.Hour, time.Second}, true, time.Minute},
		"refused later":                    {time.Minute, refusal{20 * time.Second, time.Second}, true, 20 * time.Second},
		"refused before":                   {time.Minute, refusal{time.Hour, 2 * time.Minute}, false, 0},
		"missing for a moment":             {4 * time.Second, refusal{time.Hour, 3 * time.Second}, false, 0},
		"missing for a moment, and before": {4 * time.Second, refusal{time.Hour, time.Minute}, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			observed := observation.Running()
			observed.Cluster.Spec.ProgressDeadlineSeconds = ptr.To[int32](600)
			observed.Pods = observed.Pods[:2]
			observed.StatefulSet.Status.Replicas, observed.StatefulSet.Status.ReadyReplicas = 2, 2
			observed.Missing = map[string]time.Time{"vectors-2": now.Add(-test.missing)}
			observed.FailedCreation = &absence.FailedCreation{Message: "exceeded quota", Since: now.Add(-test.refusal.first), Last: now.Add(-test.refusal.last)}
			ready := meta.FindStatusCondition(status.Compute(observed, now).Conditions, v1alpha1.ConditionReady)
			if !test.want {
				require.Equal(t, v1alpha1.ReasonRollingOut, ready.Reason)
				require.Contains(t, ready.Message, "; waiting for vectors-2 to be created")
				if left := 5*time.Second - test.missing; left > 0 {
					require.Equal(t, left, observed.LookAgainAfter(now))
				}
				return
			}
			require.Equal(t, v1alpha1.ReasonPodsNotReady, ready.Reason)
			require.Contains(t, ready.Message, "; pod vectors-2: FailedCreate: exceeded quota")
			stalledIn := func(left time.Duration) bool {
				later := now.Add(left)
				return meta.IsStatusConditionTrue(status.Compute(observed, later).Conditions, v1alpha1.ConditionStalled)
			}
			require.True(t, stalledIn(10*time.Minute-test.since))
			require.False(t, stalledIn(10*time.Minute-test.since-time.Second))
		})
	}
}

// If one of two missing pods was refused, the status names that one.
func TestTheMissingPodThatWasRefused(t *testing.T) {
	observed := observation.Running()
	observed.Pods = observed.Pods[:1]
	observed.StatefulSet.Status.Replicas, observed.StatefulSet.Status.ReadyReplicas = 1, 1
	observed.Missing = map[string]time.Time{"vectors-1": now.Add(-time.Second), "vectors-2": now.Add(-time.Minute)}
	observed.FailedCreation = &absence.FailedCreation{Message: "exceeded quota", Since: now.Add(-time.Minute), Last: now.Add(-30 * time.Second)}
	ready := meta.FindStatusCondition(status.Compute(observed, now).Conditions, v1alpha1.ConditionReady)
	require.Contains(t, ready.Message, "; pod vectors-2: FailedCreate: exceeded quota")
}
