package release

import (
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/release"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/rollout"
)

// manifestOf is a manifest as Helm stores it.
func manifestOf(replicas, image, serviceType string) string {
	return "---\n# Source: barq-db/templates/service.yaml\nkind: Service\nspec:\n  type: " + serviceType + "\n" +
		"---\n# Source: barq-db/templates/empty.yaml\n" +
		"---\n# Source: barq-db/templates/statefulset.yaml\nkind: StatefulSet\nspec:\n  replicas: " + replicas + "\n" +
		"  template:\n    spec:\n      containers:\n      - image: " + image + "\n"
}

var before = manifestOf("1", "barq:1", "ClusterIP")

// revision is one of generation 3 with the Secrets' checksum "one".
func revision(status release.Status, manifest string, labels map[string]string) *release.Release {
	return &release.Release{
		Name: "vectors", Version: 2, Manifest: manifest, Labels: labels,
		Info:   &release.Info{Status: status},
		Config: map[string]any{"secretsChecksum": "one"},
	}
}

func labelled(generation, origin string) map[string]string {
	return map[string]string{managedByLabel: managedBy, generationLabel: generation, rollout.Label: origin}
}

func TestPlanOf(t *testing.T) {
	otherImage := manifestOf("1", "barq:2", "ClusterIP")
	otherService := manifestOf("1", "barq:1", "NodePort")
	unchanged := request{generation: 3, applied: 3}
	edited := request{generation: 4, applied: 3}

	for name, test := range map[string]struct {
		status   release.Status
		labels   map[string]string
		manifest string
		asked    request
		checksum string
		want     plan
	}{
		"a new operator restarts pods": {
			labels: labelled("3", "requested"), manifest: otherImage, asked: unchanged,
			want: plan{rollout: "unrequested", waits: true},
		},
		"a new operator restarts none": {
			labels: labelled("3", "requested"), manifest: otherService, asked: unchanged,
			want: plan{rollout: "requested"},
		},
		"a new operator restarts none in the middle of a roll-out": {
			labels: labelled("3", "unrequested"), manifest: otherService, asked: unchanged,
			want: plan{rollout: "unrequested"},
		},
		"a new operator, and no pods": {
			labels: labelled("3", "requested"), manifest: manifestOf("0", "barq:2", "ClusterIP"), asked: unchanged,
			want: plan{rollout: "requested"},
		},
		"a person restarts pods": {
			labels: labelled("3", "unrequested"), manifest: otherImage, asked: edited,
			want: plan{rollout: "requested"},
		},
		"a person restarts none in the middle of a roll-out": {
			labels: labelled("3", "unrequested"), manifest: otherService, asked: edited,
			want: plan{rollout: "unrequested"},
		},
		"a person changes a Secret": {
			labels: labelled("3", "requested"), manifest: otherImage, asked: unchanged, checksum: "two",
			want: plan{rollout: "requested"},
		},
		"an edit made no revision": {
			labels: labelled("3", "requested"), manifest: otherImage, asked: request{generation: 4, applied: 4},
			want: plan{rollout: "unrequested", waits: true},
		},
		"the operator ended before it wrote the status": {
			labels: labelled("3", "requested"), manifest: otherImage, asked: request{generation: 3, applied: 2},
			want: plan{rollout: "unrequested", waits: true},
		},
		"the status is gone": {
			labels: labelled("3", "requested"), manifest: otherImage, asked: request{generation: 3},
			want: plan{rollout: "unrequested", waits: true},
		},
		"the revision does not tell": {
			manifest: otherImage, asked: request{generation: 3},
			want: plan{rollout: "unrequested", waits: true},
		},
		"the revision does not tell, but the status": {
			manifest: otherImage, asked: edited,
			want: plan{rollout: "requested"},
		},
		"what a person asked for failed": {
			status: release.StatusFailed, labels: labelled("4", "requested"), manifest: otherImage, asked: edited,
			want: plan{rollout: "requested"},
		},
		"what the operator brought failed": {
			status: release.StatusFailed, labels: labelled("3", "unrequested"), manifest: before, asked: unchanged,
			want: plan{rollout: "unrequested", resumes: true},
		},
		"what the operator brought failed, and the next operator brings something else": {
			status: release.StatusFailed, labels: labelled("3", "unrequested"), manifest: otherImage, asked: unchanged,
			want: plan{rollout: "unrequested", resumes: true},
		},
		"a person mends what the operator brought": {
			status: release.StatusFailed, labels: labelled("3", "unrequested"), manifest: otherImage, asked: edited,
			want: plan{rollout: "requested"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if test.status == "" {
				test.status = release.StatusDeployed
			}
			if test.checksum == "" {
				test.checksum = "one"
			}
			newest := revision(test.status, before, test.labels)
			found, err := planOf(newest, test.asked, map[string]any{"secretsChecksum": test.checksum}, func() (bool, error) {
				return restartsPods(newest.Manifest, test.manifest)
			})
			require.NoError(t, err)
			require.Equal(t, test.want, found)
		})
	}
}

// The text of a manifest changes with comments and order, and restarts nothing.
func TestRestartsPodsComparesWhatItMeans(t *testing.T) {
	restarts, err := restartsPods(
		"kind: StatefulSet\nspec:\n  template:\n    metadata: {labels: {a: b, c: d}}\n    spec: {x: 1}\n",
		"# a comment\nspec:\n  template:\n    spec:\n      x: 1\n    metadata:\n      labels:\n        c: d\n        a: b\nkind: StatefulSet\n")
	require.NoError(t, err)
	require.False(t, restarts)
}

func TestRequestOf(t *testing.T) {
	cluster := &v1alpha1.BarqCluster{}
	cluster.Generation = 4
	found, err := requestOf(unstructuredOf(t, cluster))
	require.NoError(t, err)
	require.Equal(t, request{generation: 4}, found, "nothing was applied yet")

	cluster.Status.Conditions = []metav1.Condition{
		{Type: v1alpha1.ConditionDeployed, Status: metav1.ConditionTrue, ObservedGeneration: 3},
		{Type: v1alpha1.ConditionReleaseFailed, Status: metav1.ConditionFalse, ObservedGeneration: 3},
		{Type: v1alpha1.ConditionIrreconcilable, Status: metav1.ConditionFalse, ObservedGeneration: 3},
		{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, ObservedGeneration: 4},
	}
	found, err = requestOf(unstructuredOf(t, cluster))
	require.NoError(t, err)
	require.Equal(t, request{generation: 4, applied: 3}, found)

	for i := range 3 {
		failed := cluster.DeepCopy()
		failed.Status.Conditions[i].Status = metav1.ConditionUnknown
		found, err = requestOf(unstructuredOf(t, failed))
		require.NoError(t, err)
		require.Equal(t, request{generation: 4}, found, "a pass that ended in an error applied nothing")
	}
}
