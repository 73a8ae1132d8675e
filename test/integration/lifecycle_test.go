package integration

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

func TestTheSampleBecomesReady(t *testing.T) {
	namespace := newNamespace(t)
	output(t, kubectl("-n", namespace, "apply", "-f", filepath.Join(root, "config/samples/barqcluster.yaml")))
	cluster := clusterOf(t, namespace, "vectors", `{}`)
	waitReady(t, cluster)

	set := statefulSet(t, cluster)
	require.Equal(t, int32(1), set.Status.ReadyReplicas)
	require.Equal(t, []string{"data-vectors-0"}, slices.Sorted(maps.Keys(pvcs(t, cluster))))
	require.Equal(t, corev1.ClaimBound, pvcs(t, cluster)["data-vectors-0"].Status.Phase)

	var services corev1.ServiceList
	require.NoError(t, admin.List(t.Context(), &services, client.InNamespace(namespace)))
	selectors := map[string]map[string]string{}
	for _, service := range services.Items {
		selectors[service.Name] = service.Spec.Selector
	}
	primary := maps.Clone(set.Spec.Selector.MatchLabels)
	primary[appsv1.StatefulSetPodNameLabel] = "vectors-0"
	require.Equal(t, map[string]map[string]string{"vectors": primary, "vectors-headless": set.Spec.Selector.MatchLabels}, selectors)
	require.Equal(t, "vectors-headless", set.Spec.ServiceName)

	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "vectors"}}
	refresh(t, account)
	require.Equal(t, account.Name, set.Spec.Template.Spec.ServiceAccountName)

	status := cluster.Status
	require.Equal(t, &v1alpha1.Endpoints{
		HTTP: fmt.Sprintf("http://vectors.%s.svc:8080", namespace),
		GRPC: fmt.Sprintf("vectors.%s.svc:50051", namespace),
	}, status.Endpoints)
	require.Equal(t, set.Spec.Template.Spec.Containers[0].Image, status.Image)
	require.Equal(t, metav1.FormatLabelSelector(set.Spec.Selector), status.Selector)
	require.Equal(t, &v1alpha1.DeployedRelease{Name: "vectors"}, status.DeployedRelease)
	require.Equal(t, []int32{1, 1, 1}, []int32{status.Replicas, status.ReadyReplicas, status.UpdatedReplicas})

	// What a person sees.
	require.Regexp(t, `^NAME +REPLICAS +READY +PHASE +REASON +AGE\nvectors +1 +1 +Ready +Ready +\S+\n$`,
		output(t, kubectl("-n", namespace, "get", "bqc")))
	require.Regexp(t, `^NAME +REPLICAS +READY +PHASE +REASON +AGE +IMAGE +OPERATOR +MESSAGE\nvectors +1 +1 +Ready +Ready +\S+ +\S+ +\S+/barq-operator.barq.db +1 of 1 pods answer\n$`,
		output(t, kubectl("-n", namespace, "get", "bqc", "-o", "wide")))
	output(t, kubectl("-n", namespace, "wait", "bqc/vectors", "--for=condition=Ready", "--timeout=5s"))
	requireTold(t, cluster, 1, `^Warning TierNotSupported: spec\.tiering\.warm is on s3 and spec\.tiering\.cold is on gcs, with which Barq DB 0\.1\.0 exits at startup: `)
}

func TestScale(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `{}`)
	waitReady(t, cluster)
	first := identities(t, cluster)

	output(t, kubectl("-n", namespace, "scale", "bqc/db", "--replicas=3"))
	waitReady(t, cluster)
	// What an autoscaler reads.
	require.Equal(t, "3 3 "+cluster.Status.Selector, output(t, kubectl("-n", namespace, "get", "bqc/db", "--subresource=scale",
		"-o", "jsonpath={.spec.replicas} {.status.replicas} {.status.selector}")))
	require.Equal(t, int32(3), cluster.Status.ReadyReplicas)
	require.Equal(t, first["db-0"], identities(t, cluster)["db-0"], "scaling restarts nothing")
	all := []string{"data-db-0", "data-db-1", "data-db-2"}
	require.Equal(t, all, slices.Sorted(maps.Keys(pvcs(t, cluster))))

	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Replicas = ptr.To[int32](2) })
	waitReady(t, cluster)
	require.Len(t, pods(t, cluster), 2)
	require.Equal(t, all, slices.Sorted(maps.Keys(pvcs(t, cluster))), "the volume of the removed pod is kept")

	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Replicas = ptr.To[int32](0) })
	waitFor(t, cluster, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonHibernated)
	require.Equal(t, v1alpha1.PhaseHibernated, cluster.Status.Phase)
	require.Empty(t, pods(t, cluster))
	require.Equal(t, all, slices.Sorted(maps.Keys(pvcs(t, cluster))))
	uids := map[string]string{}
	for name, pvc := range pvcs(t, cluster) {
		uids[name] = string(pvc.UID)
	}

	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Replicas = ptr.To[int32](3) })
	waitReady(t, cluster)
	for name, pvc := range pvcs(t, cluster) {
		require.Equal(t, uids[name], string(pvc.UID), "waking up takes the kept volumes")
	}
}

// container gives the database container as the API server stores it.
func container(t *testing.T, cluster *v1alpha1.BarqCluster) corev1.Container {
	t.Helper()
	containers := statefulSet(t, cluster).Spec.Template.Spec.Containers
	require.Len(t, containers, 1)
	return containers[0]
}

func TestChangesReachThePods(t *testing.T) {
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `replicas: 2`)
	waitReady(t, cluster)
	before := identities(t, cluster)

	restarted := func() {
		t.Helper()
		after := identities(t, cluster)
		require.Len(t, after, 2)
		for name, uid := range after {
			require.NotEqual(t, before[name], uid, "pod %s was not replaced", name)
		}
		before = after
	}

	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Image = "registry.example.com/barq-db:0.2.0" })
	waitReady(t, cluster)
	restarted()
	for _, pod := range pods(t, cluster) {
		require.Equal(t, "registry.example.com/barq-db:0.2.0", pod.Spec.Containers[0].Image)
	}
	require.Equal(t, "registry.example.com/barq-db:0.2.0", cluster.Status.Image)

	require.Equal(t, corev1.ResourceRequirements{Requests: corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("500m"), corev1.ResourceMemory: resource.MustParse("1Gi"),
	}}, container(t, cluster).Resources, "the default")
	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) {
		spec.Resources = &corev1.ResourceRequirements{Limits: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("512Mi")}}
	})
	waitReady(t, cluster)
	restarted()
	require.Equal(t, corev1.ResourceRequirements{
		Limits: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("512Mi")},
	}, container(t, cluster).Resources, "what the user writes replaces the default whole")

	plain := container(t, cluster).Env
	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) {
		spec.Tiering.Enabled = true
		spec.Tiering.Warm = &v1alpha1.TierSpec{Provider: v1alpha1.ProviderS3, Bucket: "warm"}
	})
	waitReady(t, cluster)
	restarted()
	require.NotEqual(t, plain, container(t, cluster).Env)

	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Tiering.Enabled = false })
	waitReady(t, cluster)
	restarted()
	require.Equal(t, plain, container(t, cluster).Env)

	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Tiering.Warm = nil })
	waitReady(t, cluster)
	require.Equal(t, before, identities(t, cluster), "removing a tier that is off restarts nothing")
}

func TestDeletionKeepsTheVolumes(t *testing.T) {
	t.Parallel()
	for _, cascade := range []string{"background", "foreground", "orphan"} {
		t.Run(cascade, func(t *testing.T) {
			namespace := newNamespace(t)
			cluster := newCluster(t, namespace, "db", `replicas: 2`)
			waitReady(t, cluster)
			set := statefulSet(t, cluster)

			output(t, kubectl("-n", namespace, "delete", "bqc/db", "--cascade="+cascade, "--timeout=60s"))
			gone(t, cluster)
			gone(t, set)
			eventually(t, func() string {
				if left := pods(t, cluster); len(left) > 0 {
					return fmt.Sprintf("%d pods are left", len(left))
				}
				return ""
			})
			for _, object := range []client.Object{&corev1.Service{}, &corev1.ServiceAccount{}} {
				object.SetNamespace(namespace)
				object.SetName("db")
				gone(t, object)
			}
			require.Empty(t, releaseSecrets(t, namespace, "db"), "the release is uninstalled")
			require.Len(t, pvcs(t, cluster), 2)
		})
	}
}

func TestADeletedClusterComesBackOnItsVolumes(t *testing.T) {
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `{}`)
	waitReady(t, cluster)
	volume := pvcs(t, cluster)["data-db-0"].Spec.VolumeName

	output(t, kubectl("-n", namespace, "delete", "bqc/db", "--timeout=60s"))
	again := newCluster(t, namespace, "db", `storage: {size: 20Gi}`)
	waitReady(t, again)
	require.Equal(t, volume, pvcs(t, again)["data-db-0"].Spec.VolumeName)
	requireVolumes(t, again, "20Gi", "data-db-0")
}

func TestPause(t *testing.T) {
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `{}`)
	waitReady(t, cluster)
	before, release := identities(t, cluster), cluster.Status.DeployedRelease

	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) {
		spec.Paused = true
		spec.Image = "registry.example.com/barq-db:0.2.0"
	})
	eventually(t, func() string {
		refresh(t, cluster)
		if cluster.Status.Phase != v1alpha1.PhasePaused {
			return string(cluster.Status.Phase)
		}
		return ""
	})
	waitFor(t, cluster, v1alpha1.ConditionPaused, metav1.ConditionTrue, v1alpha1.ReasonPaused)
	require.Equal(t, before, identities(t, cluster))
	require.Equal(t, release, cluster.Status.DeployedRelease, "pausing forgets nothing")
	require.Less(t, cluster.Status.ObservedGeneration, cluster.Generation, "the newest spec was not acted upon")
	require.NotEqual(t, "registry.example.com/barq-db:0.2.0", container(t, cluster).Image)

	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Paused = false })
	waitReady(t, cluster)
	require.Equal(t, "registry.example.com/barq-db:0.2.0", container(t, cluster).Image)

	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Paused = true })
	output(t, kubectl("-n", namespace, "delete", "bqc/db", "--timeout=60s"))
	gone(t, cluster)
}

func TestABrokenImageIsNamedAndHealsByItself(t *testing.T) {
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `replicas: 3`)
	waitReady(t, cluster)
	before := identities(t, cluster)

	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Image = "registry.example.com/barq-db:does-not-exist" })
	condition := waitFor(t, cluster, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonPodsNotReady)
	require.Regexp(t, `^2 of 3 pods answer, the primary db-0 among them; pod db-2: (ErrImagePull|ImagePullBackOff)`, condition.Message)
	require.Equal(t, v1alpha1.PhaseDegraded, cluster.Status.Phase)
	after := identities(t, cluster)
	require.Equal(t, before["db-0"], after["db-0"], "the other pods go on")
	require.Equal(t, before["db-1"], after["db-1"], "the other pods go on")

	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Image = "registry.example.com/barq-db:0.3.0" })
	waitReady(t, cluster)
}

func TestWhatIsChangedByHandIsReverted(t *testing.T) {
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `{}`)
	waitReady(t, cluster)

	patch := func(kind, patch string) {
		output(t, kubectl("-n", namespace, "patch", kind, "db", "--type=merge", "-p", patch))
	}
	patch("service", `{"spec":{"selector":{"app.kubernetes.io/instance":"other"}}}`)
	patch("serviceaccount", `{"automountServiceAccountToken":true}`)
	patch("statefulset", `{"spec":{"replicas":4}}`)
	eventually(t, func() string {
		account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "db"}}
		refresh(t, account)
		selector, replicas := service(t, namespace, "db").Selector, *statefulSet(t, cluster).Spec.Replicas
		if selector["app.kubernetes.io/instance"] != "db" || *account.AutomountServiceAccountToken || replicas != 1 {
			return fmt.Sprintf("selector %v, account's token %v, replicas %d", selector, *account.AutomountServiceAccountToken, replicas)
		}
		return ""
	})
	waitReady(t, cluster)
	require.Len(t, releaseSecrets(t, namespace, "db"), 1, "without a new revision")

	for _, object := range []client.Object{&corev1.Service{}, &appsv1.StatefulSet{}} {
		object.SetNamespace(namespace)
		object.SetName("db")
		refresh(t, object)
		uid := object.GetUID()
		require.NoError(t, admin.Delete(t.Context(), object))
		eventually(t, func() string {
			err := admin.Get(t.Context(), client.ObjectKeyFromObject(object), object)
			if apierrors.IsNotFound(err) || object.GetUID() == uid {
				return fmt.Sprintf("%T was not put back", object)
			}
			return ""
		})
	}
	waitReady(t, cluster)
}
