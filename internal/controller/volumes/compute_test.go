package volumes

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
)

// give sets what a volume has.
func give(claim *corev1.PersistentVolumeClaim, size string) {
	claim.Status.Capacity[corev1.ResourceStorage] = resource.MustParse(size)
}

// said is what a person reads off a status.
type said struct {
	status           metav1.ConditionStatus
	reason, message  string
	capacity         string
	volumes, resized int32
}

func TestCompute(t *testing.T) {
	const yes, no, unknown = metav1.ConditionTrue, metav1.ConditionFalse, metav1.ConditionUnknown
	const sought = "each volume is to have 20Gi: "
	// The first claim is behind, the others are not.
	first := func(change func(o *observation, claim *corev1.PersistentVolumeClaim)) func(*observation) {
		return func(o *observation) {
			give(o.claim(1), "20Gi")
			give(o.claim(2), "20Gi")
			change(o, o.claim(0))
		}
	}
	for name, test := range map[string]struct {
		change func(*observation)
		want   said
	}{
		"every volume has the size": {
			first(func(_ *observation, claim *corev1.PersistentVolumeClaim) { give(claim, "20Gi") }),
			said{yes, "SizeReached", "every volume has at least 20Gi", "20Gi", 3, 3},
		},
		"one has more": {
			first(func(_ *observation, claim *corev1.PersistentVolumeClaim) { give(claim, "32Gi") }),
			said{yes, "SizeReached", "every volume has at least 20Gi", "32Gi", 3, 3},
		},
		"all grow": {
			func(*observation) {},
			said{
				no, "Resizing", sought + "claim data-vectors-0 has 10Gi, and its storage is growing it; " +
					"claim data-vectors-1 has 10Gi, and its storage is growing it; claim data-vectors-2 has 10Gi, and its storage is growing it",
				"10Gi", 3, 0,
			},
		},
		"one grows": {
			first(func(*observation, *corev1.PersistentVolumeClaim) {}),
			said{no, "Resizing", sought + "claim data-vectors-0 has 10Gi, and its storage is growing it", "20Gi", 3, 2},
		},
		"refused": {
			first(func(o *observation, claim *corev1.PersistentVolumeClaim) {
				o.refused[claim.UID] = refusal{message: "forbidden"}
			}),
			said{
				no, "ResizeRefused", sought + "claim data-vectors-0 has 10Gi, and may not grow in its storage class fast: forbidden; " +
					"allow the growth, or write a spec.storage.size that the volumes have; it is tried again after 10 minutes",
				"20Gi", 3, 2,
			},
		},
		"a growth that is not taken back": {
			first(func(o *observation, claim *corev1.PersistentVolumeClaim) {
				claim.Spec.Resources.Requests[corev1.ResourceStorage] = resource.MustParse("10Ti")
				o.refused[claim.UID] = refusal{message: "field can not be less than previous value"}
			}),
			said{
				no, "ResizeRefused", sought + "claim data-vectors-0 has 10Gi, and its claim goes on asking for 10Ti: " +
					"field can not be less than previous value; " +
					"allow the growth, or write a spec.storage.size that the volumes have; it is tried again after 10 minutes",
				"20Gi", 3, 2,
			},
		},
		"a refusal to take back a growth does not matter": {
			first(func(o *observation, claim *corev1.PersistentVolumeClaim) {
				give(claim, "20Gi")
				o.refused[claim.UID] = refusal{message: "forbidden"}
			}),
			said{yes, "SizeReached", "every volume has at least 20Gi", "20Gi", 3, 3},
		},
		"the storage fails": {
			first(func(_ *observation, claim *corev1.PersistentVolumeClaim) {
				setClaimCondition(claim, corev1.PersistentVolumeClaimControllerResizeError, "quota exceeded", now)
			}),
			said{
				no, "ResizeFailed", sought + "claim data-vectors-0 has 10Gi, and its storage failed to grow it and tries again: quota exceeded; " +
					"the events of the claim say more; to take the growth back, write a spec.storage.size that the volumes have",
				"20Gi", 3, 2,
			},
		},
		"the storage gives up": {
			first(func(_ *observation, claim *corev1.PersistentVolumeClaim) {
				claim.Status.AllocatedResourceStatuses = map[corev1.ResourceName]corev1.ClaimResourceStatus{
					corev1.ResourceStorage: corev1.PersistentVolumeClaimControllerResizeInfeasible,
				}
			}),
			said{
				no, "ResizeFailed", sought + "claim data-vectors-0 has 10Gi, and its storage cannot grow it; " +
					"the events of the claim say more; to take the growth back, write a spec.storage.size that the volumes have",
				"20Gi", 3, 2,
			},
		},
		"the node gives up": {
			first(func(_ *observation, claim *corev1.PersistentVolumeClaim) {
				awaitsFileSystem(claim, grown)
				claim.Status.AllocatedResourceStatuses[corev1.ResourceStorage] = corev1.PersistentVolumeClaimNodeResizeInfeasible
				setClaimCondition(claim, corev1.PersistentVolumeClaimNodeResizeError, "no tool for it", now)
			}),
			said{
				no, "ResizeFailed", sought + "claim data-vectors-0 has 10Gi, and its node cannot grow the file system: no tool for it; " +
					"the events of the claim say more; to take the growth back, write a spec.storage.size that the volumes have",
				"20Gi", 3, 2,
			},
		},
		"a file system grows under a running pod": {
			first(func(_ *observation, claim *corev1.PersistentVolumeClaim) { awaitsFileSystem(claim, now) }),
			said{
				no, "FileSystemResizePending",
				sought + "claim data-vectors-0 has 10Gi, and its file system grows under the running pod vectors-0", "20Gi", 3, 2,
			},
		},
		"a pod restarts for its file system": {
			first(func(_ *observation, claim *corev1.PersistentVolumeClaim) { awaitsFileSystem(claim, grown) }),
			said{
				no, "FileSystemResizePending",
				sought + "claim data-vectors-0 has 10Gi, and its file system grows when pod vectors-0 restarts, which it does now", "20Gi", 3, 2,
			},
		},
		"a restart waits for another": {
			func(o *observation) {
				give(o.claim(0), "20Gi")
				awaitsFileSystem(o.claim(1), grown)
				awaitsFileSystem(o.claim(2), grown)
			},
			said{
				no, "FileSystemResizePending",
				sought + "claim data-vectors-1 has 10Gi, and its file system grows when pod vectors-1 restarts, which waits until pod vectors-2 has; " +
					"claim data-vectors-2 has 10Gi, and its file system grows when pod vectors-2 restarts, which it does now", "20Gi", 3, 1,
			},
		},
		"a restart waits for a pod": {
			first(func(o *observation, claim *corev1.PersistentVolumeClaim) {
				awaitsFileSystem(claim, grown)
				notReady(o.pod(2))
			}),
			said{
				no, "FileSystemResizePending",
				sought + "claim data-vectors-0 has 10Gi, and its file system grows when pod vectors-0 restarts, which waits until pod vectors-2 answers",
				"20Gi", 3, 2,
			},
		},
		"a pod starts with a file system that is to grow": {
			first(func(o *observation, claim *corev1.PersistentVolumeClaim) {
				awaitsFileSystem(claim, grown)
				o.pod(0).Status.Phase = corev1.PodPending
			}),
			said{
				no, "FileSystemResizePending",
				sought + "claim data-vectors-0 has 10Gi, and its file system grows when pod vectors-0 starts", "20Gi", 3, 2,
			},
		},
		"a restart did not help": {
			first(func(o *observation, claim *corev1.PersistentVolumeClaim) {
				awaitsFileSystem(claim, grown.Add(-time.Second))
				setClaimCondition(claim, corev1.PersistentVolumeClaimNodeResizeError, "busy", now)
				o.pod(0).CreationTimestamp = metav1.NewTime(grown)
			}),
			said{
				no, "ResizeFailed", sought + "claim data-vectors-0 has 10Gi, and its file system did not grow, though pod vectors-0 has started since: busy; " +
					"the events of the claim say more; to take the growth back, write a spec.storage.size that the volumes have",
				"20Gi", 3, 2,
			},
		},
		"paused before the claim was asked": {
			first(func(o *observation, claim *corev1.PersistentVolumeClaim) {
				claim.Spec.Resources.Requests[corev1.ResourceStorage] = resource.MustParse("10Gi")
				o.cluster.Spec.Paused = true
			}),
			said{no, "Resizing", sought + "claim data-vectors-0 has 10Gi, and grows once spec.paused is false", "20Gi", 3, 2},
		},
		"a claim that is being deleted": {
			first(func(_ *observation, claim *corev1.PersistentVolumeClaim) {
				claim.DeletionTimestamp = &metav1.Time{Time: now}
			}),
			said{no, "DataAtRisk", strings.ReplaceAll(goingMessage, "vectors-1", "vectors-0"), "20Gi", 3, 2},
		},
		"a claim that is being deleted, and its pod stops": {
			first(func(o *observation, claim *corev1.PersistentVolumeClaim) {
				give(claim, "20Gi")
				claim.DeletionTimestamp = &metav1.Time{Time: now}
				o.pod(0).DeletionTimestamp = &metav1.Time{Time: now}
			}),
			said{unknown, "NoVolumes", "no volume yet: claim data-vectors-0 is being deleted, and another one is made for pod vectors-0", "20Gi", 3, 3},
		},
		"a claim that has lost its volume, without a pod": {
			first(func(o *observation, claim *corev1.PersistentVolumeClaim) {
				give(claim, "20Gi")
				claim.Spec.VolumeName, claim.Status.Phase = "pv-0", corev1.ClaimLost
				delete(o.pods, "vectors-0")
			}),
			said{unknown, "NoVolumes", "no volume yet: claim data-vectors-0 has lost its volume pv-0", "20Gi", 3, 3},
		},
		"what a person can do something about comes first": {
			func(o *observation) {
				awaitsFileSystem(o.claim(1), now)
				o.refused[o.claim(2).UID] = refusal{message: "forbidden"}
			},
			said{
				no, "ResizeRefused", sought + "claim data-vectors-2 has 10Gi, and may not grow in its storage class fast: forbidden; " +
					"claim data-vectors-1 has 10Gi, and its file system grows under the running pod vectors-1; " +
					"claim data-vectors-0 has 10Gi, and its storage is growing it; " +
					"allow the growth, or write a spec.storage.size that the volumes have; it is tried again after 10 minutes",
				"10Gi", 3, 0,
			},
		},
		"volumes of pods that were scaled away do not count": {
			first(func(o *observation, claim *corev1.PersistentVolumeClaim) {
				give(claim, "20Gi")
				give(o.claim(1), "10Gi")
				give(o.claim(2), "32Gi")
				o.cluster.Spec.Replicas = ptr.To[int32](1)
			}),
			said{yes, "SizeReached", "every volume has at least 20Gi", "32Gi", 1, 1},
		},
		"asleep, with volumes that have grown": {
			func(o *observation) {
				o.cluster.Spec.Replicas = ptr.To[int32](0)
				o.pods = nil
				for i := range o.volumes {
					give(o.claim(i), "20Gi")
				}
			},
			said{yes, "SizeReached", "every volume has at least 20Gi", "20Gi", 0, 0},
		},
		"asleep, with a file system that is to grow": {
			first(func(o *observation, claim *corev1.PersistentVolumeClaim) {
				o.cluster.Spec.Replicas = ptr.To[int32](0)
				o.pods = nil
				awaitsFileSystem(claim, grown)
			}),
			said{
				no, "FileSystemResizePending",
				sought + "claim data-vectors-0 has 10Gi, and its file system grows when pod vectors-0 starts", "20Gi", 0, 0,
			},
		},
		"asleep from the start": {
			func(o *observation) {
				o.cluster.Spec.Replicas = ptr.To[int32](0)
				o.volumes = nil
			},
			said{unknown, "NoVolumes", "there is no volume, and no pod is asked for", "", 0, 0},
		},
		"not there yet": {
			func(o *observation) {
				o.claim(1).Status.Phase = corev1.ClaimPending
				o.claim(1).Status.Capacity = nil
				o.volumes = o.volumes[1:2]
			},
			said{
				unknown, "NoVolumes", "no volume yet: claim data-vectors-0 is awaited; claim data-vectors-1 is not bound, its class is fast; claim data-vectors-2 is awaited",
				"", 0, 0,
			},
		},
		"on no volume": {
			func(o *observation) {
				o.volumes = nil
				o.cluster.Spec.Tiering.HotPath = v1alpha1.HotPathEphemeralStorage
			},
			said{unknown, "NoVolumes", "the data directory is on no volume (spec.tiering.hotPath)", "", 0, 0},
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := observed()
			test.change(&o)
			before := o.cluster.DeepCopy()
			computed := o.compute(o.planRestarts(now), now)

			want := ownStatus{Conditions: []metav1.Condition{{
				Type: "VolumesResized", Status: test.want.status, Reason: test.want.reason, Message: test.want.message,
				ObservedGeneration: generation, LastTransitionTime: metav1.NewTime(now),
			}}}
			if test.want.capacity != "" {
				want.Storage = &v1alpha1.StorageStatus{
					Capacity: ptr.To(resource.MustParse(test.want.capacity)), Volumes: test.want.volumes, ResizedVolumes: test.want.resized,
				}
			}
			require.Equal(t, want, computed)
			require.Equal(t, before, o.cluster, "what was observed is not changed")
		})
	}
}

// A status that is computed again from itself must not change, or it would be
// written for ever.
func TestComputeIsStable(t *testing.T) {
	o := observed()
	first := o.compute(restarts{}, now)
	o.cluster.Status.Storage, o.cluster.Status.Conditions = first.Storage, first.Conditions
	require.Equal(t, first, o.compute(restarts{}, now.Add(time.Hour)))
	require.Equal(t, first, storedStatus(o.cluster))
}

// The API takes 32768 characters.
func TestAMessageEndsSomewhere(t *testing.T) {
	o := observed()
	o.cluster.Spec.Replicas = ptr.To[int32](100)
	o.volumes = nil
	for ordinal := range int32(100) {
		pod := fmt.Sprintf("%s-%d", strings.Repeat("v", 52), ordinal)
		claim := claimOf("data-"+pod, "20Gi", "10Gi")
		o.volumes = append(o.volumes, volume{claim: claim, pod: pod, ordinal: ordinal})
		o.refused[claim.UID] = refusal{message: strings.Repeat("ß", 10_000)}
	}
	message := o.compute(restarts{}, now).resized().Message
	require.Less(t, len(message), 32768)
	require.Contains(t, message, "; and 80 more; ")
}
