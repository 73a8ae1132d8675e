package status_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	controller "github.com/barq-db/barq-operator/internal/controller/status"
	"github.com/barq-db/barq-operator/internal/protection"
	"github.com/barq-db/barq-operator/internal/status"
	"github.com/barq-db/barq-operator/test/observation"
)

// now is when the status is computed.
var now = observation.Now

// generation is that of the BarqCluster.
const generation = observation.Generation

// story is the history of one BarqCluster and of its events.
type story struct {
	t        *testing.T
	observed status.Observation
	now      time.Time
}

// then changes the state a minute later and returns the new events. It computes the status twice, as a
// restarted operator does, which must not repeat events.
func (s *story) then(change func(*status.Observation)) []string {
	s.t.Helper()
	s.now = s.now.Add(time.Minute)
	change(&s.observed)
	computed := status.Compute(s.observed, s.now)
	told := controller.Announced(s.observed, &computed)
	observation.Store(&s.observed, computed)
	again := status.Compute(s.observed, s.now)
	require.Empty(s.t, controller.Announced(s.observed, &again))
	return told
}

const alone = "Barq DB copies nothing between pods. Of the 3 pods only vectors-0 holds data and answers clients, " +
	"and no other can stand in for it"

// begin returns a story in which a BarqCluster is created and becomes Ready.
func begin(t *testing.T) *story {
	t.Helper()
	s := &story{t: t, observed: observation.Running(), now: now}
	ready := s.observed
	s.observed.StatefulSet, s.observed.Pods = nil, nil
	s.observed.Cluster = s.observed.Cluster.DeepCopy()
	s.observed.Cluster.Generation++
	require.Equal(t, []string{"Warning PrimaryOnly: " + alone}, s.then(func(*status.Observation) {}), "applying is not told")
	require.Equal(t, []string{"Normal Ready: 3 of 3 pods answer"}, s.then(func(o *status.Observation) {
		o.Cluster.Generation = generation
		o.StatefulSet, o.Pods = ready.StatefulSet, ready.Pods
	}))
	return s
}

// A tier that makes the database exit at startup is announced once for each spec.
func TestTiersThatCannotWorkAreTold(t *testing.T) {
	const end = ", with which Barq DB 0.1.0 exits at startup: set spec.tiering.enabled to false, or name an image in spec.image that supports it"
	agents := func(ports ...corev1.ContainerPort) func(*status.Observation) {
		return func(o *status.Observation) { o.StatefulSet.Spec.Template.Spec.Containers[0].Ports = ports }
	}
	s := begin(t)
	told := func(change func(*v1alpha1.BarqClusterSpec)) []string {
		var found []string
		for _, event := range s.then(func(o *status.Observation) {
			change(&o.Cluster.Spec)
			o.Cluster.Generation++
			for i := range o.Cluster.Status.Conditions {
				o.Cluster.Status.Conditions[i].ObservedGeneration = o.Cluster.Generation
			}
		}) {
			if strings.Contains(event, "tiering") {
				found = append(found, event)
			}
		}
		return found
	}
	tier := func(provider v1alpha1.Provider) *v1alpha1.TierSpec {
		return &v1alpha1.TierSpec{Provider: provider, Bucket: "bucket"}
	}

	require.Empty(t, told(func(spec *v1alpha1.BarqClusterSpec) { spec.Tiering.Warm = tier(v1alpha1.ProviderS3) }), "tiering is off")
	require.Equal(t, []string{"Warning TierNotSupported: spec.tiering.warm is on s3" + end},
		told(func(spec *v1alpha1.BarqClusterSpec) { spec.Tiering.Enabled = true }))
	require.Empty(t, s.then(func(*status.Observation) {}))
	require.Equal(t, []string{"Warning TierNotSupported: spec.tiering.warm is on s3 and spec.tiering.cold is on gcs" + end},
		told(func(spec *v1alpha1.BarqClusterSpec) { spec.Tiering.Cold = tier(v1alpha1.ProviderGCS) }))
	require.Equal(t, []string{"Warning TierNotSupported: spec.tiering.cold is on gcs" + end},
		told(func(spec *v1alpha1.BarqClusterSpec) { spec.Tiering.Warm = tier(v1alpha1.ProviderAzure) }))
	require.Empty(t, told(func(spec *v1alpha1.BarqClusterSpec) { spec.Tiering.Cold = nil }), "azure works")
	require.Empty(t, told(func(spec *v1alpha1.BarqClusterSpec) {
		spec.Paused, spec.Tiering.Warm = true, tier(v1alpha1.ProviderS3)
	}), "nothing is applied")
	require.Equal(t, []string{"Warning TierNotSupported: spec.tiering.warm is on s3" + end},
		told(func(spec *v1alpha1.BarqClusterSpec) { spec.Paused = false }))
	s.then(agents(corev1.ContainerPort{Name: "agent"}))
	require.Empty(t, told(func(*v1alpha1.BarqClusterSpec) {}), "the agent keeps the tiers from the database")
	require.Equal(t, []string{"Warning TierNotSupported: spec.tiering.warm is on s3" + end},
		told(func(spec *v1alpha1.BarqClusterSpec) { spec.Tiering.ManagedBy = v1alpha1.ManagedByServer }))
}

func TestARolloutIsTold(t *testing.T) {
	s := begin(t)
	require.Equal(t, []string{"Normal RollingOut: 3 of 3 pods answer; pods are being created, replaced or deleted"}, s.then(func(o *status.Observation) {
		o.StatefulSet.Status.UpdatedReplicas = 2
	}))
	require.Empty(t, s.then(func(o *status.Observation) { o.StatefulSet.Status.UpdatedReplicas = 1 }), "one step of many")
	require.Equal(t, []string{"Normal Ready: 3 of 3 pods answer"}, s.then(func(o *status.Observation) { o.StatefulSet.Status.UpdatedReplicas = 3 }))
}

func TestTroubleIsTold(t *testing.T) {
	s := begin(t)
	const count = "2 of 3 pods answer, the primary vectors-0 among them; "
	image := func(reason string) corev1.Pod {
		pod := observation.Pod("vectors-2", observation.Waiting(reason, ""))
		pod.Status.Conditions[0].LastTransitionTime = metav1.NewTime(now)
		return pod
	}
	const awaited = " (waiting for an image that can be pulled)"
	require.Equal(t, []string{"Warning PodsNotReady: " + count + "pod vectors-2: ErrImagePull" + awaited}, s.then(func(o *status.Observation) {
		observation.Lose(o, image("ErrImagePull"))
	}))
	require.Empty(t, s.then(func(o *status.Observation) { o.Pods[2] = image("ImagePullBackOff") }), "the same in other words")
	require.Equal(t, []string{
		"Warning PodsNotReady: 1 of 3 pods answer, the primary vectors-0 among them; pod vectors-2: ImagePullBackOff" + awaited,
	}, s.then(func(o *status.Observation) { observation.Lose(o, observation.Pod("vectors-1", observation.Started(0))) }))
	s.now = now.Add(10 * time.Minute)
	require.Equal(t, []string{
		"Warning ProgressDeadlineExceeded: pods have been in trouble for 10m0s or longer (spec.progressDeadlineSeconds): " +
			"1 of 3 pods answer, the primary vectors-0 among them; pod vectors-2: ImagePullBackOff" + awaited,
	}, s.then(func(*status.Observation) {}))
	require.Equal(t, []string{"Normal Ready: 3 of 3 pods answer"}, s.then(func(o *status.Observation) {
		o.Pods[1], o.Pods[2] = observation.Answering("vectors-1"), observation.Answering("vectors-2")
		o.StatefulSet.Status.ReadyReplicas, o.StatefulSet.Status.AvailableReplicas = 3, 3
	}))
}

func TestAPauseIsTold(t *testing.T) {
	s := begin(t)
	const paused = "spec.paused is true: the operator changes nothing until it is false; "
	require.Equal(t, []string{"Normal Paused: " + paused + "3 of 3 pods answer"},
		s.then(func(o *status.Observation) { o.Cluster.Spec.Paused = true }))
	require.Equal(t, []string{"Normal Paused: held back until spec.paused is false: the spec, which is not the one that was last applied"},
		s.then(func(o *status.Observation) { o.SpecHash = "new" }))
	require.Equal(t, []string{"Warning PodsNotReady: " + paused + "2 of 3 pods answer, the primary vectors-0 among them"},
		s.then(func(o *status.Observation) { observation.Lose(o, observation.Pod("vectors-2", observation.Started(0))) }))
	require.Equal(t, []string{"Normal Ready: " + paused + "3 of 3 pods answer"},
		s.then(func(o *status.Observation) {
			o.Pods[2] = observation.Answering("vectors-2")
			o.StatefulSet.Status.ReadyReplicas, o.StatefulSet.Status.AvailableReplicas = 3, 3
		}))
	require.Equal(t, []string{"Normal Resumed: spec.paused is false: the operator applies changes again"},
		s.then(func(o *status.Observation) { o.Cluster.Spec.Paused, o.Cluster.Generation = false, generation+1 }))
	require.Equal(t, []string{"Normal Ready: 3 of 3 pods answer"},
		s.then(func(o *status.Observation) { o.Cluster.Generation = generation }))
}

func TestHibernationIsTold(t *testing.T) {
	s := begin(t)
	require.Equal(t, []string{"Normal Hibernated: replicas is 0: no pod runs, the volumes are kept"},
		s.then(func(o *status.Observation) { observation.Scale(o, 0) }))
	require.Equal(t, []string{
		"Normal Woken: replicas is 3: pods are created on the volumes that were kept",
		"Warning PrimaryOnly: " + alone,
	}, s.then(func(o *status.Observation) {
		o.Cluster.Spec.Replicas, o.Cluster.Generation = ptr.To[int32](3), generation+1
	}))
	require.Equal(t, []string{"Normal Ready: 3 of 3 pods answer"},
		s.then(func(o *status.Observation) { observation.Scale(o, 3); o.Cluster.Generation = generation }))
}

func TestRefusalsAreTold(t *testing.T) {
	s := begin(t)
	require.Equal(t, []string{"Warning SecretMissing: no Secret"},
		s.then(func(o *status.Observation) { o.Secrets.Problems = []string{"no Secret"} }))
	require.Equal(t, []string{"Warning SecretMissing: no key"},
		s.then(func(o *status.Observation) { o.Secrets.Problems = []string{"no key"} }), "another reason to act")
	require.Equal(t, []string{"Warning ReleaseFailed: no"}, s.then(func(o *status.Observation) {
		o.Secrets.Problems = nil
		observation.SetCondition(o, v1alpha1.ConditionIrreconcilable, metav1.ConditionTrue, "ReconcileError", "no", generation)
	}))
}

func TestAQueuedRolloutIsTold(t *testing.T) {
	s := begin(t)
	require.Equal(t, []string{"Normal RolloutQueued: waits for team/other"},
		s.then(func(o *status.Observation) { o.Queued = "waits for team/other" }))
	require.Empty(t, s.then(func(o *status.Observation) { o.Queued = "waits for team/third" }))
	require.Empty(t, s.then(func(o *status.Observation) { o.Queued = "" }))
}

func TestADeletionIsTold(t *testing.T) {
	for name, before := range map[string]func(*status.Observation){
		"running":    func(*status.Observation) {},
		"paused":     func(o *status.Observation) { o.Cluster.Spec.Paused, o.SpecHash = true, "new" },
		"hibernated": func(o *status.Observation) { observation.Scale(o, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			s := begin(t)
			s.then(before)
			require.Equal(t, []string{"Normal Deleting: the BarqCluster is being deleted; it has no volumes"},
				s.then(func(o *status.Observation) { o.Cluster.DeletionTimestamp = &metav1.Time{Time: now} }))
		})
	}
}

// The controller that grows volumes announces them, PVC by PVC.
func TestVolumesAreToldElsewhere(t *testing.T) {
	s := begin(t)
	require.Empty(t, s.then(func(o *status.Observation) {
		observation.SetCondition(o, v1alpha1.ConditionVolumesResized, metav1.ConditionFalse, v1alpha1.ReasonResizing, strings.Repeat("x", 10), generation)
	}))
}

// An edit may be done before any status says that it is being applied.
func TestAnEditThatIsDoneAtOnceIsTold(t *testing.T) {
	s := begin(t)
	require.Equal(t, []string{"Normal Ready: 3 of 3 pods answer"}, s.then(func(o *status.Observation) {
		o.Cluster.Generation++
		for i := range o.Cluster.Status.Conditions {
			if name := o.Cluster.Status.Conditions[i].Type; name != v1alpha1.ConditionReady {
				o.Cluster.Status.Conditions[i].ObservedGeneration = o.Cluster.Generation
			}
		}
	}))
}

// An event says once that the protection has no effect.
func TestAMissingPolicyIsAnEvent(t *testing.T) {
	observed := observation.Running()
	observed.Cluster.Spec.DeletionProtection = true
	told := func() []string {
		computed := status.Compute(observed, now.Add(time.Minute))
		events := controller.Announced(observed, &computed)
		observation.Store(&observed, computed)
		return events
	}
	observed.Protection = protection.Effect{Reason: v1alpha1.ReasonPolicyBound, Message: "it is there"}
	told()
	require.Empty(t, told())
	observed.Protection = protection.Effect{Reason: v1alpha1.ReasonPolicyMissing, Message: "there is none"}
	require.Equal(t, []string{"Warning PolicyMissing: there is none"}, told())
	require.Empty(t, told())
	observed.Protection = protection.Effect{Reason: v1alpha1.ReasonPolicyUnknown, Message: "who knows"}
	require.Empty(t, told())
}
