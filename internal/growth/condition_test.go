package growth_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/growth"
	"github.com/barq-db/barq-operator/internal/pvcs"
	"github.com/barq-db/barq-operator/internal/pvcs/pvcstest"
)

// said is what a person reads from a status.
type said struct {
	status           metav1.ConditionStatus
	reason, message  string
	capacity         string
	volumes, resized int32
}

func TestConditionAndStorage(t *testing.T) {
	const yes, no, unknown = metav1.ConditionTrue, metav1.ConditionFalse, metav1.ConditionUnknown
	const sought = "each volume is to have 20Gi: "
	// The first PVC is behind, the others are not.
	first := func(change func(o *pvcs.Observation, pvc pvcs.PVC)) func(*pvcs.Observation) {
		return func(o *pvcs.Observation) {
			pvcstest.Give(o.PVCs[1], "20Gi")
			pvcstest.Give(o.PVCs[2], "20Gi")
			change(o, o.PVCs[0])
		}
	}
	for name, test := range map[string]struct {
		change func(*pvcs.Observation)
		want   said
	}{
		"every volume has the size": {
			first(func(_ *pvcs.Observation, pvc pvcs.PVC) { pvcstest.Give(pvc, "20Gi") }),
			said{yes, "SizeReached", "every volume has at least 20Gi", "20Gi", 3, 3},
		},
		"one has more": {
			first(func(_ *pvcs.Observation, pvc pvcs.PVC) { pvcstest.Give(pvc, "32Gi") }),
			said{yes, "SizeReached", "every volume has at least 20Gi", "32Gi", 3, 3},
		},
		"all grow": {
			func(*pvcs.Observation) {},
			said{
				no, "Resizing", sought + "PVC data-vectors-0 has 10Gi, and its storage is growing it; " +
					"PVC data-vectors-1 has 10Gi, and its storage is growing it; PVC data-vectors-2 has 10Gi, and its storage is growing it",
				"10Gi", 3, 0,
			},
		},
		"one grows": {
			first(func(*pvcs.Observation, pvcs.PVC) {}),
			said{no, "Resizing", sought + "PVC data-vectors-0 has 10Gi, and its storage is growing it", "20Gi", 3, 2},
		},
		"refused": {
			first(func(o *pvcs.Observation, pvc pvcs.PVC) {
				o.GrowthRefusals[pvc.UID] = pvcs.Refusal{Message: "forbidden"}
			}),
			said{
				no, "ResizeRefused", sought + "PVC data-vectors-0 has 10Gi, and may not grow in its storage class fast: forbidden; " +
					"allow the growth, or write a spec.storage.size that the volumes have; the operator tries again after 10 minutes",
				"20Gi", 3, 2,
			},
		},
		"a growth that is not taken back": {
			first(func(o *pvcs.Observation, pvc pvcs.PVC) {
				pvcstest.Ask(pvc, "10Ti")
				o.GrowthRefusals[pvc.UID] = pvcs.Refusal{Message: "field can not be less than previous value"}
			}),
			said{
				no, "ResizeRefused", sought + "PVC data-vectors-0 has 10Gi, and its PVC still asks for 10Ti: " +
					"field can not be less than previous value; " +
					"allow the growth, or write a spec.storage.size that the volumes have; the operator tries again after 10 minutes",
				"20Gi", 3, 2,
			},
		},
		"a refusal to take back a growth does not matter": {
			first(func(o *pvcs.Observation, pvc pvcs.PVC) {
				pvcstest.Give(pvc, "20Gi")
				o.GrowthRefusals[pvc.UID] = pvcs.Refusal{Message: "forbidden"}
			}),
			said{yes, "SizeReached", "every volume has at least 20Gi", "20Gi", 3, 3},
		},
		"the storage fails": {
			first(func(_ *pvcs.Observation, pvc pvcs.PVC) {
				pvcstest.SetCondition(pvc, corev1.PersistentVolumeClaimControllerResizeError, "quota exceeded", pvcstest.Now)
			}),
			said{
				no, "ResizeFailed", sought + "PVC data-vectors-0 has 10Gi, and its storage failed to grow it and tries again: quota exceeded; " +
					"the events of the PVC say more; to take the growth back, write a spec.storage.size that the volumes have",
				"20Gi", 3, 2,
			},
		},
		"the storage gives up": {
			first(func(_ *pvcs.Observation, pvc pvcs.PVC) {
				pvcstest.SetResizeStatus(pvc, corev1.PersistentVolumeClaimControllerResizeInfeasible)
			}),
			said{
				no, "ResizeFailed", sought + "PVC data-vectors-0 has 10Gi, and its storage cannot grow it; " +
					"the events of the PVC say more; to take the growth back, write a spec.storage.size that the volumes have",
				"20Gi", 3, 2,
			},
		},
		"the node gives up": {
			first(func(_ *pvcs.Observation, pvc pvcs.PVC) {
				pvcstest.AwaitFileSystem(pvc, pvcstest.Grown)
				pvcstest.SetResizeStatus(pvc, corev1.PersistentVolumeClaimNodeResizeInfeasible)
				pvcstest.SetCondition(pvc, corev1.PersistentVolumeClaimNodeResizeError, "no tool for it", pvcstest.Now)
			}),
			said{
				no, "ResizeFailed", sought + "PVC data-vectors-0 has 10Gi, and its node cannot grow the file system: no tool for it; " +
					"the events of the PVC say more; to take the growth back, write a spec.storage.size that the volumes have",
				"20Gi", 3, 2,
			},
		},
		"a file system grows under a running pod": {
			first(func(_ *pvcs.Observation, pvc pvcs.PVC) { pvcstest.AwaitFileSystem(pvc, pvcstest.Now) }),
			said{
				no, "FileSystemResizePending",
				sought + "PVC data-vectors-0 has 10Gi, and its file system grows under the running pod vectors-0", "20Gi", 3, 2,
			},
		},
		"a pod restarts for its file system": {
			first(func(_ *pvcs.Observation, pvc pvcs.PVC) { pvcstest.AwaitFileSystem(pvc, pvcstest.Grown) }),
			said{
				no, "FileSystemResizePending",
				sought + "PVC data-vectors-0 has 10Gi, and its file system grows when pod vectors-0 restarts, which it does now", "20Gi", 3, 2,
			},
		},
		"a restart waits for another": {
			func(o *pvcs.Observation) {
				pvcstest.Give(o.PVCs[0], "20Gi")
				pvcstest.AwaitFileSystem(o.PVCs[1], pvcstest.Grown)
				pvcstest.AwaitFileSystem(o.PVCs[2], pvcstest.Grown)
			},
			said{
				no, "FileSystemResizePending",
				sought + "PVC data-vectors-1 has 10Gi, and its file system grows when pod vectors-1 restarts, which waits until pod vectors-2 has; " +
					"PVC data-vectors-2 has 10Gi, and its file system grows when pod vectors-2 restarts, which it does now", "20Gi", 3, 1,
			},
		},
		"a restart waits for a pod": {
			first(func(o *pvcs.Observation, pvc pvcs.PVC) {
				pvcstest.AwaitFileSystem(pvc, pvcstest.Grown)
				pvcstest.Unready(o.Pods["vectors-2"])
			}),
			said{
				no, "FileSystemResizePending",
				sought + "PVC data-vectors-0 has 10Gi, and its file system grows when pod vectors-0 restarts, which waits until pod vectors-2 answers",
				"20Gi", 3, 2,
			},
		},
		"a pod starts with a file system that is to grow": {
			first(func(o *pvcs.Observation, pvc pvcs.PVC) {
				pvcstest.AwaitFileSystem(pvc, pvcstest.Grown)
				o.Pods["vectors-0"].Status.Phase = corev1.PodPending
			}),
			said{
				no, "FileSystemResizePending",
				sought + "PVC data-vectors-0 has 10Gi, and its file system grows when pod vectors-0 starts", "20Gi", 3, 2,
			},
		},
		"a restart did not help": {
			first(func(o *pvcs.Observation, pvc pvcs.PVC) {
				pvcstest.AwaitFileSystem(pvc, pvcstest.Grown.Add(-time.Second))
				pvcstest.SetCondition(pvc, corev1.PersistentVolumeClaimNodeResizeError, "busy", pvcstest.Now)
				o.Pods["vectors-0"].CreationTimestamp = metav1.NewTime(pvcstest.Grown)
			}),
			said{
				no, "ResizeFailed", sought + "PVC data-vectors-0 has 10Gi, and its file system did not grow, though pod vectors-0 has started since: busy; " +
					"the events of the PVC say more; to take the growth back, write a spec.storage.size that the volumes have",
				"20Gi", 3, 2,
			},
		},
		"paused before the PVC was asked": {
			first(func(o *pvcs.Observation, pvc pvcs.PVC) {
				pvcstest.Ask(pvc, "10Gi")
				o.Cluster.Spec.Paused = true
			}),
			said{no, "Resizing", sought + "PVC data-vectors-0 has 10Gi, and grows once spec.paused is false", "20Gi", 3, 2},
		},
		"a PVC that is being deleted": {
			first(func(_ *pvcs.Observation, pvc pvcs.PVC) {
				pvc.DeletionTimestamp = &metav1.Time{Time: pvcstest.Now}
			}),
			said{no, "DataAtRisk", "PVC data-vectors-0 is being deleted, and Kubernetes deletes its data when pod vectors-0 stops: copy the data first. " +
				"The operator restarts this pod only for a change of the spec", "20Gi", 3, 2},
		},
		"a PVC that is being deleted, and its pod stops": {
			first(func(o *pvcs.Observation, pvc pvcs.PVC) {
				pvcstest.Give(pvc, "20Gi")
				pvc.DeletionTimestamp = &metav1.Time{Time: pvcstest.Now}
				o.Pods["vectors-0"].DeletionTimestamp = &metav1.Time{Time: pvcstest.Now}
			}),
			said{unknown, "NoVolumes", "no volume yet: PVC data-vectors-0 is being deleted, and Kubernetes then creates another one for pod vectors-0", "20Gi", 3, 3},
		},
		"a PVC that has lost its volume, without a pod": {
			first(func(o *pvcs.Observation, pvc pvcs.PVC) {
				pvcstest.Give(pvc, "20Gi")
				pvc.Spec.VolumeName, pvc.Status.Phase = "pv-0", corev1.ClaimLost
				delete(o.Pods, "vectors-0")
			}),
			said{unknown, "NoVolumes", "no volume yet: PVC data-vectors-0 has lost its volume pv-0", "20Gi", 3, 3},
		},
		"what a person can do something about comes first": {
			func(o *pvcs.Observation) {
				pvcstest.AwaitFileSystem(o.PVCs[1], pvcstest.Now)
				o.GrowthRefusals[o.PVCs[2].UID] = pvcs.Refusal{Message: "forbidden"}
			},
			said{
				no, "ResizeRefused", sought + "PVC data-vectors-2 has 10Gi, and may not grow in its storage class fast: forbidden; " +
					"PVC data-vectors-1 has 10Gi, and its file system grows under the running pod vectors-1; " +
					"PVC data-vectors-0 has 10Gi, and its storage is growing it; " +
					"allow the growth, or write a spec.storage.size that the volumes have; the operator tries again after 10 minutes",
				"10Gi", 3, 0,
			},
		},
		"volumes of pods that were scaled away do not count": {
			first(func(o *pvcs.Observation, pvc pvcs.PVC) {
				pvcstest.Give(pvc, "20Gi")
				pvcstest.Give(o.PVCs[1], "10Gi")
				pvcstest.Give(o.PVCs[2], "32Gi")
				o.Cluster.Spec.Replicas = ptr.To[int32](1)
			}),
			said{yes, "SizeReached", "every volume has at least 20Gi", "32Gi", 1, 1},
		},
		"asleep, with volumes that have grown": {
			func(o *pvcs.Observation) {
				o.Cluster.Spec.Replicas = ptr.To[int32](0)
				o.Pods = nil
				for i := range o.PVCs {
					pvcstest.Give(o.PVCs[i], "20Gi")
				}
			},
			said{yes, "SizeReached", "every volume has at least 20Gi", "20Gi", 0, 0},
		},
		"asleep, with a file system that is to grow": {
			first(func(o *pvcs.Observation, pvc pvcs.PVC) {
				o.Cluster.Spec.Replicas = ptr.To[int32](0)
				o.Pods = nil
				pvcstest.AwaitFileSystem(pvc, pvcstest.Grown)
			}),
			said{
				no, "FileSystemResizePending",
				sought + "PVC data-vectors-0 has 10Gi, and its file system grows when pod vectors-0 starts", "20Gi", 0, 0,
			},
		},
		"asleep from the start": {
			func(o *pvcs.Observation) {
				o.Cluster.Spec.Replicas = ptr.To[int32](0)
				o.PVCs = nil
			},
			said{unknown, "NoVolumes", "there is no volume, and no pod is asked for", "", 0, 0},
		},
		"not there yet": {
			func(o *pvcs.Observation) {
				o.PVCs[1].Status.Phase = corev1.ClaimPending
				o.PVCs[1].Status.Capacity = nil
				o.PVCs = o.PVCs[1:2]
			},
			said{
				unknown, "NoVolumes", "no volume yet: PVC data-vectors-0 does not exist yet; PVC data-vectors-1 is not bound, its class is fast; PVC data-vectors-2 does not exist yet",
				"", 0, 0,
			},
		},
		"on no volume": {
			func(o *pvcs.Observation) {
				o.PVCs = nil
				o.Cluster.Spec.Tiering.HotPath = v1alpha1.HotPathEphemeralStorage
			},
			said{unknown, "NoVolumes", "the data directory is on no volume (spec.tiering.hotPath)", "", 0, 0},
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := pvcstest.Observed()
			test.change(&o)
			before := o.Cluster.DeepCopy()
			require.Equal(t, metav1.Condition{Status: test.want.status, Reason: test.want.reason, Message: test.want.message},
				growth.Condition(o, growth.PlanRestarts(o, pvcstest.Now), pvcstest.Now))

			var storage *v1alpha1.StorageStatus
			if test.want.capacity != "" {
				storage = &v1alpha1.StorageStatus{
					Capacity: ptr.To(resource.MustParse(test.want.capacity)), Volumes: test.want.volumes, ResizedVolumes: test.want.resized,
				}
			}
			require.Equal(t, storage, growth.Storage(o))
			require.Equal(t, before, o.Cluster, "what was observed is not changed")
		})
	}
}

// The API accepts 32768 characters.
func TestAMessageEndsSomewhere(t *testing.T) {
	o := pvcstest.Observed()
	o.Cluster.Spec.Replicas = ptr.To[int32](100)
	o.PVCs = nil
	for ordinal := range int32(100) {
		pod := fmt.Sprintf("%s-%d", strings.Repeat("v", 52), ordinal)
		pvc := pvcstest.PVC("data-"+pod, "20Gi", "10Gi")
		pvc.Pod, pvc.Ordinal = pod, ordinal
		o.PVCs = append(o.PVCs, pvc)
		o.GrowthRefusals[pvc.UID] = pvcs.Refusal{Message: strings.Repeat("ß", 10_000)}
	}
	message := growth.Condition(o, growth.Restarts{}, pvcstest.Now).Message
	require.Less(t, len(message), 32768)
	require.Contains(t, message, "; and 80 more; ")
}
