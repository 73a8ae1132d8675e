package status_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/status"
	"github.com/barq-db/barq-operator/test/observation"
)

func TestChangesPending(t *testing.T) {
	const held = "held back until spec.paused is false: "
	paused := func(o *status.Observation) { o.Cluster.Spec.Paused = true }
	withSum := func(o *status.Observation) {
		o.StatefulSet.Spec.Template.Annotations = map[string]string{"barq.db/secrets-checksum": "same"}
	}
	for name, test := range map[string]struct {
		change                func(*status.Observation)
		want                  metav1.ConditionStatus
		reason, message, hash string
	}{
		"all is applied": {
			func(o *status.Observation) { o.SpecHash = "new" }, "False", "NothingPending", "no change is held back", "new",
		},
		"not applied yet": {
			func(o *status.Observation) { o.SpecHash, o.Cluster.Generation = "new", generation+1 }, "False", "NothingPending", "no change is held back", "sum",
		},
		"Secrets are missing for a new spec": {
			func(o *status.Observation) { o.SpecHash, o.Secrets.Problems = "new", []string{"x"} },
			"True", "SecretMissing", "held back until its Secrets are there: the spec, which is not the one that was last applied", "sum",
		},
		"Secrets are missing from the start": {
			func(o *status.Observation) {
				o.Cluster.Status, o.StatefulSet, o.Pods = v1alpha1.BarqClusterStatus{}, nil, nil
				o.Secrets.Problems = []string{"x"}
			}, "True", "SecretMissing", "held back until its Secrets are there: the whole spec, none of which was applied yet", "",
		},
		"Secrets are lost": {
			func(o *status.Observation) { o.Secrets.Problems = []string{"x"} }, "False", "NothingPending", "no change is held back", "sum",
		},
		"an account is missing for a new spec": {
			func(o *status.Observation) { o.SpecHash, o.Secrets.Missing = "new", []string{"x"} },
			"True", "ReferenceMissing", "held back until what it names is there: the spec, which is not the one that was last applied", "sum",
		},
		"an account is lost": {
			func(o *status.Observation) { o.Secrets.Missing = []string{"x"} }, "False", "NothingPending", "no change is held back", "sum",
		},
		"Secrets and an account are missing": {
			func(o *status.Observation) {
				o.SpecHash, o.Secrets.Problems, o.Secrets.Missing = "new", []string{"x"}, []string{"y"}
			},
			"True", "SecretMissing", "held back until its Secrets are there: the spec, which is not the one that was last applied", "sum",
		},
		"awaits the end of a deletion": {
			func(o *status.Observation) {
				o.SpecHash = "new"
				observation.SetCondition(o, v1alpha1.ConditionIrreconcilable, metav1.ConditionTrue, "AwaitingDeletion", "still being deleted", generation)
			},
			"True", "AwaitingDeletion", "held back until what is being deleted is gone: the spec, which is not the one that was last applied", "sum",
		},
		"Secrets are missing, and another change is queued": {
			func(o *status.Observation) {
				o.SpecHash, o.Secrets.Problems, o.Queued = "new", []string{"x"}, "waits for team/other"
			},
			"True", "SecretMissing", "held back until its Secrets are there: the spec, which is not the one that was last applied", "sum",
		},
		"refused": {
			func(o *status.Observation) {
				o.SpecHash = "new"
				observation.SetCondition(o, v1alpha1.ConditionIrreconcilable, metav1.ConditionTrue, "ReconcileError", "field is immutable", generation)
			},
			"True", "ReleaseFailed", "held back until it is no longer refused: the spec, which is not the one that was last applied", "sum",
		},
		"paused": {paused, "False", "NothingPending", "no change is held back", "sum"},
		"paused before the spec changed": {
			func(o *status.Observation) { paused(o); o.SpecHash = "new" },
			"True", "Paused", held + "the spec, which is not the one that was last applied", "sum",
		},
		"paused before a Secret changed": {
			func(o *status.Observation) { paused(o); withSum(o); o.Secrets.Checksum = "new" },
			"True", "Paused", held + "the Secrets, which have changed since they were last applied", "sum",
		},
		"paused, and the Secret is the one that the pods have": {
			func(o *status.Observation) { paused(o); withSum(o); o.Secrets.Checksum = "same" },
			"False", "NothingPending", "no change is held back", "sum",
		},
		"paused before a Secret changed that the agent reads itself": {
			func(o *status.Observation) {
				paused(o)
				withSum(o)
				o.StatefulSet.Spec.Template.Spec.Containers = []corev1.Container{{Ports: []corev1.ContainerPort{{Name: "agent"}}}}
				o.Secrets.Checksum, o.Secrets.AgentChecksum = "new", "same"
			},
			"False", "NothingPending", "no change is held back", "sum",
		},
		"paused, and the pods are from before the operator took the release over": {
			func(o *status.Observation) { paused(o); o.Secrets.Checksum = "new" },
			"False", "NothingPending", "no change is held back", "sum",
		},
		"paused before both changed": {
			func(o *status.Observation) { paused(o); withSum(o); o.SpecHash, o.Secrets.Checksum = "new", "new" },
			"True", "Paused", held + "the spec, which is not the one that was last applied, " +
				"and the Secrets, which have changed since they were last applied", "sum",
		},
		"paused before a Secret was lost": {
			func(o *status.Observation) {
				paused(o)
				withSum(o)
				o.Secrets.Checksum, o.Secrets.Problems = "new", []string{"x"}
			},
			"False", "NothingPending", "no change is held back", "sum",
		},
		"paused from the start": {
			func(o *status.Observation) {
				paused(o)
				o.Cluster.Status, o.StatefulSet, o.Pods = v1alpha1.BarqClusterStatus{}, nil, nil
			}, "True", "Paused", held + "the whole spec, none of which was applied yet", "",
		},
		"paused and deleted": {
			func(o *status.Observation) {
				paused(o)
				o.SpecHash, o.Cluster.DeletionTimestamp = "new", &metav1.Time{Time: now}
			}, "False", "NothingPending", "no change is held back", "sum",
		},
		"queued": {
			func(o *status.Observation) { o.Queued = "waits for team/other" }, "True", "RolloutQueued", "waits for team/other", "sum",
		},
		"queued and paused": {
			func(o *status.Observation) { paused(o); o.SpecHash, o.Queued = "new", "waits for team/other" },
			"True", "Paused", held + "the spec, which is not the one that was last applied", "sum",
		},
		"queued and deleted": {
			func(o *status.Observation) {
				o.Queued, o.Cluster.DeletionTimestamp = "waits for team/other", &metav1.Time{Time: now}
			},
			"False", "NothingPending", "no change is held back", "sum",
		},
	} {
		t.Run(name, func(t *testing.T) {
			observed := observation.Running()
			test.change(&observed)
			got := status.Compute(observed, now)
			require.Equal(t, metav1.Condition{
				Type: "ChangesPending", Status: test.want, Reason: test.reason, Message: test.message,
				ObservedGeneration: observed.Cluster.Generation, LastTransitionTime: metav1.NewTime(now),
			}, *meta.FindStatusCondition(got.Conditions, v1alpha1.ConditionChangesPending))
			require.Equal(t, test.hash, got.AppliedSpecHash)
		})
	}
}

// Clients do not notice that a rollout waits for its turn.
func TestAQueuedRolloutLeavesReadyAlone(t *testing.T) {
	observed := observation.Running()
	want := status.Compute(observed, now)
	observed.Queued = "waits for team/other"
	got := status.Compute(observed, now)
	meta.RemoveStatusCondition(&want.Conditions, v1alpha1.ConditionChangesPending)
	meta.RemoveStatusCondition(&got.Conditions, v1alpha1.ConditionChangesPending)
	require.Equal(t, want, got)
}

// A pause ends when the changes that it held back were applied.
func TestThePauseEnds(t *testing.T) {
	observed := observation.Running()
	observed.Cluster.Spec.Paused, observed.SpecHash = true, "new"
	observation.Store(&observed, status.Compute(observed, now))
	require.True(t, meta.IsStatusConditionTrue(observed.Cluster.Status.Conditions, v1alpha1.ConditionChangesPending))

	observed.Cluster.Spec.Paused = false
	observation.Store(&observed, status.Compute(observed, now.Add(time.Second)))
	require.True(t, meta.IsStatusConditionFalse(observed.Cluster.Status.Conditions, v1alpha1.ConditionChangesPending))
	require.Equal(t, "new", observed.Cluster.Status.AppliedSpecHash)
}
