package volumes

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

const generation = 4

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// grown is when the volumes of the tests had grown, and their file systems not: long
// enough ago for a restart.
var grown = now.Add(-onlineGrace)

// claimOf is a bound claim that asks for one size and has another.
func claimOf(name, asks, has string) *corev1.PersistentVolumeClaim {
	claim := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{
		Namespace: "team", Name: name, UID: types.UID("uid of " + name), ResourceVersion: "1",
	}}
	claim.Spec.StorageClassName = ptr.To("fast")
	claim.Spec.Resources.Requests = corev1.ResourceList{corev1.ResourceStorage: resource.MustParse(asks)}
	claim.Status.Capacity = corev1.ResourceList{corev1.ResourceStorage: resource.MustParse(has)}
	claim.Status.Phase = corev1.ClaimBound
	return claim
}

// awaitsFileSystem sets what Kubernetes does once a volume has grown.
func awaitsFileSystem(claim *corev1.PersistentVolumeClaim, since time.Time) {
	claim.Status.AllocatedResourceStatuses = map[corev1.ResourceName]corev1.ClaimResourceStatus{
		corev1.ResourceStorage: corev1.PersistentVolumeClaimNodeResizePending,
	}
	setClaimCondition(claim, corev1.PersistentVolumeClaimFileSystemResizePending, "", since)
}

func setClaimCondition(claim *corev1.PersistentVolumeClaim, name corev1.PersistentVolumeClaimConditionType, message string, since time.Time) {
	claim.Status.Conditions = append(claim.Status.Conditions, corev1.PersistentVolumeClaimCondition{
		Type: name, Status: corev1.ConditionTrue, Message: message, LastTransitionTime: metav1.NewTime(since),
	})
}

// observed is a BarqCluster of three pods that answer, with volumes of 10Gi that
// are to have 20Gi and were asked to.
func observed() observation {
	cluster := &v1alpha1.BarqCluster{}
	cluster.Namespace, cluster.Name, cluster.UID, cluster.Generation = "team", "vectors", "uid of vectors", generation
	cluster.Spec.Replicas = ptr.To[int32](3)
	cluster.Spec.Storage.Size = ptr.To(resource.MustParse("20Gi"))
	cluster.Status.DeployedRelease = &v1alpha1.DeployedRelease{Name: "vectors"}

	set := &appsv1.StatefulSet{}
	set.Generation = 2
	set.Spec.Replicas, set.Spec.MinReadySeconds = ptr.To[int32](3), 5
	set.Status = appsv1.StatefulSetStatus{ObservedGeneration: 2, Replicas: 3, CurrentRevision: "a", UpdateRevision: "a"}

	found := observation{cluster: cluster, statefulSet: set, pods: map[string]*corev1.Pod{}, refused: map[types.UID]refusal{}}
	for ordinal := range int32(3) {
		name := fmt.Sprintf("vectors-%d", ordinal)
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: name, CreationTimestamp: metav1.NewTime(now.Add(-time.Hour))}}
		pod.Status.Phase = corev1.PodRunning
		pod.Status.Conditions = []corev1.PodCondition{{
			Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(now.Add(-time.Minute)),
		}}
		found.pods[name] = pod
		found.volumes = append(found.volumes, volume{claim: claimOf("data-"+name, "20Gi", "10Gi"), pod: name, ordinal: ordinal})
	}
	return found
}

func (o observation) claim(ordinal int) *corev1.PersistentVolumeClaim {
	return o.volumes[ordinal].claim
}

func (o observation) pod(ordinal int) *corev1.Pod { return o.pods[o.volumes[ordinal].pod] }

func notReady(pod *corev1.Pod) { pod.Status.Conditions[0].Status = corev1.ConditionFalse }

func TestInUse(t *testing.T) {
	names := func(found []volume) []string {
		var names []string
		for _, v := range found {
			names = append(names, v.pod)
		}
		return names
	}
	o := observed()
	require.Equal(t, []string{"vectors-0", "vectors-1", "vectors-2"}, names(o.inUse()))
	o.cluster.Spec.Replicas = ptr.To[int32](1)
	require.Equal(t, []string{"vectors-0"}, names(o.inUse()), "those that were scaled away do not count")
	o.cluster.Spec.Replicas = ptr.To[int32](0)
	require.Equal(t, []string{"vectors-0", "vectors-1", "vectors-2"}, names(o.inUse()), "those that sleep do")
	require.Empty(t, names(o.desired()))
}
