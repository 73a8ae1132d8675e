package upgrade

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/release"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/helm/manifest"
	"github.com/barq-db/barq-operator/internal/helm/releasetest"
)

func TestPlanOf(t *testing.T) {
	otherImage := releasetest.Manifest("1", "barq:2", "ClusterIP")
	otherService := releasetest.Manifest("1", "barq:1", "NodePort")
	unchanged := Request{Generation: 3, Applied: 3}
	edited := Request{Generation: 4, Applied: 3}

	for name, test := range map[string]struct {
		status   release.Status
		labels   map[string]string
		manifest string
		asked    Request
		checksum string
		agent    map[string]any
		want     Plan
	}{
		"a new operator restarts pods": {
			labels: releasetest.Labels("3", "requested"), manifest: otherImage, asked: unchanged,
			want: Plan{Rollout: "unrequested", Waits: true},
		},
		"a new operator restarts none": {
			labels: releasetest.Labels("3", "requested"), manifest: otherService, asked: unchanged,
			want: Plan{Rollout: "requested"},
		},
		"a new operator restarts none in the middle of a rollout": {
			labels: releasetest.Labels("3", "unrequested"), manifest: otherService, asked: unchanged,
			want: Plan{Rollout: "unrequested"},
		},
		"a new operator, and no pods": {
			labels: releasetest.Labels("3", "requested"), manifest: releasetest.Manifest("0", "barq:2", "ClusterIP"), asked: unchanged,
			want: Plan{Rollout: "requested"},
		},
		"a person restarts pods": {
			labels: releasetest.Labels("3", "unrequested"), manifest: otherImage, asked: edited,
			want: Plan{Rollout: "requested"},
		},
		"a person restarts none in the middle of a rollout": {
			labels: releasetest.Labels("3", "unrequested"), manifest: otherService, asked: edited,
			want: Plan{Rollout: "unrequested"},
		},
		"a person changes a Secret": {
			labels: releasetest.Labels("3", "requested"), manifest: otherImage, asked: unchanged, checksum: "two",
			want: Plan{Rollout: "requested"},
		},
		"a new operator brings an agent that reads the credentials itself": {
			labels: releasetest.Labels("3", "requested"), manifest: otherImage, asked: unchanged, checksum: "two",
			agent: map[string]any{"archive": map[string]any{"uid": "a"}}, want: Plan{Rollout: "unrequested", Waits: true},
		},
		"an edit made no revision": {
			labels: releasetest.Labels("3", "requested"), manifest: otherImage, asked: Request{Generation: 4, Applied: 4},
			want: Plan{Rollout: "unrequested", Waits: true},
		},
		"the operator ended before it wrote the status": {
			labels: releasetest.Labels("3", "requested"), manifest: otherImage, asked: Request{Generation: 3, Applied: 2},
			want: Plan{Rollout: "unrequested", Waits: true},
		},
		"the status is gone": {
			labels: releasetest.Labels("3", "requested"), manifest: otherImage, asked: Request{Generation: 3},
			want: Plan{Rollout: "unrequested", Waits: true},
		},
		"the revision does not tell": {
			manifest: otherImage, asked: Request{Generation: 3},
			want: Plan{Rollout: "unrequested", Waits: true},
		},
		"the revision does not tell, but the status": {
			manifest: otherImage, asked: edited,
			want: Plan{Rollout: "requested"},
		},
		"what a person asked for failed": {
			status: release.StatusFailed, labels: releasetest.Labels("4", "requested"), manifest: otherImage, asked: edited,
			want: Plan{Rollout: "requested"},
		},
		"what the operator brought failed": {
			status: release.StatusFailed, labels: releasetest.Labels("3", "unrequested"), manifest: releasetest.Before, asked: unchanged,
			want: Plan{Rollout: "unrequested", Resumes: true},
		},
		"what the operator brought failed, and the next operator brings something else": {
			status: release.StatusFailed, labels: releasetest.Labels("3", "unrequested"), manifest: otherImage, asked: unchanged,
			want: Plan{Rollout: "unrequested", Resumes: true},
		},
		"a person corrects what the operator brought": {
			status: release.StatusFailed, labels: releasetest.Labels("3", "unrequested"), manifest: otherImage, asked: edited,
			want: Plan{Rollout: "requested"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if test.status == "" {
				test.status = release.StatusDeployed
			}
			if test.checksum == "" {
				test.checksum = "one"
			}
			newest := releasetest.Revision(test.status, releasetest.Before, test.labels)
			found, err := PlanOf(newest, test.asked, map[string]any{"secretsChecksum": test.checksum, "agent": test.agent}, func() (bool, error) {
				return manifest.RestartsPods(newest.Manifest, test.manifest)
			})
			require.NoError(t, err)
			require.Equal(t, test.want, found)
		})
	}
}

// Comments and order change the text of a manifest, and restart no pod.
func TestRestartsPodsComparesWhatItMeans(t *testing.T) {
	restarts, err := manifest.RestartsPods(
		"kind: StatefulSet\nspec:\n  template:\n    metadata: {labels: {a: b, c: d}}\n    spec: {x: 1}\n",
		"# a comment\nspec:\n  template:\n    spec:\n      x: 1\n    metadata:\n      labels:\n        c: d\n        a: b\nkind: StatefulSet\n")
	require.NoError(t, err)
	require.False(t, restarts)
}

// If no revision says from what the pods were created, their StatefulSet decides, with all that the API server and
// others have added.
func TestRestartsLivePodsComparesWithWhatThereIs(t *testing.T) {
	cluster := releasetest.Cluster()
	live := &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{
		Namespace: cluster.GetNamespace(), Name: cluster.GetName(), OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(cluster, v1alpha1.BarqClusterKind)},
	}}
	live.Spec.Replicas = ptr.To[int32](2)
	live.Spec.Template.Labels = map[string]string{"app": "db", "injected": "yes"}
	live.Spec.Template.Spec = corev1.PodSpec{
		Containers:    []corev1.Container{{Name: "barq-db", Image: "barq-db:1", ImagePullPolicy: corev1.PullIfNotPresent}, {Name: "sidecar", Image: "sidecar:1"}},
		RestartPolicy: corev1.RestartPolicyAlways,
	}
	rendered := func(replicas int, image string) string {
		return fmt.Sprintf("---\napiVersion: v1\nkind: Service\n---\napiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: vectors}\n"+
			"spec: {replicas: %d, template: {metadata: {labels: {app: db}}, spec: {containers: [{name: barq-db, image: %q}]}}}\n", replicas, image)
	}
	others := live.DeepCopy()
	others.OwnerReferences[0].UID = "uid of another"
	for name, test := range map[string]struct {
		live     *appsv1.StatefulSet
		rendered string
		want     bool
	}{
		"the same":               {live, rendered(2, "barq-db:1"), false},
		"another number of pods": {live, rendered(3, "barq-db:1"), false},
		"another image":          {live, rendered(2, "barq-db:2"), true},
		"no pods are asked for":  {live, rendered(0, "barq-db:2"), false},
		"there is none":          {nil, rendered(2, "barq-db:2"), false},
		"it is another's":        {others, rendered(2, "barq-db:2"), false},
	} {
		t.Run(name, func(t *testing.T) {
			cache := fake.NewClientBuilder().WithScheme(clientgoscheme.Scheme)
			if test.live != nil {
				cache.WithObjects(test.live.DeepCopy())
			}
			restarts, err := RestartsLivePods(t.Context(), cache.Build(), releasetest.Cluster(), test.rendered)
			require.NoError(t, err)
			require.Equal(t, test.want, restarts)
		})
	}
	_, err := RestartsLivePods(t.Context(), fake.NewClientBuilder().WithScheme(clientgoscheme.Scheme).WithObjects(live).Build(), releasetest.Cluster(), "kind: StatefulSet\nspec: 5")
	require.ErrorContains(t, err, "reading the rendered StatefulSet")
}

func TestRequestOf(t *testing.T) {
	cluster := &v1alpha1.BarqCluster{}
	cluster.Generation = 4
	found, err := RequestOf(releasetest.Unstructured(t, cluster))
	require.NoError(t, err)
	require.Equal(t, Request{Generation: 4}, found, "nothing was applied yet")

	cluster.Status.Conditions = []metav1.Condition{
		{Type: v1alpha1.ConditionDeployed, Status: metav1.ConditionTrue, ObservedGeneration: 3},
		{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, ObservedGeneration: 4},
	}
	found, err = RequestOf(releasetest.Unstructured(t, cluster))
	require.NoError(t, err)
	require.Equal(t, Request{Generation: 4, Applied: 3}, found)

	for _, name := range []string{v1alpha1.ConditionReleaseFailed, v1alpha1.ConditionIrreconcilable} {
		failed := cluster.DeepCopy()
		failed.Status.Conditions = append(failed.Status.Conditions, metav1.Condition{Type: name, Status: metav1.ConditionTrue, ObservedGeneration: 3})
		found, err = RequestOf(releasetest.Unstructured(t, failed))
		require.NoError(t, err)
		require.Equal(t, Request{Generation: 4}, found, "a pass that ended in an error applied nothing")
	}
}
