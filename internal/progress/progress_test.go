package progress_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/absence"
	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/status"
	"github.com/barq-db/barq-operator/test/observation"
)

// now is when the status is computed.
var now = observation.Now

// While pods are replaced the status says why, but only for the operator's own change of the
// StatefulSet.
func TestARolloutSaysWhyInTheStatus(t *testing.T) {
	const why = "; the pods are replaced, because Secret keys has changed"
	rolls := func(o *status.Observation) {
		o.StatefulSet.Status.CurrentRevision, o.StatefulSet.Status.UpdatedReplicas = "a", 2
	}
	for name, test := range map[string]struct {
		change func(*status.Observation)
		told   bool
	}{
		"pods are replaced": {rolls, true},
		"one does not start": {func(o *status.Observation) {
			rolls(o)
			observation.Lose(o, observation.Pod("vectors-1", observation.Waiting("ErrImagePull", "not found")))
		}, true},
		"Kubernetes has not seen it":               {func(o *status.Observation) { o.StatefulSet.Status.ObservedGeneration-- }, true},
		"all is done":                              {func(*status.Observation) {}, false},
		"the number of pods changes":               {func(o *status.Observation) { o.Cluster.Spec.Replicas = ptr.To[int32](5) }, false},
		"Kubernetes has not seen the other number": {func(o *status.Observation) { o.StatefulSet.Generation++ }, false},
		"a person restarts the pods": {func(o *status.Observation) {
			rolls(o)
			o.StatefulSet.Spec.Template.Annotations = map[string]string{"kubectl.kubernetes.io/restartedAt": "now"}
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			observed := observation.Running()
			cause, err := clusters.NewCause(&observed.StatefulSet.Spec.Template, "Secret keys has changed")
			require.NoError(t, err)
			cause.Generation = observed.StatefulSet.Generation
			require.NoError(t, cause.Note(observed.StatefulSet))
			test.change(&observed)
			got := status.Compute(observed, now)
			for _, name := range []string{v1alpha1.ConditionReady, v1alpha1.ConditionReconciling} {
				message := meta.FindStatusCondition(got.Conditions, name).Message
				require.Equal(t, test.told, strings.HasSuffix(message, why), message)
			}
		})
	}
}

// A rollout goes on to the pods that it has not reached. The pod that holds it up is not one of them.
func TestTheOtherPodsOfARollout(t *testing.T) {
	// of returns a rollout over pods; the named pods were updated.
	of := func(pods []corev1.Pod, updated ...string) status.Observation {
		observed := observation.Running()
		observed.Cluster.Spec.Replicas, observed.StatefulSet.Spec.Replicas = ptr.To(int32(len(pods))), ptr.To(int32(len(pods)))
		observed.StatefulSet.Status.Replicas, observed.StatefulSet.Status.UpdatedReplicas = int32(len(pods)), int32(len(updated))
		observed.StatefulSet.Status.CurrentRevision = "a"
		observed.Pods = nil
		for _, pod := range pods {
			if pod.Name == "" {
				continue
			}
			if pod.Labels = map[string]string{}; strings.Contains(strings.Join(updated, " "), pod.Name) {
				pod.Labels[appsv1.StatefulSetRevisionLabel] = observed.StatefulSet.Status.UpdateRevision
			}
			observed.Pods = append(observed.Pods, pod)
		}
		return observed
	}
	missing := func(o status.Observation) status.Observation {
		o.FailedCreation = &absence.FailedCreation{Message: "exceeded quota", Since: now.Add(-time.Minute)}
		return o
	}
	image := func(name string) corev1.Pod {
		return observation.Pod(name, observation.Waiting("ErrImagePull", "not found"))
	}
	leaving := image("vectors-0")
	leaving.DeletionTimestamp = ptr.To(metav1.NewTime(now.Add(-time.Minute)))

	for name, test := range map[string]struct {
		observed status.Observation
		want     string
	}{
		"the only pod":                       {of([]corev1.Pod{image("vectors-0")}, "vectors-0"), ""},
		"the only pod, of a former revision": {of([]corev1.Pod{image("vectors-0")}), ""},
		"the only pod is missing":            {missing(of([]corev1.Pod{{}})), ""},
		"the only pod does not go":           {of([]corev1.Pod{leaving}), ""},
		"all are of a former revision":       {of([]corev1.Pod{image("vectors-0"), image("vectors-1")}), ""},
		"one is in trouble, one waits":       {of([]corev1.Pod{observation.Pod("vectors-0", observation.Started(0)), image("vectors-1")}, "vectors-1"), "1"},
		"one is missing, one waits":          {missing(of([]corev1.Pod{observation.Pod("vectors-0", observation.Started(0)), {}})), "1"},
	} {
		t.Run(name, func(t *testing.T) {
			got := status.Compute(test.observed, now)
			ready := meta.FindStatusCondition(got.Conditions, v1alpha1.ConditionReady)
			require.Equal(t, v1alpha1.ReasonPodsNotReady, ready.Reason, ready.Message)
			_, others, _ := strings.Cut(ready.Message, "; after that the rollout goes on to the other ")
			require.Equal(t, test.want, strings.TrimSuffix(others, " after that"), ready.Message)
		})
	}
}
