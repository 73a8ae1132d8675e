package barqcluster

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// between is how long is waited between two looks.
const between = 20 * time.Millisecond

// Eventually waits until the check returns nothing, and fails with what it last
// returned.
func (k *Kubernetes) Eventually(t *testing.T, check func() string) {
	t.Helper()
	deadline := time.Now().Add(k.Patience)
	for {
		last := check()
		if last == "" {
			return
		}
		if time.Now().After(deadline) {
			require.FailNow(t, "still not after "+k.Patience.String(), last)
		}
		time.Sleep(between)
	}
}

// WaitReady waits until the BarqCluster is Ready in its newest generation.
func (k *Kubernetes) WaitReady(t *testing.T, cluster *v1alpha1.BarqCluster) {
	t.Helper()
	k.WaitFor(t, cluster, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady)
	require.Equal(t, v1alpha1.PhaseReady, cluster.Status.Phase)
}

// WaitFor waits until a condition about the newest generation has the status and reason.
func (k *Kubernetes) WaitFor(t *testing.T, cluster *v1alpha1.BarqCluster, name string, status metav1.ConditionStatus, reason string) *metav1.Condition {
	t.Helper()
	var found *metav1.Condition
	k.Eventually(t, func() string {
		k.Refresh(t, cluster)
		found = meta.FindStatusCondition(cluster.Status.Conditions, name)
		if found != nil && found.Status == status && found.Reason == reason && found.ObservedGeneration == cluster.Generation {
			return ""
		}
		return fmt.Sprintf("generation %d, condition %s: %+v", cluster.Generation, name, found)
	})
	return found
}

// WaitGone waits until the object is not there any more.
func (k *Kubernetes) WaitGone(t *testing.T, object client.Object) {
	t.Helper()
	k.Eventually(t, func() string {
		err := k.Client.Get(t.Context(), client.ObjectKeyFromObject(object), object)
		if apierrors.IsNotFound(err) {
			return ""
		}
		return fmt.Sprintf("%T %s is still there (%v), finalizers %v", object, object.GetName(), err, object.GetFinalizers())
	})
}
