package status

import (
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/absence"
	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/progress"
	"github.com/barq-db/barq-operator/internal/protection"
	"github.com/barq-db/barq-operator/internal/retention"
	"github.com/barq-db/barq-operator/internal/routes"
	"github.com/barq-db/barq-operator/internal/secrets"
	"github.com/barq-db/barq-operator/internal/workload"
)

// Observation is everything that the status is computed from.
type Observation struct {
	// Cluster is the BarqCluster with its stored status.
	Cluster *v1alpha1.BarqCluster
	// Secrets says whether the objects that the spec refers to exist.
	Secrets secrets.Resolution
	// StatefulSet that belongs to the BarqCluster; nil while there is none.
	StatefulSet *appsv1.StatefulSet
	// Pods of the StatefulSet.
	Pods []corev1.Pod
	// Missing are the pods that should exist and do not, with the time since when they are missing.
	Missing map[string]time.Time
	// FailedCreation is why Kubernetes could not create pods at its last attempt; nil if it could, or
	// no event says so.
	FailedCreation *absence.FailedCreation
	// Routes are the objects between clients and the pods; nil if they were not read.
	Routes *routes.Routes
	// SpecHash is the checksum of the newest spec, as package spechash has it.
	SpecHash string
	// Protection is the effect of spec.deletionProtection.
	Protection protection.Effect
	// Fate is what happens to the volumes of a BarqCluster that is being deleted.
	Fate retention.Fate
	// KnowsPodMonitors and KnowsServiceMonitors: the Kubernetes cluster has that kind; nil while that is unknown.
	KnowsPodMonitors, KnowsServiceMonitors *bool
	// Queued says what a queued rollout waits for; empty if none waits.
	Queued string
}

// independent reports whether each pod is a database of its own.
func (o Observation) independent() bool {
	return o.Cluster.Spec.Topology.Mode == v1alpha1.TopologyIndependent
}

// primary is the pod that holds all data, unless the pods are independent.
func (o Observation) primary() string { return workload.Primary(o.Cluster.Name) }

// primaryAnswers reports whether clients of mode Primary get answers.
func (o Observation) primaryAnswers() bool {
	return slices.ContainsFunc(o.Pods, func(pod corev1.Pod) bool { return pod.Name == o.primary() && workload.Ready(&pod) })
}

// serves reports whether any client gets an answer.
func (o Observation) serves() bool {
	if o.independent() {
		return o.answering() > 0
	}
	return o.primaryAnswers()
}

// answering returns how many pods of the StatefulSet answer. The StatefulSet's own count lags behind
// after the replacement of a pod.
func (o Observation) answering() int32 {
	var found int32
	for i := range o.Pods {
		if workload.Ready(&o.Pods[i]) {
			found++
		}
	}
	return found
}

// applied reports whether the release controller reconciled the newest spec with success.
func (o Observation) applied() bool {
	return clusters.AppliedGeneration(o.Cluster.Status.Conditions) == o.Cluster.Generation
}

// awaitsDeletion returns the message of a reconcile of the newest spec that met an object which is
// still being deleted, or nothing.
func (o Observation) awaitsDeletion() string {
	failed := o.helmCondition(v1alpha1.ConditionIrreconcilable, metav1.ConditionTrue)
	if failed == nil || failed.Reason != v1alpha1.ReasonAwaitingDeletion {
		return ""
	}
	return failed.Message
}

// refusal returns the message of a reconcile of the newest spec that ended in an error, or nothing. A
// condition that what the spec refers to is missing is out of date once that exists.
func (o Observation) refusal() string {
	failed := o.helmCondition(v1alpha1.ConditionIrreconcilable, metav1.ConditionTrue)
	if failed == nil || failed.Reason == v1alpha1.ReasonSecretMissing || failed.Reason == v1alpha1.ReasonReferenceMissing {
		return ""
	}
	return failed.Message
}

// deletionWaits returns why the release controller could not delete the BarqCluster's objects, or
// nothing.
func (o Observation) deletionWaits() string {
	failed := o.helmCondition(v1alpha1.ConditionReleaseFailed, metav1.ConditionTrue)
	if failed == nil || failed.Reason != reasonUninstallError {
		return ""
	}
	return failed.Message
}

// reasonUninstallError is the Helm library's reason for a release that it could not uninstall.
const reasonUninstallError = "UninstallError"

// helmCondition returns the condition if it has the status and is about the newest spec.
func (o Observation) helmCondition(name string, status metav1.ConditionStatus) *metav1.Condition {
	condition := meta.FindStatusCondition(o.Cluster.Status.Conditions, name)
	if condition == nil || condition.Status != status || condition.ObservedGeneration != o.Cluster.Generation {
		return nil
	}
	return condition
}

// rolledOut reports whether every desired pod exists in the newest revision, ready or not, and no
// other pod is left.
func (o Observation) rolledOut() bool {
	return o.StatefulSet != nil && workload.RolledOut(o.StatefulSet, o.Cluster.Spec.DesiredReplicas())
}

// obstacle says what keeps clients, the NetworkPolicy or the next rollout from pods that answer; empty
// if nothing does. The operator repairs it if it can.
func (o Observation) obstacle() string {
	if text := progress.Obstacle(o.StatefulSet); text != "" || o.StatefulSet == nil || o.Routes == nil {
		return text
	}
	return o.Routes.Obstacle(o.Cluster, o.StatefulSet, o.Pods)
}

// available reports whether all pods have answered for spec.minReadySeconds.
func (o Observation) available() bool {
	status := &o.StatefulSet.Status
	return status.ReadyReplicas == status.Replicas && status.AvailableReplicas == status.Replicas
}

// dataAtRisk is what the volumes controller says about PVCs that go when their pods stop, or nothing.
func (o Observation) dataAtRisk() string {
	condition := meta.FindStatusCondition(o.Cluster.Status.Conditions, v1alpha1.ConditionVolumesResized)
	if condition == nil || condition.Reason != v1alpha1.ReasonDataAtRisk {
		return ""
	}
	return condition.Message
}

// volumesResized returns what the volumes controller says about the newest spec; nil before it has
// reconciled that spec.
func (o Observation) volumesResized() *metav1.Condition {
	condition := meta.FindStatusCondition(o.Cluster.Status.Conditions, v1alpha1.ConditionVolumesResized)
	if condition == nil || condition.ObservedGeneration != o.Cluster.Generation {
		return nil
	}
	return condition
}
