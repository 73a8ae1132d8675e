package chart_test

import (
	"maps"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"
)

const digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func TestImage(t *testing.T) {
	for name, test := range map[string]struct{ values, want string }{
		"by default":     {`{}`, "docker.io/yasserrmd/barq-db:0.1.0"},
		"repository":     {`image: {repository: "registry.example.com:5000/team/barq-db"}`, "registry.example.com:5000/team/barq-db:0.1.0"},
		"tag":            {`image: {tag: "0.2"}`, "docker.io/yasserrmd/barq-db:0.2"},
		"digest":         {`image: {digest: "` + digest + `"}`, "docker.io/yasserrmd/barq-db@" + digest},
		"tag and digest": {`image: {tag: "0.2", digest: "` + digest + `"}`, "docker.io/yasserrmd/barq-db:0.2@" + digest},
		"digits, which YAML could take for a time": {`image: {repository: "1", tag: "2"}`, "1:2"},
	} {
		t.Run(name, func(t *testing.T) {
			rendered := render(t, test.values)
			require.Equal(t, test.want, database(t, rendered).Image)
			require.Equal(t, test.want, theOnly[*corev1.Pod](t, rendered).Spec.Containers[0].Image)
		})
	}
}

func TestImagePullPolicy(t *testing.T) {
	for value, want := range map[string]corev1.PullPolicy{
		`""`: "", `Always`: corev1.PullAlways, `IfNotPresent`: corev1.PullIfNotPresent, `Never`: corev1.PullNever,
	} {
		t.Run(value, func(t *testing.T) {
			rendered := render(t, "image: {pullPolicy: "+value+"}")
			require.Equal(t, want, database(t, rendered).ImagePullPolicy)
			require.Equal(t, want, theOnly[*corev1.Pod](t, rendered).Spec.Containers[0].ImagePullPolicy)
		})
	}
}

func TestResourcesAreReplacedWhole(t *testing.T) {
	byDefault := corev1.ResourceRequirements{Requests: corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("500m"), corev1.ResourceMemory: resource.MustParse("1Gi"),
	}}
	for name, test := range map[string]struct {
		values string
		want   corev1.ResourceRequirements
	}{
		"by default": {`{}`, byDefault},
		"empty":      {`resources: {}`, byDefault},
		"null":       {`resources: null`, byDefault},
		"one limit": {`resources: {limits: {memory: 2Gi}}`, corev1.ResourceRequirements{
			Limits: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("2Gi")},
		}},
		"one request": {`resources: {requests: {cpu: 2}}`, corev1.ResourceRequirements{
			Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("2")},
		}},
		"no request": {`resources: {requests: {}}`, corev1.ResourceRequirements{}},
	} {
		t.Run(name, func(t *testing.T) {
			got := database(t, render(t, test.values)).Resources
			// Through text, because a quantity remembers how it was written.
			require.Equal(t, quantities(test.want), quantities(got))
		})
	}
}

func quantities(requirements corev1.ResourceRequirements) map[string]string {
	written := map[string]string{}
	for name, quantity := range requirements.Requests {
		written["requests."+string(name)] = quantity.String()
	}
	for name, quantity := range requirements.Limits {
		written["limits."+string(name)] = quantity.String()
	}
	return written
}

func TestRollOuts(t *testing.T) {
	for values, seconds := range map[string]int32{`{}`: 5, `minReadySeconds: 0`: 0, `minReadySeconds: 60`: 60} {
		t.Run(values, func(t *testing.T) {
			spec := statefulSet(t, render(t, values)).Spec
			require.Equal(t, seconds, spec.MinReadySeconds)
			require.Equal(t, appsv1.ParallelPodManagement, spec.PodManagementPolicy)
			require.Equal(t, appsv1.StatefulSetUpdateStrategy{
				Type:          appsv1.RollingUpdateStatefulSetStrategyType,
				RollingUpdate: &appsv1.RollingUpdateStatefulSetStrategy{Partition: ptr.To[int32](0)},
			}, spec.UpdateStrategy)
		})
	}
}

func TestStartupDeadlineIsNeverCutShort(t *testing.T) {
	for seconds, want := range map[string]int32{"5": 1, "6": 2, "9": 2, "10": 2, "11": 3, "3600": 720} {
		t.Run(seconds, func(t *testing.T) {
			probe := database(t, render(t, "startupDeadlineSeconds: "+seconds)).StartupProbe
			require.Equal(t, want, probe.FailureThreshold)
			require.Equal(t, int32(5), probe.PeriodSeconds)
		})
	}
}

func TestReplicas(t *testing.T) {
	for value, want := range map[string]int32{"0": 0, "1": 1, "100": 100} {
		t.Run(value, func(t *testing.T) {
			require.Equal(t, ptr.To(want), statefulSet(t, render(t, "replicas: "+value)).Spec.Replicas)
		})
	}
}

func TestPodAnnotations(t *testing.T) {
	for name, test := range map[string]struct {
		values string
		want   map[string]string
	}{
		"by default": {`{}`, nil},
		"a checksum": {`secretsChecksum: "00e1"`, map[string]string{"barq.db/secrets-checksum": "00e1"}},
		"extra ones": {`podAnnotations: {a: "on", b: "007"}`, map[string]string{"a": "on", "b": "007"}},
		"both": {
			`{secretsChecksum: "00e1", podAnnotations: {a: "on"}}`,
			map[string]string{"barq.db/secrets-checksum": "00e1", "a": "on"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, test.want, statefulSet(t, render(t, test.values)).Spec.Template.Annotations)
		})
	}
}

func TestPodLabels(t *testing.T) {
	set := statefulSet(t, render(t, `podLabels: {team: "on", number: "007"}`))
	selector := map[string]string{
		"app.kubernetes.io/name":      "barq-db",
		"app.kubernetes.io/instance":  releaseName,
		"app.kubernetes.io/component": "database",
	}
	require.Equal(t, selector, set.Spec.Selector.MatchLabels, "a selector cannot change")
	want := map[string]string{"team": "on", "number": "007"}
	maps.Copy(want, selector)
	require.Equal(t, want, set.Spec.Template.Labels)
}

func TestServiceAccount(t *testing.T) {
	for name, test := range map[string]struct {
		values, used string
		created      bool
	}{
		"by default":      {`{}`, releaseName, true},
		"another name":    {`serviceAccount: {name: barq}`, "barq", true},
		"one that exists": {`serviceAccount: {create: false, name: barq}`, "barq", false},
	} {
		t.Run(name, func(t *testing.T) {
			rendered := render(t, test.values)
			require.Equal(t, test.used, statefulSet(t, rendered).Spec.Template.Spec.ServiceAccountName)
			require.Equal(t, test.used, theOnly[*corev1.Pod](t, rendered).Spec.ServiceAccountName)
			accounts := all[*corev1.ServiceAccount](t, rendered)
			if !test.created {
				require.Empty(t, accounts)
				return
			}
			require.Len(t, accounts, 1)
			require.Equal(t, test.used, accounts[0].Name)
			require.Equal(t, ptr.To(false), accounts[0].AutomountServiceAccountToken)
		})
	}
}
