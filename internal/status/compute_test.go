package status_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/secrets"
	"github.com/barq-db/barq-operator/internal/status"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

const generation = 4

// running is a BarqCluster of three pods that all answer.
func running() status.Observation {
	cluster := &v1alpha1.BarqCluster{}
	cluster.Namespace, cluster.Name, cluster.Generation = "team", "vectors", generation
	cluster.Spec.Replicas = ptr.To[int32](3)
	cluster.Spec.Storage.Size = ptr.To(resource.MustParse("10Gi"))
	helm := func(name string, value metav1.ConditionStatus) {
		meta.SetStatusCondition(&cluster.Status.Conditions, metav1.Condition{
			Type: name, Status: value, Reason: "Test", ObservedGeneration: generation,
		})
	}
	helm(v1alpha1.ConditionIrreconcilable, metav1.ConditionFalse)
	helm(v1alpha1.ConditionReleaseFailed, metav1.ConditionFalse)
	helm(v1alpha1.ConditionDeployed, metav1.ConditionTrue)

	set := &appsv1.StatefulSet{}
	set.Namespace, set.Name, set.Generation = "team", "vectors", 2
	set.Spec.Replicas = ptr.To[int32](3)
	set.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"app.kubernetes.io/instance": "vectors"}}
	set.Spec.Template.Spec.Containers = []corev1.Container{{Image: "example.com/barq-db:1"}}
	set.Status = appsv1.StatefulSetStatus{
		ObservedGeneration: 2, Replicas: 3, ReadyReplicas: 3, UpdatedReplicas: 3, CurrentRevision: "b", UpdateRevision: "b",
	}
	claim := corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: "data-vectors-0"}}
	claim.Status.Capacity = corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("10Gi")}
	return status.Observation{Cluster: cluster, StatefulSet: set, Claims: []corev1.PersistentVolumeClaim{claim}}
}

func pod(name string, containerStatus corev1.ContainerStatus) corev1.Pod {
	pod := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name}}
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{containerStatus}
	return pod
}

func waiting(reason, message string) corev1.ContainerStatus {
	return corev1.ContainerStatus{State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}}
}

func setCondition(o *status.Observation, name string, value metav1.ConditionStatus, reason, message string, generation int64) {
	meta.SetStatusCondition(&o.Cluster.Status.Conditions, metav1.Condition{
		Type: name, Status: value, Reason: reason, Message: message, ObservedGeneration: generation,
	})
}

// said is what a person and a GitOps tool read off a status.
type said struct {
	phase                       v1alpha1.Phase
	ready, reconciling, stalled metav1.ConditionStatus
	reason, message             string
	observed                    int64
}

func TestCompute(t *testing.T) {
	const yes, no = metav1.ConditionTrue, metav1.ConditionFalse
	for name, test := range map[string]struct {
		change func(*status.Observation)
		want   said
	}{
		"every pod answers": {
			change: func(*status.Observation) {},
			want:   said{"Ready", yes, no, no, "Ready", "3 of 3 pods answer", generation},
		},
		"the newest spec was not applied yet": {
			change: func(o *status.Observation) {
				o.Cluster.Generation++
				o.Cluster.Status.ObservedGeneration = generation
			},
			want: said{"Progressing", no, yes, no, "Applying", "the newest spec is being applied", generation},
		},
		"nothing was applied ever": {
			change: func(o *status.Observation) {
				o.Cluster.Status = v1alpha1.BarqClusterStatus{}
				o.StatefulSet, o.Claims = nil, nil
			},
			want: said{"Pending", no, yes, no, "Applying", "the newest spec is being applied", 0},
		},
		"applied, and no StatefulSet in sight": {
			change: func(o *status.Observation) { o.StatefulSet = nil },
			want:   said{"Progressing", no, yes, no, "RollingOut", "0 of 3 pods answer; pods are being made, replaced or removed", generation},
		},
		"the StatefulSet's controller has not seen the change": {
			change: func(o *status.Observation) { o.StatefulSet.Generation++ },
			want:   said{"Progressing", no, yes, no, "RollingOut", "3 of 3 pods answer; pods are being made, replaced or removed", generation},
		},
		"the StatefulSet has the former number of replicas": {
			change: func(o *status.Observation) { o.Cluster.Spec.Replicas = ptr.To[int32](5) },
			want:   said{"Progressing", no, yes, no, "RollingOut", "3 of 5 pods answer; pods are being made, replaced or removed", generation},
		},
		"one pod is of the former revision": {
			change: func(o *status.Observation) {
				o.StatefulSet.Status.CurrentRevision, o.StatefulSet.Status.UpdatedReplicas = "a", 2
			},
			want: said{"Progressing", no, yes, no, "RollingOut", "3 of 3 pods answer; pods are being made, replaced or removed", generation},
		},
		"pods start for the first time": {
			change: func(o *status.Observation) {
				o.StatefulSet.Status.ReadyReplicas = 1
				o.Pods = []corev1.Pod{pod("vectors-1", waiting("ContainerCreating", ""))}
			},
			want: said{"Progressing", no, yes, no, "RollingOut", "1 of 3 pods answer; pods are being made, replaced or removed", generation},
		},
		"a pod that answered is lost": {
			change: func(o *status.Observation) {
				o.StatefulSet.Status.ReadyReplicas = 2
				setCondition(o, v1alpha1.ConditionReady, yes, "Ready", "", generation)
			},
			want: said{"Degraded", no, yes, no, "PodsNotReady", "2 of 3 pods answer; pods that answered before do not answer now", generation},
		},
		"an image cannot be pulled": {
			change: func(o *status.Observation) {
				o.StatefulSet.Status.ReadyReplicas = 2
				o.Pods = []corev1.Pod{
					pod("vectors-2", waiting("ImagePullBackOff", "not found")),
					pod("vectors-1", waiting("CrashLoopBackOff", "")),
				}
			},
			want: said{
				"Degraded", no, yes, no, "PodsNotReady",
				"2 of 3 pods answer; pod vectors-1: CrashLoopBackOff; pod vectors-2: ImagePullBackOff: not found", generation,
			},
		},
		"a pod finds no node": {
			change: func(o *status.Observation) {
				o.StatefulSet.Status.ReadyReplicas = 2
				pod := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "vectors-2"}}
				pod.Status.Conditions = []corev1.PodCondition{{
					Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "Unschedulable", Message: "0/3 nodes are available",
					LastTransitionTime: metav1.NewTime(now.Add(-10 * time.Second)),
				}}
				o.Pods = []corev1.Pod{pod}
			},
			want: said{"Degraded", no, yes, no, "PodsNotReady", "2 of 3 pods answer; pod vectors-2: Unschedulable: 0/3 nodes are available", generation},
		},
		"a pod waits for its volume as every new pod does": {
			change: func(o *status.Observation) {
				o.StatefulSet.Status.ReadyReplicas = 2
				o.Pods = []corev1.Pod{{}}
				o.Pods[0].Status.Conditions = []corev1.PodCondition{{
					Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "Unschedulable", Message: "0/3 nodes are available",
					LastTransitionTime: metav1.NewTime(now.Add(-9 * time.Second)),
				}}
			},
			want: said{"Progressing", no, yes, no, "RollingOut", "2 of 3 pods answer; pods are being made, replaced or removed", generation},
		},
		"a Secret is missing while pods run": {
			change: func(o *status.Observation) { o.Secrets.Problems = []string{"no Secret"} },
			want:   said{"Degraded", no, yes, no, "SecretMissing", "no Secret", generation},
		},
		"a Secret is missing from the start": {
			change: func(o *status.Observation) { o.Secrets.Problems, o.StatefulSet = []string{"no Secret", "no key"}, nil },
			want:   said{"Pending", no, yes, no, "SecretMissing", "no Secret; no key", generation},
		},
		"the Secret came, and Helm's refusal is out of date": {
			change: func(o *status.Observation) {
				message := secrets.HeldBack(secrets.Resolution{Problems: []string{"x"}}).Error()
				setCondition(o, v1alpha1.ConditionIrreconcilable, yes, "ErrorGettingValues", message, generation)
			},
			want: said{"Progressing", no, yes, no, "Applying", "the newest spec is being applied", 0},
		},
		"the release was refused while pods run": {
			change: func(o *status.Observation) {
				setCondition(o, v1alpha1.ConditionIrreconcilable, yes, "ReconcileError", "field is immutable", generation)
			},
			want: said{"Degraded", no, no, yes, "ReleaseFailed", "field is immutable", generation},
		},
		"the release was refused from the start": {
			change: func(o *status.Observation) {
				setCondition(o, v1alpha1.ConditionIrreconcilable, yes, "ReconcileError", "another chart", generation)
				o.StatefulSet = nil
			},
			want: said{"Failed", no, no, yes, "ReleaseFailed", "another chart", generation},
		},
		"a refusal of the former spec says nothing about this one": {
			change: func(o *status.Observation) {
				setCondition(o, v1alpha1.ConditionIrreconcilable, yes, "ReconcileError", "field is immutable", generation-1)
			},
			want: said{"Progressing", no, yes, no, "Applying", "the newest spec is being applied", 0},
		},
		"a release is stored, but the newest failed without a word": {
			change: func(o *status.Observation) {
				setCondition(o, v1alpha1.ConditionReleaseFailed, yes, "UpgradeError", "x", generation)
			},
			want: said{"Progressing", no, yes, no, "Applying", "the newest spec is being applied", 0},
		},
		"hibernated": {
			change: func(o *status.Observation) {
				o.Cluster.Spec.Replicas, o.StatefulSet.Spec.Replicas = ptr.To[int32](0), ptr.To[int32](0)
				o.StatefulSet.Status.Replicas, o.StatefulSet.Status.ReadyReplicas = 0, 0
			},
			want: said{"Hibernated", yes, no, no, "Hibernated", "replicas is 0: no pod runs, the volumes are kept", generation},
		},
		"falling asleep": {
			change: func(o *status.Observation) {
				o.Cluster.Spec.Replicas, o.StatefulSet.Spec.Replicas = ptr.To[int32](0), ptr.To[int32](0)
				o.StatefulSet.Status.Replicas, o.StatefulSet.Status.ReadyReplicas = 1, 1
			},
			want: said{"Progressing", no, yes, no, "RollingOut", "1 of 0 pods answer; pods are being made, replaced or removed", generation},
		},
		"paused": {
			change: func(o *status.Observation) {
				o.Cluster.Spec.Paused = true
				o.Cluster.Status.ObservedGeneration = generation - 1
			},
			want: said{"Paused", yes, no, no, "Paused", "spec.paused is true: nothing is changed until it is false; 3 of 3 pods answer", generation - 1},
		},
		"paused, and a pod is lost": {
			change: func(o *status.Observation) { o.Cluster.Spec.Paused, o.StatefulSet.Status.ReadyReplicas = true, 2 },
			want:   said{"Paused", no, no, no, "Paused", "spec.paused is true: nothing is changed until it is false; 2 of 3 pods answer", 0},
		},
		"deleted while paused": {
			change: func(o *status.Observation) {
				o.Cluster.Spec.Paused = true
				o.Cluster.DeletionTimestamp = &metav1.Time{Time: now}
			},
			want: said{"Progressing", no, yes, no, "Deleting", "the BarqCluster is being deleted; its volumes are kept", generation},
		},
		"volumes grow": {
			change: func(o *status.Observation) { o.Cluster.Spec.Storage.Size = ptr.To(resource.MustParse("20Gi")) },
			want:   said{"Progressing", yes, yes, no, "Resizing", "3 of 3 pods answer; volumes grow to 20Gi: data-vectors-0 has 10Gi", generation},
		},
		"volumes are larger than asked": {
			change: func(o *status.Observation) { o.Cluster.Spec.Storage.Size = ptr.To(resource.MustParse("5Gi")) },
			want:   said{"Ready", yes, no, no, "Ready", "3 of 3 pods answer", generation},
		},
	} {
		t.Run(name, func(t *testing.T) {
			observed := running()
			test.change(&observed)
			before := observed.Cluster.DeepCopy()

			got := status.Compute(observed, now)

			condition := func(name string) *metav1.Condition {
				found := meta.FindStatusCondition(got.Conditions, name)
				require.NotNil(t, found, name)
				require.Equal(t, got.ObservedGeneration, found.ObservedGeneration, name)
				return found
			}
			ready := condition(v1alpha1.ConditionReady)
			require.Equal(t, test.want, said{
				phase: got.Phase, ready: ready.Status, reconciling: condition(v1alpha1.ConditionReconciling).Status,
				stalled: condition(v1alpha1.ConditionStalled).Status, reason: ready.Reason, message: ready.Message,
				observed: got.ObservedGeneration,
			})
			require.Equal(t, before, observed.Cluster, "what was observed is not changed")
		})
	}
}

func TestComputeGivesTheWholeStatus(t *testing.T) {
	observed := running()
	observed.Secrets.Referenced = 1
	got := status.Compute(observed, now)
	condition := func(name string, value metav1.ConditionStatus, reason, message string) metav1.Condition {
		return metav1.Condition{
			Type: name, Status: value, Reason: reason, Message: message,
			ObservedGeneration: generation, LastTransitionTime: metav1.NewTime(now),
		}
	}
	capacity := resource.MustParse("10Gi")
	require.Equal(t, v1alpha1.BarqClusterStatus{
		ObservedGeneration: generation,
		Phase:              v1alpha1.PhaseReady,
		Replicas:           3,
		ReadyReplicas:      3,
		UpdatedReplicas:    3,
		Selector:           "app.kubernetes.io/instance=vectors",
		Image:              "example.com/barq-db:1",
		Endpoints: &v1alpha1.Endpoints{
			HTTP: "http://vectors.team.svc:8080",
			GRPC: "vectors.team.svc:50051",
		},
		Storage: &v1alpha1.StorageStatus{Capacity: &capacity},
		Conditions: []metav1.Condition{
			condition("Ready", metav1.ConditionTrue, "Ready", "3 of 3 pods answer"),
			condition("Reconciling", metav1.ConditionFalse, "Ready", "3 of 3 pods answer"),
			condition("Stalled", metav1.ConditionFalse, "Progressing", "nothing needs a person"),
			condition("SecretsAvailable", metav1.ConditionTrue, "AllFound", "every Secret and key that the spec refers to is there"),
			condition("VolumesResized", metav1.ConditionTrue, "SizeReached", "every volume has at least 10Gi"),
		},
	}, got)
}

// Nothing that is watched changes when a pod has waited too long for a node.
func TestLookAgainAfter(t *testing.T) {
	observed := running()
	require.Zero(t, observed.LookAgainAfter(now))
	waitingSince := func(age time.Duration) corev1.Pod {
		pod := corev1.Pod{}
		pod.Status.Conditions = []corev1.PodCondition{{
			Type: corev1.PodScheduled, Status: corev1.ConditionFalse, LastTransitionTime: metav1.NewTime(now.Add(-age)),
		}}
		return pod
	}
	observed.Pods = []corev1.Pod{waitingSince(2 * time.Second), waitingSince(7 * time.Second), waitingSince(time.Hour)}
	require.Equal(t, 3*time.Second, observed.LookAgainAfter(now))
}

// A status that is computed again from itself must not change, or the two
// controllers would write for ever.
func TestComputeIsStable(t *testing.T) {
	observed := running()
	first := status.Compute(observed, now)
	observed.Cluster.Status.Conditions = append(observed.Cluster.Status.Conditions, first.Conditions...)
	observed.Cluster.Status.ObservedGeneration = first.ObservedGeneration
	require.Equal(t, first, status.Compute(observed, now.Add(time.Hour)))
}
