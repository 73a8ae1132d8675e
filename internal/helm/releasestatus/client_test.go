package releasestatus

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/clusters"
)

func TestMergeCompletesWhatTheLibraryLeavesOut(t *testing.T) {
	merged := merge(Status{}, Status{
		Conditions: []metav1.Condition{
			{Type: "Initialized", Status: metav1.ConditionUnknown},
			{Type: "Deployed", Status: metav1.ConditionTrue, Reason: "InstallSuccessful", Message: "NOTES of the chart"},
			{Type: "ReleaseFailed", Status: metav1.ConditionTrue, Reason: "UpgradeError", Message: "terminal error: 1 error occurred:\n\t* it is invalid\n\n"},
			{Type: "Irreconcilable", Status: metav1.ConditionTrue, Reason: "ReconcileError", Message: strings.Repeat("x", messageLimit+1)},
			{Type: "Paused", Status: metav1.ConditionFalse},
		},
		DeployedRelease: &v1alpha1.DeployedRelease{Name: "vectors"},
	}, 7)

	require.Equal(t, Status{
		Conditions: []metav1.Condition{
			{Type: "Initialized", Status: metav1.ConditionUnknown, Reason: "InitializedUnknown", ObservedGeneration: 7},
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
			{Type: "Paused", Status: metav1.ConditionFalse, Reason: "NotPaused", ObservedGeneration: 7},
		},
		DeployedRelease: &v1alpha1.DeployedRelease{Name: "vectors"},
	}, merged)
}

// While a BarqCluster is paused, the library would remove the release and set every condition to Unknown, though
// nothing has changed.
func TestMergeKeepsEverythingWhilePaused(t *testing.T) {
	before := Status{
		Conditions: []metav1.Condition{
			{Type: "Deployed", Status: metav1.ConditionTrue, Reason: "InstallSuccessful", ObservedGeneration: 6},
			{Type: "Paused", Status: metav1.ConditionFalse, Reason: "NotPaused", ObservedGeneration: 6},
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
				Message: "spec.paused is true: nothing is changed until it is false",
			},
		},
		DeployedRelease: before.DeployedRelease,
	}, merged)
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
