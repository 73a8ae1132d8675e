package status_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/routes"
	"github.com/barq-db/barq-operator/internal/status"
	"github.com/barq-db/barq-operator/test/observation"
)

// routed is running with the objects around the pods.
func routed() status.Observation {
	o := observation.Running()
	for i := range o.Pods {
		o.Pods[i].Labels["app.kubernetes.io/instance"] = "vectors"
		o.Pods[i].Labels[appsv1.StatefulSetPodNameLabel] = o.Pods[i].Name
	}
	o.Routes = &routes.Routes{Services: map[string]*corev1.Service{"vectors": serviceTo("vectors-0")}, Policy: &networkingv1.NetworkPolicy{}}
	o.Routes.Policy.Name = "vectors"
	o.Routes.Policy.Spec.PodSelector = metav1.LabelSelector{MatchLabels: map[string]string{"app.kubernetes.io/instance": "vectors"}}
	return o
}

func serviceTo(pod string) *corev1.Service {
	service := &corev1.Service{}
	service.Spec.Selector = map[string]string{"app.kubernetes.io/instance": "vectors", appsv1.StatefulSetPodNameLabel: pod}
	return service
}

// Pods that answer do not help clients if another object is in the way.
func TestObstacles(t *testing.T) {
	independent := func(o *status.Observation) {
		o.Cluster.Spec.Topology.Mode = v1alpha1.TopologyIndependent
		o.Routes.Services = map[string]*corev1.Service{
			"vectors-0": serviceTo("vectors-0"), "vectors-1": serviceTo("vectors-1"), "vectors-2": serviceTo("vectors-2"),
		}
	}
	partition := func(o *status.Observation, number int32) {
		o.StatefulSet.Spec.UpdateStrategy.RollingUpdate = &appsv1.RollingUpdateStatefulSetStrategy{Partition: ptr.To(number)}
	}
	const exposed = ", so every pod of the Kubernetes cluster may reach "
	for name, test := range map[string]struct {
		change func(*status.Observation)
		want   string
	}{
		"nothing":              {func(*status.Observation) {}, ""},
		"nothing, independent": {independent, ""},
		"not read":             {func(o *status.Observation) { o.Routes = nil }, ""},
		"no Service": {
			func(o *status.Observation) { delete(o.Routes.Services, "vectors") },
			"Service vectors does not exist, so clients do not reach pod vectors-0",
		},
		"a Service to another pod": {
			func(o *status.Observation) { o.Routes.Services["vectors"] = serviceTo("vectors-9") },
			"the selector of Service vectors does not match pod vectors-0, so clients do not reach it",
		},
		"a Service without a selector": {
			func(o *status.Observation) { o.Routes.Services["vectors"].Spec.Selector = nil },
			"the selector of Service vectors does not match pod vectors-0, so clients do not reach it",
		},
		"a Service of one independent database": {
			func(o *status.Observation) { independent(o); o.Routes.Services["vectors-1"] = serviceTo("vectors-0") },
			"the selector of Service vectors-1 does not match pod vectors-1, so clients do not reach it",
		},
		"no NetworkPolicy": {
			func(o *status.Observation) { o.Routes.Policy = nil }, "NetworkPolicy vectors does not exist" + exposed + "the database",
		},
		"no NetworkPolicy, and none is asked for": {
			func(o *status.Observation) {
				o.Routes.Policy, o.Cluster.Spec.NetworkPolicy.Enabled = nil, ptr.To(false)
			}, "",
		},
		"a NetworkPolicy of others": {
			func(o *status.Observation) {
				o.Routes.Policy.Spec.PodSelector.MatchLabels = map[string]string{"app.kubernetes.io/instance": "other"}
			}, "NetworkPolicy vectors does not select pod vectors-0" + exposed + "it",
		},
		"a NetworkPolicy of some": {
			func(o *status.Observation) {
				o.Routes.Policy.Spec.PodSelector.MatchLabels = map[string]string{appsv1.StatefulSetPodNameLabel: "vectors-0"}
			}, "NetworkPolicy vectors does not select pod vectors-1" + exposed + "it",
		},
		"a partition": {
			func(o *status.Observation) { partition(o, 2) },
			"the update strategy of StatefulSet vectors has the partition 2, so no rollout reaches the pods below that number",
		},
		"a partition of nothing": {func(o *status.Observation) { partition(o, 0) }, ""},
		"another update strategy": {
			func(o *status.Observation) {
				o.StatefulSet.Spec.UpdateStrategy.Type = appsv1.OnDeleteStatefulSetStrategyType
			}, "StatefulSet vectors has the update strategy OnDelete, so no rollout reaches its pods",
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := routed()
			test.change(&o)
			for paused, want := range map[bool]said{
				false: {
					"Progressing", metav1.ConditionFalse, metav1.ConditionTrue, metav1.ConditionFalse, "Applying",
					"3 of 3 pods answer; " + test.want + "; waiting for the operator to revert this", generation,
				},
				true: {
					"Paused", metav1.ConditionFalse, metav1.ConditionFalse, metav1.ConditionFalse, "Paused",
					"spec.paused is true: the operator changes nothing until it is false; 3 of 3 pods answer; " + test.want, 0,
				},
			} {
				o.Cluster.Spec.Paused = paused
				got := status.Compute(o, now)
				ready := meta.FindStatusCondition(got.Conditions, v1alpha1.ConditionReady)
				if test.want == "" || paused && o.Routes.Policy == nil {
					require.Equal(t, metav1.ConditionTrue, ready.Status, ready.Message)
					continue
				}
				require.Equal(t, want, said{
					phase: got.Phase, ready: ready.Status, stalled: meta.FindStatusCondition(got.Conditions, v1alpha1.ConditionStalled).Status,
					reconciling: meta.FindStatusCondition(got.Conditions, v1alpha1.ConditionReconciling).Status,
					reason:      ready.Reason, message: ready.Message, observed: got.ObservedGeneration,
				})
			}
		})
	}

	o := routed()
	partition(&o, 1)
	o.StatefulSet.Status.CurrentRevision, o.StatefulSet.Status.UpdatedReplicas = "a", 2
	require.Equal(t, "3 of 3 pods answer; waiting for the operator to revert this: the update strategy of StatefulSet vectors has the partition 1, "+
		"so no rollout reaches the pods below that number", meta.FindStatusCondition(status.Compute(o, now).Conditions, v1alpha1.ConditionReady).Message)
}
