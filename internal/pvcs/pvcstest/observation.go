// Package pvcstest makes observations of BarqClusters and their PVCs for tests. Only tests may import
// it.
package pvcstest

import (
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/pvcs"
)

// Generation is the generation of the BarqClusters.
const Generation = 4

// Now is the time of every observation.
var Now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// Grown is when volumes had grown and their file systems had not: just long enough ago for a restart.
var Grown = Now.Add(-30 * time.Second)

// PVC returns a bound PVC that asks for one size and has another.
func PVC(name, asks, has string) pvcs.PVC {
	made := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{
		Namespace: "team", Name: name, UID: types.UID("uid of " + name), ResourceVersion: "1",
	}}
	made.Spec.StorageClassName = ptr.To("fast")
	made.Spec.Resources.Requests = corev1.ResourceList{corev1.ResourceStorage: resource.MustParse(asks)}
	made.Status.Capacity = corev1.ResourceList{corev1.ResourceStorage: resource.MustParse(has)}
	made.Status.Phase = corev1.ClaimBound
	return pvcs.PVC{PVC: clusters.PVC{PersistentVolumeClaim: made}}
}

// Observed returns a BarqCluster of three pods that answer. Its volumes have 10Gi, and its PVCs ask
// for the 20Gi of the spec.
func Observed() pvcs.Observation {
	cluster := &v1alpha1.BarqCluster{}
	cluster.Namespace, cluster.Name, cluster.UID, cluster.Generation = "team", "vectors", "uid of vectors", Generation
	cluster.Spec.Replicas = ptr.To[int32](3)
	cluster.Spec.Storage.Size = ptr.To(resource.MustParse("20Gi"))
	cluster.Status.DeployedRelease = &v1alpha1.DeployedRelease{Name: "vectors"}

	set := &appsv1.StatefulSet{}
	set.Generation = 2
	set.Spec.Replicas, set.Spec.MinReadySeconds = ptr.To[int32](3), 5
	set.Status = appsv1.StatefulSetStatus{ObservedGeneration: 2, Replicas: 3, CurrentRevision: "a", UpdateRevision: "a"}

	found := pvcs.Observation{
		Cluster: cluster, StatefulSet: set, Pods: map[string]*corev1.Pod{}, GrowthRefusals: map[types.UID]pvcs.Refusal{},
	}
	for ordinal := range int32(3) {
		name := fmt.Sprintf("vectors-%d", ordinal)
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: name, CreationTimestamp: metav1.NewTime(Now.Add(-time.Hour))}}
		pod.Status.Phase = corev1.PodRunning
		pod.Status.Conditions = []corev1.PodCondition{{
			Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(Now.Add(-time.Minute)),
		}}
		found.Pods[name] = pod
		pvc := PVC("data-"+name, "20Gi", "10Gi")
		pvc.Pod, pvc.Ordinal = name, ordinal
		found.PVCs = append(found.PVCs, pvc)
	}
	return found
}

// Scaled returns a BarqCluster that was scaled down from three pods to two, with volumes that go with
// their pods.
func Scaled() pvcs.Observation {
	o := Observed()
	o.Cluster.Spec.Storage.Size = ptr.To(resource.MustParse("10Gi"))
	o.Cluster.Spec.Storage.Retention.WhenScaled = v1alpha1.RetentionDelete
	for _, pvc := range o.PVCs {
		Ask(pvc, "10Gi")
		pvc.Annotations = map[string]string{"barq.db/when-scaled": "Delete"}
	}
	o.Cluster.Spec.Replicas, o.StatefulSet.Spec.Replicas = ptr.To[int32](2), ptr.To[int32](2)
	delete(o.Pods, "vectors-2")
	return o
}

// Unbound returns a BarqCluster whose spec was corrected. Its StatefulSet was created with 100Gi of
// class slow, which does not exist.
func Unbound() pvcs.Observation {
	o := Observed()
	o.Cluster.Spec.Storage.Size, o.Cluster.Spec.Storage.StorageClassName = ptr.To(resource.MustParse("10Gi")), ptr.To("fast")
	o.Cluster.Spec.Storage.AccessMode = v1alpha1.AccessMode(corev1.ReadWriteOnce)
	o.Cluster.Status.Conditions = []metav1.Condition{{
		Type: v1alpha1.ConditionDeployed, Status: metav1.ConditionTrue, ObservedGeneration: Generation,
	}}
	template := corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: "data"}}
	template.Spec.AccessModes = []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}
	template.Spec.StorageClassName = ptr.To("slow")
	template.Spec.Resources.Requests = corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("100Gi")}
	o.StatefulSet.Spec.VolumeClaimTemplates = []corev1.PersistentVolumeClaim{template}
	for _, pvc := range o.PVCs {
		pvc.Spec = *template.Spec.DeepCopy()
		pvc.Status = corev1.PersistentVolumeClaimStatus{Phase: corev1.ClaimPending}
		pvc.CreationTimestamp = metav1.NewTime(Now)
	}
	return o
}
