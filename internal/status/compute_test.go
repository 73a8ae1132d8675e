package status_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/retention"
	"github.com/barq-db/barq-operator/internal/status"
	"github.com/barq-db/barq-operator/test/observation"
)

// said is what a person or a GitOps tool reads from a status.
type said struct {
	phase                       v1alpha1.Phase
	ready, reconciling, stalled metav1.ConditionStatus
	reason, message             string
	observed                    int64
}

// fate returns the fate of one PVC.
func fate(deletes bool) retention.Fate {
	pvc := clusters.PVC{PersistentVolumeClaim: &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: "data-vectors-0"}}}
	return retention.Fate{Deletes: deletes, Why: "a field says so", PVCs: []clusters.PVC{pvc}}
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
		"the status was restored from a BarqCluster of a later generation": {
			change: func(o *status.Observation) {
				o.Cluster.Generation = 1
				o.Cluster.Status.ObservedGeneration = generation
				o.StatefulSet, o.Pods = nil, nil
			},
			want: said{"Pending", no, yes, no, "Applying", "the newest spec is being applied", 0},
		},
		"nothing was applied ever": {
			change: func(o *status.Observation) {
				o.Cluster.Status = v1alpha1.BarqClusterStatus{}
				o.StatefulSet, o.Pods = nil, nil
			},
			want: said{"Pending", no, yes, no, "Applying", "the newest spec is being applied", 0},
		},
		"applied, and no StatefulSet in sight": {
			change: func(o *status.Observation) { o.StatefulSet, o.Pods = nil, nil },
			want: said{
				"Progressing", no, yes, no, "RollingOut",
				"0 of 3 pods answer, not the primary vectors-0: clients get no answer; pods are being created, replaced or deleted", generation,
			},
		},
		"the StatefulSet's controller has not seen the change": {
			change: func(o *status.Observation) { o.StatefulSet.Generation++ },
			want:   said{"Progressing", no, yes, no, "RollingOut", "3 of 3 pods answer; pods are being created, replaced or deleted", generation},
		},
		"the StatefulSet has the former number of replicas": {
			change: func(o *status.Observation) { o.Cluster.Spec.Replicas = ptr.To[int32](5) },
			want:   said{"Progressing", no, yes, no, "RollingOut", "3 of 5 pods answer, the primary vectors-0 among them; pods are being created, replaced or deleted", generation},
		},
		"one pod is of the former revision": {
			change: func(o *status.Observation) {
				o.StatefulSet.Status.CurrentRevision, o.StatefulSet.Status.UpdatedReplicas = "a", 2
			},
			want: said{"Progressing", no, yes, no, "RollingOut", "3 of 3 pods answer; pods are being created, replaced or deleted", generation},
		},
		"pods start for the first time": {
			change: func(o *status.Observation) {
				waits := observation.Pod("vectors-1", observation.Waiting("ContainerCreating", ""))
				observation.Lose(o, waits, observation.Pod("vectors-2", observation.Started(0)))
			},
			want: said{
				"Progressing", no, yes, no, "RollingOut",
				"1 of 3 pods answer, the primary vectors-0 among them; waiting for vectors-1 to start, vectors-2 to read its data and answer", generation,
			},
		},
		"the primary is replaced, last of all": {
			change: func(o *status.Observation) {
				o.StatefulSet.Status.CurrentRevision = "a"
				stops := observation.Pod("vectors-0", observation.Started(0))
				stops.DeletionTimestamp = &metav1.Time{Time: now.Add(time.Minute)}
				observation.Lose(o, stops)
			},
			want: said{
				"Progressing", no, yes, no, "RollingOut",
				"2 of 3 pods answer, not the primary vectors-0: clients get no answer; waiting for vectors-0 to stop", generation,
			},
		},
		"many pods start": {
			change: func(o *status.Observation) {
				o.Pods = nil
				for _, name := range []string{"vectors-10", "vectors-9", "vectors-2", "vectors-11", "vectors-0", "vectors-1"} {
					o.Pods = append(o.Pods, observation.Pod(name))
				}
				o.StatefulSet.Status.ReadyReplicas = 0
			},
			want: said{
				"Progressing", no, yes, no, "RollingOut",
				"0 of 3 pods answer, not the primary vectors-0: clients get no answer; " +
					"waiting for vectors-0 to start, vectors-1 to start, vectors-2 to start, vectors-9 to start, 2 more", generation,
			},
		},
		"pods have not answered for long enough": {
			change: func(o *status.Observation) {
				o.StatefulSet.Spec.MinReadySeconds, o.StatefulSet.Status.AvailableReplicas = 5, 2
			},
			want: said{
				"Progressing", no, yes, no, "RollingOut",
				"3 of 3 pods answer; waiting until all have answered for 5 s (spec.minReadySeconds)", generation,
			},
		},
		"the StatefulSet still counts a pod that was replaced": {
			change: func(o *status.Observation) {
				observation.Lose(o, observation.Pod("vectors-2", observation.Waiting("ErrImagePull", "not found")))
				o.StatefulSet.Status.ReadyReplicas = 3
			},
			want: said{
				"Degraded", no, yes, no, "PodsNotReady", "2 of 3 pods answer, the primary vectors-0 among them; " +
					"pod vectors-2: ErrImagePull: not found (waiting for an image that can be pulled)", generation,
			},
		},
		"a pod has not been made": {
			change: func(o *status.Observation) {
				o.Pods = o.Pods[:2]
				o.StatefulSet.Status.Replicas, o.StatefulSet.Status.ReadyReplicas = 2, 2
			},
			want: said{
				"Progressing", no, yes, no, "RollingOut",
				"2 of 3 pods answer, the primary vectors-0 among them; waiting for vectors-2 to be created", generation,
			},
		},
		"a follower that answered is lost": {
			change: func(o *status.Observation) {
				observation.Lose(o, observation.Pod("vectors-2", observation.Started(0)))
				observation.SetCondition(o, v1alpha1.ConditionReady, yes, "Ready", "", generation)
			},
			want: said{
				"Degraded", no, yes, no, "PodsNotReady", "2 of 3 pods answer, the primary vectors-0 among them; " +
					"pods that answered before do not answer now; waiting for vectors-2 to read its data and answer", generation,
			},
		},
		"the primary that answered is lost": {
			change: func(o *status.Observation) {
				observation.Lose(o, observation.Pod("vectors-0", observation.Started(0)))
				observation.SetCondition(o, v1alpha1.ConditionReady, yes, "Ready", "", generation)
			},
			want: said{
				"Degraded", no, yes, no, "PodsNotReady", "2 of 3 pods answer, not the primary vectors-0: clients get no answer; " +
					"pods that answered before do not answer now; waiting for vectors-0 to read its data and answer", generation,
			},
		},
		"a follower loses its readiness gate": {
			change: func(o *status.Observation) {
				observation.Lose(o, observation.Withheld("vectors-2", "ReadinessGatesNotReady", "x"))
				observation.SetCondition(o, v1alpha1.ConditionReady, yes, "Ready", "", generation)
			},
			want: said{
				"Degraded", no, yes, no, "PodsNotReady", "2 of 3 pods answer, the primary vectors-0 among them; " +
					"pods that answered before do not answer now; waiting for vectors-2 to pass its readiness gates", generation,
			},
		},
		"an independent database is lost": {
			change: func(o *status.Observation) {
				o.Cluster.Spec.Topology.Mode = v1alpha1.TopologyIndependent
				observation.Lose(o, observation.Pod("vectors-0", observation.Started(0)))
				observation.SetCondition(o, v1alpha1.ConditionReady, yes, "Ready", "", generation)
			},
			want: said{
				"Degraded", no, yes, no, "PodsNotReady",
				"2 of 3 pods answer; pods that answered before do not answer now; waiting for vectors-0 to read its data and answer", generation,
			},
		},
		"a Secret is missing while pods run": {
			change: func(o *status.Observation) { o.Secrets.Problems = []string{"no Secret"} },
			want:   said{"Degraded", no, yes, no, "SecretMissing", "no Secret", generation},
		},
		"a Secret is missing from the start": {
			change: func(o *status.Observation) {
				o.Secrets.Problems, o.StatefulSet, o.Pods = []string{"no Secret", "no key"}, nil, nil
			},
			want: said{"Pending", no, yes, no, "SecretMissing", "no Secret; no key", generation},
		},
		"an account is missing while pods run": {
			change: func(o *status.Observation) { o.Secrets.Missing = []string{"no account", "no class"} },
			want: said{
				"Degraded", no, yes, no, "ReferenceMissing",
				"no account; no class; until then the operator applies no change and leaves running pods alone", generation,
			},
		},
		"an account is missing from the start": {
			change: func(o *status.Observation) {
				o.Secrets.Missing, o.StatefulSet, o.Pods = []string{"no account"}, nil, nil
			},
			want: said{"Pending", no, yes, no, "ReferenceMissing", "no account; until then the operator applies no change and leaves running pods alone", generation},
		},
		"the Secret came, and Helm's refusal is out of date": {
			change: func(o *status.Observation) {
				observation.SetCondition(o, v1alpha1.ConditionIrreconcilable, yes, v1alpha1.ReasonSecretMissing, "it is missing", generation)
			},
			want: said{"Progressing", no, yes, no, "Applying", "the newest spec is being applied", 0},
		},
		"the release was refused while pods run": {
			change: func(o *status.Observation) {
				observation.SetCondition(o, v1alpha1.ConditionIrreconcilable, yes, "ReconcileError", "field is immutable", generation)
			},
			want: said{"Degraded", no, no, yes, "ReleaseFailed", "field is immutable", generation},
		},
		"the release was refused from the start": {
			change: func(o *status.Observation) {
				observation.SetCondition(o, v1alpha1.ConditionIrreconcilable, yes, "ReconcileError", "another chart", generation)
				o.StatefulSet, o.Pods = nil, nil
			},
			want: said{"Failed", no, no, yes, "ReleaseFailed", "another chart", generation},
		},
		"a refusal of the former spec says nothing about this one": {
			change: func(o *status.Observation) {
				observation.SetCondition(o, v1alpha1.ConditionIrreconcilable, yes, "ReconcileError", "field is immutable", generation-1)
			},
			want: said{"Progressing", no, yes, no, "Applying", "the newest spec is being applied", 0},
		},
		"a release is stored, but the newest failed without a word": {
			change: func(o *status.Observation) {
				observation.SetCondition(o, v1alpha1.ConditionReleaseFailed, yes, "UpgradeError", "x", generation)
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
		"hibernated, and the volumes were not looked at": {
			change: func(o *status.Observation) {
				observation.Scale(o, 0)
				o.Pods = nil
				observation.SetCondition(o, v1alpha1.ConditionVolumesResized, yes, "SizeReached", "", generation-1)
			},
			want: said{"Progressing", yes, yes, no, "Applying", "no pod is asked for; the operator looks at the volumes", generation},
		},
		"falling asleep": {
			change: func(o *status.Observation) {
				o.Cluster.Spec.Replicas, o.StatefulSet.Spec.Replicas = ptr.To[int32](0), ptr.To[int32](0)
				o.StatefulSet.Status.Replicas, o.StatefulSet.Status.ReadyReplicas = 1, 1
				o.Pods = o.Pods[:1]
				o.Pods[0].DeletionTimestamp = &metav1.Time{Time: now.Add(time.Minute)}
			},
			want: said{"Progressing", no, yes, no, "RollingOut", "no pod is asked for, 1 left; waiting for vectors-0 to stop", generation},
		},
		"paused": {
			change: func(o *status.Observation) {
				o.Cluster.Spec.Paused = true
				o.Cluster.Status.ObservedGeneration = generation - 1
			},
			want: said{"Paused", yes, no, no, "Paused", "spec.paused is true: the operator changes nothing until it is false; 3 of 3 pods answer", generation - 1},
		},
		"paused, and a pod crashes": {
			change: func(o *status.Observation) {
				o.Cluster.Spec.Paused = true
				observation.Lose(o, observation.Crashing("vectors-2", 2))
			},
			want: said{
				"Paused", no, no, no, "Paused", "spec.paused is true: the operator changes nothing until it is false; " +
					"2 of 3 pods answer, the primary vectors-0 among them; " + observation.CrashLoop("vectors-2"), 0,
			},
		},
		"paused, and a pod has crashed for long": {
			change: func(o *status.Observation) {
				o.Cluster.Spec.Paused = true
				o.Cluster.Spec.ProgressDeadlineSeconds = ptr.To[int32](30)
				observation.Lose(o, observation.Crashing("vectors-2", 2))
			},
			want: said{
				"Paused", no, no, yes, "Paused", "spec.paused is true: the operator changes nothing until it is false; " +
					"2 of 3 pods answer, the primary vectors-0 among them; " + observation.CrashLoop("vectors-2"), 0,
			},
		},
		"paused before another number of pods was made": {
			change: func(o *status.Observation) { o.Cluster.Spec.Paused, o.Cluster.Spec.Replicas = true, ptr.To[int32](5) },
			want:   said{"Paused", yes, no, no, "Paused", "spec.paused is true: the operator changes nothing until it is false; 3 of 3 pods answer", 0},
		},
		"paused while hibernated": {
			change: func(o *status.Observation) {
				o.Cluster.Spec.Paused, o.StatefulSet.Spec.Replicas = true, ptr.To[int32](0)
				o.StatefulSet.Status.Replicas, o.StatefulSet.Status.ReadyReplicas = 0, 0
				o.Pods = nil
			},
			want: said{"Paused", yes, no, no, "Paused", "spec.paused is true: the operator changes nothing until it is false; no pod is asked for", 0},
		},
		"paused from the start": {
			change: func(o *status.Observation) { o.Cluster.Spec.Paused, o.StatefulSet, o.Pods = true, nil, nil },
			want:   said{"Paused", no, no, no, "Paused", "spec.paused is true: the operator changes nothing until it is false; nothing runs yet", 0},
		},
		"deleted while paused": {
			change: func(o *status.Observation) {
				o.Cluster.Spec.Paused = true
				o.Cluster.DeletionTimestamp = &metav1.Time{Time: now}
				o.Fate = fate(false)
			},
			want: said{"Progressing", no, yes, no, "Deleting", "the BarqCluster is being deleted; its volumes are kept, because a field says so: data-vectors-0", generation},
		},
		"deleted, and kept by others after the operator": {
			change: func(o *status.Observation) {
				o.Cluster.DeletionTimestamp, o.Cluster.Finalizers = &metav1.Time{Time: now}, []string{"example.com/a", "example.com/b"}
				o.Fate = fate(false)
			},
			want: said{
				"Progressing", no, yes, no, "Deleting", "the BarqCluster is being deleted; its volumes are kept, because a field says so: data-vectors-0; " +
					"it stays until the programs that set its finalizers remove them: example.com/a, example.com/b", generation,
			},
		},
		"deleted, and kept by the operator": {
			change: func(o *status.Observation) {
				o.Cluster.DeletionTimestamp, o.Cluster.Finalizers = &metav1.Time{Time: now}, []string{"example.com/a", "uninstall-helm-release"}
				o.Fate = fate(false)
			},
			want: said{"Progressing", no, yes, no, "Deleting", "the BarqCluster is being deleted; its volumes are kept, because a field says so: data-vectors-0", generation},
		},
		"deleted with its volumes": {
			change: func(o *status.Observation) {
				o.Cluster.DeletionTimestamp = &metav1.Time{Time: now}
				o.Fate = fate(true)
			},
			want: said{
				"Progressing", no, yes, no, "Deleting",
				"the BarqCluster is being deleted; its volumes are deleted with it, because a field says so: data-vectors-0", generation,
			},
		},
		"a deletion that waits": {
			change: func(o *status.Observation) {
				o.Cluster.DeletionTimestamp = &metav1.Time{Time: now}
				o.Fate = fate(true)
				observation.SetCondition(o, v1alpha1.ConditionReleaseFailed, yes, "UninstallError", "deleting PVC data-vectors-0: refused", generation)
			},
			want: said{
				"Progressing", no, yes, no, "DeletionWaits",
				"the BarqCluster is being deleted; the operator waits and tries again: deleting PVC data-vectors-0: refused; " +
					"its volumes are deleted with it, because a field says so: data-vectors-0", generation,
			},
		},
		"data is at risk": {
			change: func(o *status.Observation) {
				observation.SetCondition(o, v1alpha1.ConditionVolumesResized, no, "DataAtRisk", "PVC data-vectors-0 is being deleted", generation)
			},
			want: said{"Degraded", yes, no, yes, "DataAtRisk", "3 of 3 pods answer; PVC data-vectors-0 is being deleted", generation},
		},
		"data is at risk while paused": {
			change: func(o *status.Observation) {
				o.Cluster.Spec.Paused = true
				observation.SetCondition(o, v1alpha1.ConditionVolumesResized, no, "DataAtRisk", "PVC data-vectors-0 is being deleted", generation)
			},
			want: said{
				"Paused", yes, no, no, "Paused",
				"spec.paused is true: the operator changes nothing until it is false; 3 of 3 pods answer; PVC data-vectors-0 is being deleted", 0,
			},
		},
		"volumes grow": {
			change: func(o *status.Observation) {
				observation.SetCondition(o, v1alpha1.ConditionVolumesResized, no, "Resizing", "data-vectors-0 has 10Gi", generation)
			},
			want: said{"Progressing", yes, yes, no, "Resizing", "3 of 3 pods answer; data-vectors-0 has 10Gi", generation},
		},
		"volumes may not grow": {
			change: func(o *status.Observation) {
				observation.SetCondition(o, v1alpha1.ConditionVolumesResized, no, "ResizeRefused", "data-vectors-0 has 10Gi", generation)
			},
			want: said{"Progressing", yes, yes, no, "ResizeRefused", "3 of 3 pods answer; data-vectors-0 has 10Gi", generation},
		},
		"the volumes were not looked at since the spec changed": {
			change: func(o *status.Observation) {
				observation.SetCondition(o, v1alpha1.ConditionVolumesResized, yes, "SizeReached", "", generation-1)
			},
			want: said{"Progressing", yes, yes, no, "Applying", "3 of 3 pods answer; the operator looks at the volumes", generation},
		},
		"the volumes were never looked at": {
			change: func(o *status.Observation) {
				meta.RemoveStatusCondition(&o.Cluster.Status.Conditions, v1alpha1.ConditionVolumesResized)
			},
			want: said{"Progressing", yes, yes, no, "Applying", "3 of 3 pods answer; the operator looks at the volumes", generation},
		},
		"there are no volumes": {
			change: func(o *status.Observation) {
				observation.SetCondition(o, v1alpha1.ConditionVolumesResized, metav1.ConditionUnknown, "NoVolumes", "", generation)
			},
			want: said{"Ready", yes, no, no, "Ready", "3 of 3 pods answer", generation},
		},
	} {
		t.Run(name, func(t *testing.T) {
			observed := observation.Running()
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
	observed := observation.Running()
	observed.Secrets.Referenced = 1
	got := status.Compute(observed, now)
	condition := func(name string, value metav1.ConditionStatus, reason, message string) metav1.Condition {
		return metav1.Condition{
			Type: name, Status: value, Reason: reason, Message: message,
			ObservedGeneration: generation, LastTransitionTime: metav1.NewTime(now),
		}
	}
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
		AppliedSpecHash: "sum",
		Conditions: []metav1.Condition{
			condition("Ready", metav1.ConditionTrue, "Ready", "3 of 3 pods answer"),
			condition("Reconciling", metav1.ConditionFalse, "Ready", "3 of 3 pods answer"),
			condition("Stalled", metav1.ConditionFalse, "Ready", "no action is required"),
			condition("SecretsAvailable", metav1.ConditionTrue, "AllFound", "every Secret and key that the spec refers to is there"),
			condition("ChangesPending", metav1.ConditionFalse, "NothingPending", "no change is held back"),
			condition("DataRedundancy", metav1.ConditionFalse, "PrimaryOnly", "Barq DB copies nothing between pods. "+
				"Of the 3 pods only vectors-0 holds data and answers clients, and no other can stand in for it"),
		},
	}, got)
}

// The status controller goes on with the status that the lease controller begins. It adds conditions,
// and says the same of what it has not observed yet.
func TestComputeGoesOnWithTheFirstStatus(t *testing.T) {
	cluster := &v1alpha1.BarqCluster{}
	cluster.Namespace, cluster.Name, cluster.Generation = "team", "vectors", 1
	cluster.Status = status.First(now)
	first := cluster.Status.DeepCopy()
	computed := status.Compute(status.Observation{Cluster: cluster, SpecHash: "sum"}, now.Add(time.Second))
	require.Equal(t, first.Phase, computed.Phase)
	require.Equal(t, first.Conditions, computed.Conditions[:len(first.Conditions)])
	var added []string
	for _, condition := range computed.Conditions[len(first.Conditions):] {
		added = append(added, condition.Type)
	}
	require.Equal(t, []string{"SecretsAvailable", "ChangesPending"}, added)
}

// kstatus takes a status without a generation for one of a finished change. So a status says 0 until a spec is applied,
// as the lease controller has begun it.
func TestAStatusOfNoSpecYetHasAGeneration(t *testing.T) {
	cluster := &v1alpha1.BarqCluster{ObjectMeta: metav1.ObjectMeta{Generation: 1}, Status: status.First(observation.Now)}
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(ptr.To(status.Compute(status.Observation{Cluster: cluster}, observation.Now)))
	require.NoError(t, err)
	require.Contains(t, fields, "observedGeneration")
	require.Zero(t, fields["observedGeneration"])
}

// Computing a status again from itself must not change it, or the two controllers would write for
// ever.
func TestComputeIsStable(t *testing.T) {
	for name, change := range map[string]func(*status.Observation){
		"all well":   func(*status.Observation) {},
		"in trouble": func(o *status.Observation) { observation.Lose(o, observation.Crashing("vectors-2", 2)) },
		"paused":     func(o *status.Observation) { o.Cluster.Spec.Paused, o.SpecHash = true, "other" },
		"queued":     func(o *status.Observation) { o.Queued = "waits" },
		"rolling":    func(o *status.Observation) { o.StatefulSet.Status.UpdatedReplicas = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			observed := observation.Running()
			change(&observed)
			first := status.Compute(observed, now)
			observation.Store(&observed, first)
			require.Equal(t, first, status.Compute(observed, now.Add(time.Second)))
		})
	}
}

// The API server refuses a whole status if one of its messages is too long.
func TestNoMessageIsTooLong(t *testing.T) {
	observed := observation.Running()
	observed.Secrets.Problems = []string{strings.Repeat("ü", 100_000)}
	for _, condition := range status.Compute(observed, now).Conditions {
		require.LessOrEqual(t, len(condition.Message), 32768, condition.Type)
		require.True(t, utf8.ValidString(condition.Message), condition.Type)
	}
}
