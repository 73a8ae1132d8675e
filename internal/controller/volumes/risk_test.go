package volumes

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

const (
	goingMessage = "claim data-vectors-1 is being deleted, and goes with its data when pod vectors-1 stops: copy the data first; " +
		"the operator restarts this pod only for a change of the spec"
	lostMessage = "claim data-vectors-1 has lost its volume pv-1, and pod vectors-1 cannot start again: copy the data that it still answers with; " +
		"the operator restarts this pod only for a change of the spec"
)

// going lets the claim go when its pod stops.
func going(o observation) {
	o.claim(1).DeletionTimestamp, o.claim(1).Finalizers = &metav1.Time{Time: now}, []string{"kubernetes.io/pvc-protection"}
}

func lost(o observation) {
	o.claim(1).Spec.VolumeName, o.claim(1).Status.Phase = "pv-1", corev1.ClaimLost
}

func TestRisks(t *testing.T) {
	for name, test := range map[string]struct {
		change func(observation)
		want   []string
	}{
		"none":               {func(observation) {}, nil},
		"being deleted":      {going, []string{goingMessage}},
		"lost":               {lost, []string{lostMessage}},
		"the pod is gone":    {func(o observation) { going(o); delete(o.pods, "vectors-1") }, nil},
		"the pod stops":      {func(o observation) { going(o); o.pod(1).DeletionTimestamp = &metav1.Time{Time: now} }, nil},
		"the pod is unready": {func(o observation) { going(o); notReady(o.pod(1)) }, []string{goingMessage}},
		"scaled away, and the pod is still there": {func(o observation) {
			going(o)
			*o.cluster.Spec.Replicas = 1
		}, []string{goingMessage}},
	} {
		t.Run(name, func(t *testing.T) {
			o := observed()
			test.change(o)
			require.Equal(t, test.want, o.risks())
		})
	}
}

// The pod of a claim that goes is not restarted for its file system, and holds no other up.
func TestAPodWhoseClaimGoesIsNotRestarted(t *testing.T) {
	for name, change := range map[string]func(observation){"being deleted": going, "lost": lost} {
		t.Run(name, func(t *testing.T) {
			o := observed()
			awaitsFileSystem(o.claim(1), grown)
			change(o)
			w := worldOf(t, o)
			writes, _ := w.pass(t)
			require.NotContains(t, writes, "delete vectors-1")
			condition := storedStatus(w.said(t)).resized()
			require.Equal(t, []string{"False", v1alpha1.ReasonDataAtRisk}, []string{string(condition.Status), condition.Reason})
			require.Contains(t, w.heard(), "Warning DataAtRisk "+condition.Message)
			w.pass(t)
			require.Empty(t, w.heard(), "once")

			o = observed()
			awaitsFileSystem(o.claim(0), grown)
			change(o)
			require.Equal(t, "vectors-0", o.planRestarts(now).now.pod)
		})
	}
}
