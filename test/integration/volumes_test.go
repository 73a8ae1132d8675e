package integration

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/test/cluster"
)

func resize(t *testing.T, db *v1alpha1.BarqCluster, size string) error {
	t.Helper()
	patch := fmt.Sprintf(`{"spec":{"storage":{"size":%q}}}`, size)
	return admin.Patch(t.Context(), db.DeepCopy(), client.RawPatch("application/merge-patch+json", []byte(patch)))
}

func requireVolumes(t *testing.T, db *v1alpha1.BarqCluster, size string, names ...string) {
	t.Helper()
	found := pvcs(t, db)
	require.Len(t, found, len(names))
	for _, name := range names {
		pvc := found[name]
		request := pvc.Spec.Resources.Requests[corev1.ResourceStorage]
		capacity := pvc.Status.Capacity[corev1.ResourceStorage]
		require.Equal(t, []string{size, size}, []string{request.String(), capacity.String()}, name)
	}
}

// fileSystemGrace is how long the operator lets a file system grow under a running pod.
const fileSystemGrace = 30 * time.Second

// storageWorks says whether claims grow when they are asked to.
func storageWorks(t *testing.T, db *v1alpha1.BarqCluster, works bool) {
	t.Helper()
	provisioner := "volumes.test.barq.db"
	if !works {
		provisioner = "none.test.barq.db"
	}
	for _, pvc := range pvcs(t, db) {
		patch := fmt.Sprintf(`{"metadata":{"annotations":{"volume.kubernetes.io/storage-provisioner":%q}}}`, provisioner)
		require.NoError(t, admin.Patch(t.Context(), &pvc, client.RawPatch(types.MergePatchType, []byte(patch))))
	}
}

// volumeGrew says of a PVC what Kubernetes says when a volume has grown and the
// file system on it has not.
func volumeGrew(t *testing.T, db *v1alpha1.BarqCluster, names ...string) {
	t.Helper()
	for _, name := range names {
		changePVCStatus(t, db, name, func(status *corev1.PersistentVolumeClaimStatus) {
			status.AllocatedResourceStatuses = map[corev1.ResourceName]corev1.ClaimResourceStatus{
				corev1.ResourceStorage: corev1.PersistentVolumeClaimNodeResizePending,
			}
			status.Conditions = []corev1.PersistentVolumeClaimCondition{{
				Type: corev1.PersistentVolumeClaimFileSystemResizePending, Status: corev1.ConditionTrue, LastTransitionTime: metav1.Now(),
			}}
		})
	}
}

// fileSystemGrew says that a PVC has what it asks for.
func fileSystemGrew(t *testing.T, db *v1alpha1.BarqCluster, names ...string) {
	t.Helper()
	for _, name := range names {
		size := pvcs(t, db)[name].Spec.Resources.Requests[corev1.ResourceStorage]
		changePVCStatus(t, db, name, func(status *corev1.PersistentVolumeClaimStatus) {
			status.Capacity[corev1.ResourceStorage] = size
			status.AllocatedResourceStatuses, status.Conditions = nil, nil
		})
	}
}

func changePVCStatus(t *testing.T, db *v1alpha1.BarqCluster, name string, change func(*corev1.PersistentVolumeClaimStatus)) {
	t.Helper()
	before := pvcs(t, db)[name]
	pvc := before.DeepCopy()
	change(&pvc.Status)
	require.NoError(t, admin.Status().Patch(t.Context(), pvc, client.MergeFrom(&before)))
}

func waitVolumes(t *testing.T, db *v1alpha1.BarqCluster, status metav1.ConditionStatus, reason, message string) {
	t.Helper()
	eventually(t, func() string {
		got := waitFor(t, db, v1alpha1.ConditionVolumesResized, status, reason).Message
		if got == message {
			return ""
		}
		return got
	})
}

func waitEvent(t *testing.T, db *v1alpha1.BarqCluster, start string) {
	t.Helper()
	eventually(t, func() string {
		got := events(t, db)
		if slices.ContainsFunc(got, func(event string) bool { return strings.HasPrefix(event, start) }) {
			return ""
		}
		return fmt.Sprintf("events: %q", got)
	})
}

func TestVolumesGrow(t *testing.T) {
	namespace := newNamespace(t)
	db := newCluster(t, namespace, "db", `replicas: 2`)
	waitReady(t, db)
	requireVolumes(t, db, "10Gi", "data-db-0", "data-db-1")
	before := identities(t, db)

	require.NoError(t, resize(t, db, "20Gi"))
	waitVolumes(t, db, metav1.ConditionTrue, v1alpha1.ReasonSizeReached, "every volume has at least 20Gi")
	waitReady(t, db)
	requireVolumes(t, db, "20Gi", "data-db-0", "data-db-1")
	require.Equal(t, &v1alpha1.StorageStatus{Capacity: ptr.To(resource.MustParse("20Gi")), Volumes: 2, ResizedVolumes: 2}, db.Status.Storage)
	require.Equal(t, before, identities(t, db), "growing restarts nothing")
	template := statefulSet(t, db).Spec.VolumeClaimTemplates[0].Spec.Resources.Requests[corev1.ResourceStorage]
	require.Equal(t, "10Gi", template.String(), "the template cannot change and is left alone")
	waitEvent(t, db, "Normal Resizing: PVC data-db-1 now asks for 20Gi")
	waitEvent(t, db, "Normal SizeReached: every volume has at least 20Gi")

	// A new pod's volume is made from the template, and grows at once.
	change(t, db, func(spec *v1alpha1.BarqClusterSpec) { spec.Replicas = ptr.To[int32](3) })
	waitFor(t, db, v1alpha1.ConditionVolumesResized, metav1.ConditionTrue, v1alpha1.ReasonSizeReached)
	waitReady(t, db)
	requireVolumes(t, db, "20Gi", "data-db-0", "data-db-1", "data-db-2")
	require.Equal(t, &v1alpha1.StorageStatus{Capacity: ptr.To(resource.MustParse("20Gi")), Volumes: 3, ResizedVolumes: 3}, db.Status.Storage)
	require.Equal(t, before["db-0"], identities(t, db)["db-0"])
}

// The volumes of pods that are not there grow too, so that they are found as
// large as the others. Only those of the pods that are asked for are counted.
func TestVolumesOfPodsThatAreGoneGrow(t *testing.T) {
	namespace := newNamespace(t)
	db := newCluster(t, namespace, "db", `replicas: 2`)
	waitReady(t, db)
	change(t, db, func(spec *v1alpha1.BarqClusterSpec) { spec.Replicas = ptr.To[int32](1) })
	waitReady(t, db)
	require.NoError(t, resize(t, db, "20Gi"))
	waitFor(t, db, v1alpha1.ConditionVolumesResized, metav1.ConditionTrue, v1alpha1.ReasonSizeReached)
	eventually(t, func() string {
		refresh(t, db)
		if db.Status.Storage.ResizedVolumes == 1 && db.Status.Storage.Volumes == 1 {
			return ""
		}
		return fmt.Sprintf("%+v", db.Status.Storage)
	})
	eventually(t, func() string {
		size := pvcs(t, db)["data-db-1"].Status.Capacity[corev1.ResourceStorage]
		if size.String() == "20Gi" {
			return ""
		}
		return size.String()
	})

	// A storage that has to wait for a node finishes when the pods wake.
	storageWorks(t, db, false)
	change(t, db, func(spec *v1alpha1.BarqClusterSpec) { spec.Replicas = ptr.To[int32](0) })
	waitFor(t, db, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonHibernated)
	require.NoError(t, resize(t, db, "30Gi"))
	waitFor(t, db, v1alpha1.ConditionVolumesResized, metav1.ConditionFalse, v1alpha1.ReasonResizing)
	volumeGrew(t, db, "data-db-0", "data-db-1")
	waitVolumes(t, db, metav1.ConditionFalse, v1alpha1.ReasonFileSystemResizePending, "each volume is to have 30Gi: "+
		"PVC data-db-0 has 20Gi, and its file system grows when pod db-0 starts; "+
		"PVC data-db-1 has 20Gi, and its file system grows when pod db-1 starts")
	waitFor(t, db, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonHibernated)
	require.Zero(t, db.Status.Storage.Volumes)

	change(t, db, func(spec *v1alpha1.BarqClusterSpec) { spec.Replicas = ptr.To[int32](2) })
	waitFor(t, db, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonFileSystemResizePending)
	woken := identities(t, db)
	fileSystemGrew(t, db, "data-db-0", "data-db-1")
	waitFor(t, db, v1alpha1.ConditionVolumesResized, metav1.ConditionTrue, v1alpha1.ReasonSizeReached)
	waitReady(t, db)
	requireVolumes(t, db, "30Gi", "data-db-0", "data-db-1")
	require.Equal(t, woken, identities(t, db))
}

// A class that cannot expand: the database goes on, the status and an event say
// so, nothing is asked for in a loop, and the growth can be taken back.
func TestAGrowthThatIsRefusedCanBeTakenBack(t *testing.T) {
	namespace := newNamespace(t)
	fixed := &storagev1.StorageClass{}
	require.NoError(t, admin.Get(t.Context(), client.ObjectKey{Name: cluster.StorageClass}, fixed))
	fixed.ObjectMeta = metav1.ObjectMeta{Name: namespace}
	fixed.AllowVolumeExpansion = ptr.To(false)
	require.NoError(t, admin.Create(t.Context(), fixed))
	t.Cleanup(func() { _ = admin.Delete(context.Background(), fixed) })

	db := newCluster(t, namespace, "db", `storage: {size: 10Gi, storageClassName: `+namespace+`}`)
	waitReady(t, db)
	before := identities(t, db)

	require.NoError(t, resize(t, db, "20Gi"))
	message := "each volume is to have 20Gi: PVC data-db-0 has 10Gi, and may not grow in its storage class " + namespace + ": " +
		`persistentvolumeclaims "data-db-0" is forbidden: only dynamically provisioned pvc can be resized and ` +
		"the storageclass that provisions the pvc must support resize; " +
		"allow the growth, or write a spec.storage.size that the volumes have; the operator tries again after 10 minutes"
	waitVolumes(t, db, metav1.ConditionFalse, v1alpha1.ReasonResizeRefused, message)
	require.Equal(t, &v1alpha1.StorageStatus{Capacity: ptr.To(resource.MustParse("10Gi")), Volumes: 1}, db.Status.Storage)
	waitFor(t, db, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonResizeRefused)
	waitFor(t, db, v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonResizeRefused)
	require.True(t, meta.IsStatusConditionFalse(db.Status.Conditions, v1alpha1.ConditionStalled))
	require.Equal(t, v1alpha1.PhaseProgressing, db.Status.Phase)
	waitEvent(t, db, "Warning ResizeRefused: "+message)
	requireIdle(t, db)

	requireCauses(t, []string{
		`<nil>: Invalid value: spec.storage.size: the volumes have 10Gi and cannot shrink; write 10Gi or more`,
	}, resize(t, db, "9Gi"))
	require.NoError(t, resize(t, db, "10Gi"))
	waitReady(t, db)
	waitVolumes(t, db, metav1.ConditionTrue, v1alpha1.ReasonSizeReached, "every volume has at least 10Gi")
	requireVolumes(t, db, "10Gi", "data-db-0")
	require.Equal(t, before, identities(t, db))

	// A class that has learned to expand is seen at the next change of the spec.
	require.NoError(t, resize(t, db, "20Gi"))
	waitFor(t, db, v1alpha1.ConditionVolumesResized, metav1.ConditionFalse, v1alpha1.ReasonResizeRefused)
	fixed.AllowVolumeExpansion = ptr.To(true)
	require.NoError(t, admin.Update(t.Context(), fixed))
	// The API server learns of the class by a watch.
	time.Sleep(soon)
	change(t, db, func(spec *v1alpha1.BarqClusterSpec) { spec.LogLevel = "debug" })
	waitFor(t, db, v1alpha1.ConditionVolumesResized, metav1.ConditionTrue, v1alpha1.ReasonSizeReached)
	requireVolumes(t, db, "20Gi", "data-db-0")
}

// What a storage cannot give is taken back as far as Kubernetes lets it, which is to
// just above what the volume has.
func TestAGrowthThatDidNotTakeEffectCanBeTakenBack(t *testing.T) {
	needsFeature(t, "RecoverVolumeExpansionFailure", "only with it a PVC may ask for less than before")
	namespace := newNamespace(t)
	db := newCluster(t, namespace, "db", `{}`)
	waitReady(t, db)
	storageWorks(t, db, false)

	require.NoError(t, resize(t, db, "10Ti"))
	waitVolumes(t, db, metav1.ConditionFalse, v1alpha1.ReasonResizing,
		"each volume is to have 10Ti: PVC data-db-0 has 10Gi, and its storage is growing it")
	changePVCStatus(t, db, "data-db-0", func(status *corev1.PersistentVolumeClaimStatus) {
		status.AllocatedResourceStatuses = map[corev1.ResourceName]corev1.ClaimResourceStatus{
			corev1.ResourceStorage: corev1.PersistentVolumeClaimControllerResizeInfeasible,
		}
		status.Conditions = []corev1.PersistentVolumeClaimCondition{{
			Type: corev1.PersistentVolumeClaimControllerResizeError, Status: corev1.ConditionTrue, Message: "quota exceeded",
		}}
	})
	waitVolumes(t, db, metav1.ConditionFalse, v1alpha1.ReasonResizeFailed,
		"each volume is to have 10Ti: PVC data-db-0 has 10Gi, and its storage cannot grow it: quota exceeded; "+
			"the events of the PVC say more; to take the growth back, write a spec.storage.size that the volumes have")
	waitFor(t, db, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonResizeFailed)
	waitEvent(t, db, "Warning ResizeFailed: ")

	require.NoError(t, resize(t, db, "20Gi"))
	waitEvent(t, db, "Normal Resizing: PVC data-db-0 now asks for 20Gi instead of 10Ti")
	require.NoError(t, resize(t, db, "10Gi"))
	waitReady(t, db)
	waitVolumes(t, db, metav1.ConditionTrue, v1alpha1.ReasonSizeReached, "every volume has at least 10Gi")
	waitEvent(t, db, "Normal Resizing: PVC data-db-0 now asks for 10241Mi instead of 20Gi")
	requireIdle(t, db)
	request := pvcs(t, db)["data-db-0"].Spec.Resources.Requests[corev1.ResourceStorage]
	require.Equal(t, "10241Mi", request.String())

	storageWorks(t, db, true)
	eventually(t, func() string {
		refresh(t, db)
		return strings.TrimPrefix(db.Status.Storage.Capacity.String(), "10241Mi")
	})
	waitFor(t, db, v1alpha1.ConditionVolumesResized, metav1.ConditionTrue, v1alpha1.ReasonSizeReached)
	change(t, db, func(spec *v1alpha1.BarqClusterSpec) { spec.LogLevel = "debug" })
	waitReady(t, db)
}

// Before 1.32 Kubernetes lets no PVC ask for less, which a policy stands for here. The status says so, and the size that the volumes
// have is a way out.
func TestAGrowthThatIsNotTakenBackIsSaid(t *testing.T) {
	namespace := newNamespace(t)
	db := newCluster(t, namespace, "db", `{}`)
	waitReady(t, db)
	refuseLess(t, db)
	storageWorks(t, db, false)
	require.NoError(t, resize(t, db, "10Ti"))
	waitEvent(t, db, "Normal Resizing: PVC data-db-0 now asks for 10Ti")
	require.NoError(t, resize(t, db, "20Gi"))
	message := waitFor(t, db, v1alpha1.ConditionVolumesResized, metav1.ConditionFalse, v1alpha1.ReasonResizeRefused).Message
	require.Regexp(t, "^each volume is to have 20Gi: PVC data-db-0 has 10Gi, and its PVC still asks for 10Ti: .*less", message)

	require.NoError(t, resize(t, db, "10Gi"))
	waitReady(t, db)
	waitVolumes(t, db, metav1.ConditionTrue, v1alpha1.ReasonSizeReached, "every volume has at least 10Gi")
	requireIdle(t, db)
}

// refuseLess refuses claims of a BarqCluster's namespace that ask for less than before.
func refuseLess(t *testing.T, db *v1alpha1.BarqCluster) {
	t.Helper()
	named := metav1.ObjectMeta{Name: db.Namespace}
	policy := &admissionregistrationv1.ValidatingAdmissionPolicy{ObjectMeta: named, Spec: admissionregistrationv1.ValidatingAdmissionPolicySpec{
		MatchConstraints: &admissionregistrationv1.MatchResources{
			NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: db.Namespace}},
			ResourceRules: []admissionregistrationv1.NamedRuleWithOperations{{RuleWithOperations: admissionregistrationv1.RuleWithOperations{
				Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Update},
				Rule:       admissionregistrationv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"persistentvolumeclaims"}},
			}}},
		},
		Validations: []admissionregistrationv1.Validation{{
			Expression: "quantity(object.spec.resources.requests.storage).compareTo(quantity(oldObject.spec.resources.requests.storage)) >= 0",
			Message:    "field can not be less than previous value",
		}, {
			Expression: "!has(object.metadata.annotations) || !('probe' in object.metadata.annotations)",
		}},
	}}
	binding := &admissionregistrationv1.ValidatingAdmissionPolicyBinding{ObjectMeta: named, Spec: admissionregistrationv1.ValidatingAdmissionPolicyBindingSpec{
		PolicyName: db.Namespace, ValidationActions: []admissionregistrationv1.ValidationAction{admissionregistrationv1.Deny},
	}}
	for _, object := range []client.Object{policy, binding} {
		require.NoError(t, admin.Create(t.Context(), object))
		t.Cleanup(func() { _ = admin.Delete(context.Background(), object) })
	}
	// Policies reach the API server's admission after a moment.
	eventually(t, func() string {
		pvc := pvcs(t, db)["data-db-0"]
		probe := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"annotations":{"probe":""}}}`))
		if err := admin.Patch(t.Context(), &pvc, probe, client.DryRunAll); err == nil {
			return "the policy is not there yet"
		}
		return ""
	})
}

// A PVC that was grown by hand is larger than the spec asks for, and stays so.
func TestAPVCThatWasGrownByHandIsLeftAlone(t *testing.T) {
	namespace := newNamespace(t)
	db := newCluster(t, namespace, "db", `{}`)
	waitReady(t, db)
	storageWorks(t, db, false)
	pvc := pvcs(t, db)["data-db-0"]
	grown := pvc.DeepCopy()
	grown.Spec.Resources.Requests[corev1.ResourceStorage] = resource.MustParse("15Gi")
	require.NoError(t, admin.Patch(t.Context(), grown, client.MergeFrom(&pvc)))
	requireIdle(t, db)
	storageWorks(t, db, true)
	eventually(t, func() string {
		refresh(t, db)
		return strings.TrimPrefix(db.Status.Storage.Capacity.String(), "15Gi")
	})
	requireVolumes(t, db, "15Gi", "data-db-0")
}

// An operator that is killed at any moment of a growth finishes it when it is back.
func TestVolumesGrowThoughTheOperatorIsKilled(t *testing.T) {
	namespace := newNamespace(t)
	db := newCluster(t, namespace, "db", `replicas: 3`)
	waitReady(t, db)
	before := identities(t, db)
	for i, moment := range moments {
		size := fmt.Sprintf("%dGi", 11+i)
		require.NoError(t, resize(t, db, size))
		time.Sleep(moment)
		operator.Kill()
		require.NoError(t, operator.Start())
		waitFor(t, db, v1alpha1.ConditionVolumesResized, metav1.ConditionTrue, v1alpha1.ReasonSizeReached)
		waitReady(t, db)
		requireVolumes(t, db, size, "data-db-0", "data-db-1", "data-db-2")
	}
	require.Equal(t, before, identities(t, db))
}

// departures watches the pods of a BarqCluster, and gives the names of those that
// went away, in order. It fails when two were away at once.
func departures(t *testing.T, db *v1alpha1.BarqCluster) func() []string {
	t.Helper()
	watcher, err := admin.Watch(t.Context(), &corev1.PodList{}, client.InNamespace(db.Namespace))
	require.NoError(t, err)
	t.Cleanup(watcher.Stop)
	return func() []string {
		var gone []string
		away := map[string]bool{}
		for {
			select {
			case event := <-watcher.ResultChan():
				pod := event.Object.(*corev1.Pod)
				if event.Type == watch.Deleted {
					gone = append(gone, pod.Name)
				}
				away[pod.Name] = event.Type == watch.Deleted || pod.DeletionTimestamp != nil || !ready(pod)
				var count int
				for _, is := range away {
					if is {
						count++
					}
				}
				require.LessOrEqual(t, count, 1, "%v", away)
			case <-time.After(soon):
				return gone
			}
		}
	}
}

func ready(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(condition corev1.PodCondition) bool {
		return condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue
	})
}

// A pod is restarted only where its PVC asks for it, one at a time, the highest
// number first, and while all others answer. A killed operator goes on from there.
func TestPodsRestartForTheirFileSystems(t *testing.T) {
	namespace := newNamespace(t)
	db := newCluster(t, namespace, "db", `replicas: 4`)
	waitReady(t, db)
	storageWorks(t, db, false)
	require.NoError(t, resize(t, db, "20Gi"))
	waitFor(t, db, v1alpha1.ConditionVolumesResized, metav1.ConditionFalse, v1alpha1.ReasonResizing)
	before := identities(t, db)
	fileSystemGrew(t, db, "data-db-0")
	volumeGrew(t, db, "data-db-1", "data-db-2", "data-db-3")
	waitVolumes(t, db, metav1.ConditionFalse, v1alpha1.ReasonFileSystemResizePending, "each volume is to have 20Gi: "+
		"PVC data-db-1 has 10Gi, and its file system grows under the running pod db-1; "+
		"PVC data-db-2 has 10Gi, and its file system grows under the running pod db-2; "+
		"PVC data-db-3 has 10Gi, and its file system grows under the running pod db-3")
	waitFor(t, db, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonFileSystemResizePending)
	// As the kubelet does where it can.
	fileSystemGrew(t, db, "data-db-3")
	crashLoop := func(value string) {
		output(t, kubectl("-n", namespace, "annotate", "--overwrite", "pod/db-0", "test.barq.db/crash-loop="+value))
	}
	crashLoop("true")

	time.Sleep(fileSystemGrace)
	waitVolumes(t, db, metav1.ConditionFalse, v1alpha1.ReasonFileSystemResizePending, "each volume is to have 20Gi: "+
		"PVC data-db-1 has 10Gi, and its file system grows when pod db-1 restarts, which waits until pod db-0 answers; "+
		"PVC data-db-2 has 10Gi, and its file system grows when pod db-2 restarts, which waits until pod db-0 answers")
	require.Equal(t, before, identities(t, db))
	require.Equal(t, int32(2), db.Status.Storage.ResizedVolumes)

	gone := departures(t, db)
	crashLoop("false")
	waitEvent(t, db, "Normal FileSystemResizePending: the operator restarts pod db-2, because the file system of PVC data-db-2 grows only when the pod starts")
	operator.Kill()
	require.NoError(t, operator.Start())
	waitEvent(t, db, "Normal FileSystemResizePending: the operator restarts pod db-1, ")
	require.Equal(t, []string{"db-2", "db-1"}, gone(), "each once, though its file system has not grown yet")

	fileSystemGrew(t, db, "data-db-1", "data-db-2")
	waitFor(t, db, v1alpha1.ConditionVolumesResized, metav1.ConditionTrue, v1alpha1.ReasonSizeReached)
	waitReady(t, db)
	requireVolumes(t, db, "20Gi", "data-db-0", "data-db-1", "data-db-2", "data-db-3")
	after := identities(t, db)
	require.Equal(t, []string{before["db-0"], before["db-3"]}, []string{after["db-0"], after["db-3"]})
}

// Scratch space has no volume that could be too small.
func TestEphemeralStorage(t *testing.T) {
	namespace := newNamespace(t)
	db := newCluster(t, namespace, "db", `{storage: {size: 2Gi}, tiering: {hotPath: ephemeral-storage}}`)
	waitReady(t, db)
	require.Empty(t, pvcs(t, db))
	require.Empty(t, statefulSet(t, db).Spec.VolumeClaimTemplates)
	require.Contains(t, statefulSet(t, db).Spec.Template.Spec.Volumes, corev1.Volume{Name: "data", VolumeSource: corev1.VolumeSource{
		EmptyDir: &corev1.EmptyDirVolumeSource{SizeLimit: ptr.To(resource.MustParse("2Gi"))},
	}})
	waitFor(t, db, v1alpha1.ConditionVolumesResized, metav1.ConditionUnknown, v1alpha1.ReasonNoVolumes)

	require.NoError(t, resize(t, db, "1Gi"))
	waitReady(t, db)
	require.Equal(t, "1Gi", statefulSet(t, db).Spec.Template.Spec.Volumes[0].EmptyDir.SizeLimit.String())
}

// A PVC that is deleted by mistake goes when its pod stops, so no restart comes that the user has not asked for.
func TestAPodWhosePVCIsBeingDeletedIsNotRestarted(t *testing.T) {
	namespace := newNamespace(t)
	newSecret(t, namespace, "keys", map[string]string{"token": "one"})
	db := newCluster(t, namespace, "db", `{replicas: 2, env: [{name: TOKEN, valueFrom: {secretKeyRef: {name: keys, key: token}}}]}`)
	waitReady(t, db)
	before := identities(t, db)
	pvc := pvcs(t, db)["data-db-0"]
	output(t, kubectl("-n", namespace, "delete", "pvc/data-db-0", "--wait=false"))
	message := "PVC data-db-0 is being deleted, and Kubernetes deletes its data when pod db-0 stops: copy the data first. " +
		"The operator restarts this pod only for a change of the spec"
	waitVolumes(t, db, metav1.ConditionFalse, v1alpha1.ReasonDataAtRisk, message)
	ready := waitFor(t, db, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonDataAtRisk)
	require.Equal(t, "2 of 2 pods answer; "+message, ready.Message)
	waitFor(t, db, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonDataAtRisk)
	waitEvent(t, db, "Warning DataAtRisk: "+message)

	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "keys"}}
	refresh(t, secret)
	secret.Data["token"] = []byte("two")
	require.NoError(t, admin.Update(t.Context(), secret))
	held := waitFor(t, db, v1alpha1.ConditionChangesPending, metav1.ConditionTrue, v1alpha1.ReasonRolloutQueued)
	require.Contains(t, held.Message, "The restart waits until no PVC is at risk")
	operator.Kill()
	require.NoError(t, operator.Start())
	time.Sleep(soon)
	waitFor(t, db, v1alpha1.ConditionChangesPending, metav1.ConditionTrue, v1alpha1.ReasonRolloutQueued)
	require.Equal(t, before, identities(t, db))
	require.Equal(t, pvc.UID, pvcs(t, db)["data-db-0"].UID)

	// The user has copied the data and ends it.
	output(t, kubectl("-n", namespace, "delete", "pod/db-0"))
	waitFor(t, db, v1alpha1.ConditionChangesPending, metav1.ConditionFalse, v1alpha1.ReasonNothingPending)
	waitReady(t, db)
	waitFor(t, db, v1alpha1.ConditionVolumesResized, metav1.ConditionTrue, v1alpha1.ReasonSizeReached)
	require.NotEqual(t, pvc.UID, pvcs(t, db)["data-db-0"].UID)
	require.NotEqual(t, before["db-1"], identities(t, db)["db-1"], "the Secret reaches the pods")
}

// A volume that has grown and awaits a restart of its pod is no reason to lose it.
func TestAFileSystemIsNotGrownAtTheCostOfItsData(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(t *testing.T, db *v1alpha1.BarqCluster){
		"being deleted": func(t *testing.T, db *v1alpha1.BarqCluster) {
			t.Helper()
			output(t, kubectl("-n", db.Namespace, "delete", "pvc/data-db-0", "--wait=false"))
		},
		"lost": func(t *testing.T, db *v1alpha1.BarqCluster) {
			t.Helper()
			volume := &corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: pvcs(t, db)["data-db-0"].Spec.VolumeName}}
			refresh(t, volume)
			volume.Finalizers = nil
			require.NoError(t, admin.Update(t.Context(), volume))
			require.NoError(t, client.IgnoreNotFound(admin.Delete(t.Context(), volume)))
			refreshed := func() corev1.PersistentVolumeClaimPhase { return pvcs(t, db)["data-db-0"].Status.Phase }
			eventually(t, func() string {
				_ = admin.Patch(t.Context(), volume, client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`)))
				return strings.TrimPrefix(string(refreshed()), string(corev1.ClaimLost))
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			namespace := newNamespace(t)
			db := newCluster(t, namespace, "db", `{}`)
			waitReady(t, db)
			before := identities(t, db)
			storageWorks(t, db, false)
			require.NoError(t, resize(t, db, "20Gi"))
			waitFor(t, db, v1alpha1.ConditionVolumesResized, metav1.ConditionFalse, v1alpha1.ReasonResizing)
			volumeGrew(t, db, "data-db-0")
			lose(t, db)
			waitFor(t, db, v1alpha1.ConditionVolumesResized, metav1.ConditionFalse, v1alpha1.ReasonDataAtRisk)
			time.Sleep(fileSystemGrace + soon)
			waitFor(t, db, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonDataAtRisk)
			require.Equal(t, before, identities(t, db))
		})
	}
}

// A first size that cannot be had, a class that is misspelt or a wrong access mode can be corrected while no volume is bound.
func TestTheFirstVolumesCanBeCorrected(t *testing.T) {
	for name, test := range map[string]struct {
		first, second string
		says          string
	}{
		"a quota": {
			`{storage: {size: 100Gi}}`, `{"spec":{"storage":{"size":"10Gi"}}}`,
			"PVC data-db-0 does not exist yet",
		},
		"a class that does not exist": {
			`{replicas: 2, storage: {storageClassName: simulatedd}}`, `{"spec":{"storage":{"storageClassName":"simulated"}}}`,
			`PVC data-db-0 is not bound, its class is simulatedd: storageclass.storage.k8s.io "simulatedd" not found`,
		},
		"all of it": {
			`{storage: {size: 20Gi, storageClassName: simulatedd, accessMode: ReadWriteOncePod}}`,
			`{"spec":{"storage":{"size":"10Gi","storageClassName":null,"accessMode":"ReadWriteOnce"}}}`,
			"PVC data-db-0 is not bound, its class is simulatedd: ",
		},
	} {
		t.Run(name, func(t *testing.T) {
			namespace := newNamespace(t)
			quota := &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "quota"}}
			quota.Spec.Hard = corev1.ResourceList{corev1.ResourceRequestsStorage: resource.MustParse("50Gi")}
			require.NoError(t, admin.Create(t.Context(), quota))
			db := newCluster(t, namespace, "db", test.first)
			eventually(t, func() string {
				message := waitFor(t, db, v1alpha1.ConditionVolumesResized, metav1.ConditionUnknown, v1alpha1.ReasonNoVolumes).Message
				if strings.Contains(message, test.says) {
					return ""
				}
				return message
			})
			if name != "a quota" {
				eventually(t, func() string {
					ready := waitFor(t, db, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonPodsNotReady).Message
					if strings.Contains(ready, test.says) {
						return ""
					}
					return ready
				})
			}

			require.NoError(t, admin.Patch(t.Context(), db.DeepCopy(), client.RawPatch(types.MergePatchType, []byte(test.second))))
			waitReady(t, db)
			waitEvent(t, db, "Normal StatefulSetReplaced: the operator creates StatefulSet db again, because its PVCs ask for ")
			waitFor(t, db, v1alpha1.ConditionVolumesResized, metav1.ConditionTrue, v1alpha1.ReasonSizeReached)
			requireIdle(t, db)
			for _, pvc := range pvcs(t, db) {
				require.Equal(t, "10Gi", ptr.To(pvc.Status.Capacity[corev1.ResourceStorage]).String())
				require.Equal(t, "simulated", *pvc.Spec.StorageClassName)
				require.Equal(t, []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}, pvc.Spec.AccessModes)
			}
			require.NotEmpty(t, causes(t, admin.Patch(t.Context(), db.DeepCopy(),
				client.RawPatch(types.MergePatchType, []byte(`{"spec":{"storage":{"storageClassName":"other"}}}`)))), "there are volumes now")
		})
	}
}

// Claims that a former BarqCluster has left are taken up, and in what they differ from the spec is said.
func TestKeptVolumesThatDifferAreSaid(t *testing.T) {
	namespace := newNamespace(t)
	never := newCluster(t, namespace, "db", `storage: {storageClassName: simulatedd}`)
	waitFor(t, never, v1alpha1.ConditionVolumesResized, metav1.ConditionUnknown, v1alpha1.ReasonNoVolumes)
	waitPVCs(t, never, "data-db-0")
	remove(t, never)
	db := newCluster(t, namespace, "db", `storage: {storageClassName: simulated}`)
	message := waitFor(t, db, v1alpha1.ConditionVolumesResized, metav1.ConditionUnknown, v1alpha1.ReasonVolumesDiffer).Message
	require.Contains(t, message, "PVC data-db-0 has class simulatedd, and the spec says simulated; "+
		"it was never bound: kubectl -n "+namespace+" delete pvc data-db-0 lets Kubernetes create another one")
	waitEvent(t, db, "Warning VolumesDiffer: ")
	output(t, kubectl("-n", namespace, "delete", "pvc/data-db-0"))
	waitReady(t, db)
	waitFor(t, db, v1alpha1.ConditionVolumesResized, metav1.ConditionTrue, v1alpha1.ReasonSizeReached)

	remove(t, db)
	again := newCluster(t, namespace, "db", `storage: {size: 5Gi, accessMode: ReadWriteOncePod, storageClassName: other}`)
	waitReady(t, again)
	waitVolumes(t, again, metav1.ConditionTrue, v1alpha1.ReasonVolumesDiffer, "every volume has at least 5Gi; "+
		"PVC data-db-0 has class simulated, and the spec says other; "+
		"PVC data-db-0 has access mode ReadWriteOnce, and the spec says ReadWriteOncePod; "+
		"PVC data-db-0 has size 10Gi, and the spec says 5Gi")
	waitEvent(t, again, "Warning VolumesDiffer: every volume has at least 5Gi; ")
	requireIdle(t, again)
}
