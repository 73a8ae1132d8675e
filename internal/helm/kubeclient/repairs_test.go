package kubeclient

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/barq-db/barq-operator/internal/apply"
)

func scheduledBy(t *testing.T, scheduler string) *unstructured.Unstructured {
	t.Helper()
	set := objectOf(t, storedSet)
	require.NoError(t, unstructured.SetNestedField(set.Object, scheduler, "spec", "template", "spec", "schedulerName"))
	set.SetManagedFields([]metav1.ManagedFieldsEntry{{Manager: "rival", Operation: metav1.ManagedFieldsOperationUpdate, FieldsV1: metav1.NewFieldsV1(`{}`)}})
	return set
}

// waits returns how long a repair has to wait, and the text of the error.
func waits(t *testing.T, r *Repairs, live *unstructured.Unstructured) (time.Duration, string) {
	t.Helper()
	err := r.wait(testCluster(), marked(t, renderedSet), live)
	if err == nil {
		return 0, ""
	}
	var waits Later
	require.ErrorAs(t, err, &waits)
	return waits.After, waits.Error()
}

func TestRepairsSlowDown(t *testing.T) {
	now := clocktesting.NewFakeClock(began)
	r := NewRepairs(now)
	repair := func(live *unstructured.Unstructured) {
		t.Helper()
		require.NoError(t, r.note(testCluster(), marked(t, renderedSet), live))
	}
	// Each of these is another change.
	for _, scheduler := range []string{"a", "b", "c"} {
		left, _ := waits(t, r, scheduledBy(t, scheduler))
		require.Zero(t, left)
		repair(scheduledBy(t, scheduler))
	}
	left, text := waits(t, r, scheduledBy(t, "d"))
	require.Equal(t, time.Minute, left)
	require.Contains(t, text, `StatefulSet "db" was changed again after the operator had reverted it (field managers: rival)`)
	const minute = time.Minute
	for _, delay := range []time.Duration{minute, 2 * minute, 4 * minute, 8 * minute} {
		left, _ := waits(t, r, scheduledBy(t, "d"))
		require.Equal(t, delay, left)
		now.Step(left)
		left, _ = waits(t, r, scheduledBy(t, "d"))
		require.Zero(t, left, "one is reverted then")
		repair(scheduledBy(t, "d"))
	}
	now.Step(repairsRemembered + time.Second)
	left, _ = waits(t, r, scheduledBy(t, "d"))
	require.Zero(t, left, "it is over")

	r.Forget(testCluster().GetUID())
	require.Empty(t, r.known)
}

// The same pod template again would restart the pods again.
func TestTheSamePodTemplateIsRepairedOnce(t *testing.T) {
	r := NewRepairs(clocktesting.NewFakeClock(began))
	require.NoError(t, r.note(testCluster(), marked(t, renderedSet), scheduledBy(t, "a")))
	left, _ := waits(t, r, scheduledBy(t, "a"))
	require.Equal(t, time.Minute, left)
	left, _ = waits(t, r, scheduledBy(t, "b"))
	require.Zero(t, left)
}

// An interrupted apply is completed as often as needed. What others have written is reverted, whatever they did to the
// digest.
func TestWhatCountsAsAReversal(t *testing.T) {
	wanted := marked(t, renderedSet)
	for name, test := range map[string]struct {
		digest string
		others bool
		want   bool
	}{
		"changed":                        {digestOf(wanted), true, true},
		"changed by a policy":            {digestOf(wanted), false, true},
		"without a digest":               {"", true, true},
		"with the digest of another day": {"other", true, true},
		"half applied":                   {"other", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			live := objectOf(t, storedSet)
			if test.others {
				live = scheduledBy(t, "a")
			}
			if test.digest != "" {
				live.SetAnnotations(map[string]string{apply.DigestAnnotation: test.digest})
			}
			require.Equal(t, test.want, reverts(live, wanted))
		})
	}
}

// What a webhook changes each time stays, until the object or the manifest changes.
func TestWhatTheAPIServerChangesIsTolerated(t *testing.T) {
	r := NewRepairs(clocktesting.NewFakeClock(began))
	wanted := marked(t, renderedSet)
	tolerated := func(live *unstructured.Unstructured) bool {
		t.Helper()
		found, err := r.tolerates(testCluster(), wanted, live)
		require.NoError(t, err)
		return found
	}
	made := objectOf(t, storedSet)
	made.SetGeneration(3)
	made.SetAnnotations(map[string]string{apply.DigestAnnotation: digestOf(wanted)})
	require.NoError(t, r.tolerate(testCluster(), wanted, made))
	require.False(t, tolerated(made), "it is what was applied")

	otherwise := made.DeepCopy()
	require.NoError(t, unstructured.SetNestedField(otherwise.Object, int64(5), "spec", "replicas"))
	require.NoError(t, r.tolerate(testCluster(), wanted, otherwise))
	require.True(t, tolerated(otherwise))

	changed := otherwise.DeepCopy()
	changed.SetGeneration(4)
	require.False(t, tolerated(changed))

	require.NoError(t, r.tolerate(testCluster(), wanted, made))
	require.False(t, tolerated(otherwise), "it is as it was applied again")

	added := otherwise.DeepCopy()
	added.SetManagedFields([]metav1.ManagedFieldsEntry{{
		Manager: "rival", Operation: metav1.ManagedFieldsOperationUpdate, FieldsV1: metav1.NewFieldsV1(`{"f:spec":{"f:ordinals":{"f:start":{}}}}`),
	}})
	require.NoError(t, r.tolerate(testCluster(), wanted, added))
	require.False(t, tolerated(added), "another has added to it while it was applied")
}
