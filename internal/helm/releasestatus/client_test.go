package releasestatus

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/clusters"
)

func TestMergeCompletesWhatTheLibraryLeavesOut(t *testing.T) {
	merged := merge(Status{}, Status{
		Conditions: []metav1.Condition{
			{Type: "Deployed", Status: metav1.ConditionTrue, Reason: "InstallSuccessful", Message: "NOTES of the chart"},
			{Type: "ReleaseFailed", Status: metav1.ConditionTrue, Reason: "UpgradeError", Message: "terminal error: 1 error occurred:\n\t* it is invalid\n\n"},
			{Type: "Irreconcilable", Status: metav1.ConditionTrue, Reason: "ReconcileError", Message: strings.Repeat("x", messageLimit+1)},
		},
		DeployedRelease: &v1alpha1.DeployedRelease{Name: "vectors"},
	}, 7)

	require.Equal(t, Status{
		Conditions: []metav1.Condition{
			{
				Type: "Deployed", Status: metav1.ConditionTrue, Reason: "InstallSuccessful", ObservedGeneration: 7,
				Message: "a Helm release is stored; whether the database answers is in the condition Ready",
			},
			{
				Type: "ReleaseFailed", Status: metav1.ConditionTrue, Reason: "UpgradeError", ObservedGeneration: 7,
				Message: "1 error occurred: * it is invalid",
			},
			{
				Type: "Irreconcilable", Status: metav1.ConditionTrue, Reason: "ReconcileError", ObservedGeneration: 7,
				Message: strings.Repeat("x", messageLimit),
			},
		},
		DeployedRelease: &v1alpha1.DeployedRelease{Name: "vectors"},
	}, merged)
	require.Equal(t, "DeployedUnknown", merge(Status{}, Status{
		Conditions: []metav1.Condition{{Type: "Deployed", Status: metav1.ConditionUnknown}},
	}, 7).Conditions[0].Reason)
}

// While a BarqCluster is paused, the library would remove the release and set every condition to Unknown, though
// nothing has changed.
func TestMergeKeepsEverythingWhilePaused(t *testing.T) {
	before := Status{
		Conditions: []metav1.Condition{
			{Type: "Deployed", Status: metav1.ConditionTrue, Reason: "InstallSuccessful", ObservedGeneration: 6},
		},
		DeployedRelease: &v1alpha1.DeployedRelease{Name: "vectors"},
	}
	merged := merge(before, Status{Conditions: []metav1.Condition{
		{Type: "Deployed", Status: metav1.ConditionUnknown},
		{Type: "Paused", Status: metav1.ConditionTrue, Reason: "PauseReconcileAnnotationTrue"},
	}}, 7)

	require.Equal(t, Status{
		Conditions: []metav1.Condition{
			before.Conditions[0],
			{
				Type: "Paused", Status: metav1.ConditionTrue, Reason: "Paused", ObservedGeneration: 7,
				Message: "spec.paused is true: the operator changes nothing until it is false",
			},
		},
		DeployedRelease: before.DeployedRelease,
	}, merged)
}

// The library writes each of its conditions after every reconcile, and a former operator stored them all. A person reads
// those that say something. Another program's are not left out, so that the next write removes them.
func TestConditionsThatSayNothingAreLeftOut(t *testing.T) {
	for name, test := range map[string]struct {
		condition metav1.Condition
		stays     bool
	}{
		"a release is stored":                 {metav1.Condition{Type: "Deployed", Status: metav1.ConditionTrue, Reason: "InstallSuccessful"}, true},
		"no release is stored":                {metav1.Condition{Type: "Deployed", Status: metav1.ConditionFalse}, true},
		"whether one is stored is unknown":    {metav1.Condition{Type: "Deployed", Status: metav1.ConditionUnknown, Reason: "DeployedUnknown"}, true},
		"the store was read":                  {metav1.Condition{Type: "Initialized", Status: metav1.ConditionTrue}, false},
		"the library found no failure":        {metav1.Condition{Type: "ReleaseFailed", Status: metav1.ConditionFalse}, false},
		"the library ended before it":         {metav1.Condition{Type: "ReleaseFailed", Status: metav1.ConditionUnknown}, false},
		"a former operator found no failure":  {metav1.Condition{Type: "ReleaseFailed", Status: metav1.ConditionFalse, Reason: "NotReleaseFailed"}, false},
		"a former operator ended before it":   {metav1.Condition{Type: "ReleaseFailed", Status: metav1.ConditionUnknown, Reason: "ReleaseFailedUnknown"}, false},
		"the release failed":                  {metav1.Condition{Type: "ReleaseFailed", Status: metav1.ConditionTrue, Reason: "UpgradeError"}, true},
		"a former operator found no error":    {metav1.Condition{Type: "Irreconcilable", Status: metav1.ConditionFalse, Reason: "NotIrreconcilable"}, false},
		"an error":                            {metav1.Condition{Type: "Irreconcilable", Status: metav1.ConditionTrue, Reason: "ReconcileError"}, true},
		"a former operator was not paused":    {metav1.Condition{Type: "Paused", Status: metav1.ConditionFalse, Reason: "NotPaused"}, false},
		"paused":                              {metav1.Condition{Type: "Paused", Status: metav1.ConditionTrue, Reason: "Paused"}, true},
		"another program says it is not":      {metav1.Condition{Type: "Paused", Status: metav1.ConditionFalse, Reason: "Foreign"}, true},
		"another controller's that is False":  {metav1.Condition{Type: "Stalled", Status: metav1.ConditionFalse, Reason: "Ready"}, false},
		"another controller's that says much": {metav1.Condition{Type: "Ready", Status: metav1.ConditionTrue, Reason: "Ready"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			stored, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&Status{Conditions: []metav1.Condition{test.condition}})
			require.NoError(t, err)
			found, err := Of(&unstructured.Unstructured{Object: map[string]any{"status": stored}})
			require.NoError(t, err)
			require.Equal(t, test.stays, len(found.Conditions) == 1)
		})
	}
}

// In each reconcile, the library says first that nothing has failed, and then what has. If each of them set a new time,
// each reconcile would write the status.
func TestMergeKeepsSinceWhen(t *testing.T) {
	earlier, now := metav1.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), metav1.Date(2026, 1, 2, 3, 5, 5, 0, time.UTC)
	before := Status{Conditions: []metav1.Condition{
		{Type: "Deployed", Status: metav1.ConditionTrue, LastTransitionTime: earlier},
		{Type: "Irreconcilable", Status: metav1.ConditionTrue, LastTransitionTime: earlier},
	}}
	merged := merge(before, Status{Conditions: []metav1.Condition{
		{Type: "Deployed", Status: metav1.ConditionFalse, LastTransitionTime: now},
		{Type: "Irreconcilable", Status: metav1.ConditionTrue, Reason: "ReconcileError", Message: "another one", LastTransitionTime: now},
	}}, 7)
	require.Equal(t, now, merged.Conditions[0].LastTransitionTime)
	require.Equal(t, earlier, merged.Conditions[1].LastTransitionTime)
}

// Only some milliseconds pass between this write and the removal of the finalizer.
func TestNoStatusIsWrittenOfWhatGoes(t *testing.T) {
	now := metav1.Now()
	uninstalled := Status{Conditions: []metav1.Condition{{Type: "Deployed", Status: metav1.ConditionFalse, Reason: "UninstallSuccessful"}}}
	going := func(finalizers ...string) *unstructured.Unstructured {
		cluster := clusters.Object()
		cluster.SetDeletionTimestamp(&now)
		cluster.SetFinalizers(finalizers)
		return cluster
	}
	require.True(t, goes(going(clusters.UninstallFinalizer), uninstalled))
	require.False(t, goes(going(clusters.UninstallFinalizer, "foregroundDeletion"), uninstalled), "it stays, and people see it")
	require.False(t, goes(clusters.Object(), uninstalled))
	require.False(t, goes(going(clusters.UninstallFinalizer), Status{Conditions: []metav1.Condition{
		{Type: "Deployed", Status: metav1.ConditionTrue, Reason: "InstallSuccessful"},
		{Type: "ReleaseFailed", Status: metav1.ConditionTrue, Reason: "UninstallError"},
	}}), "the uninstall failed")
}
