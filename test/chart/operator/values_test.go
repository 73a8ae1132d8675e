package operator_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/test/chart/helmtemplate"
)

func deployment(t *testing.T, from objects) appsv1.Deployment {
	t.Helper()
	for _, object := range from {
		if object.GetKind() == "Deployment" {
			return decode[appsv1.Deployment](t, object)
		}
	}
	require.Fail(t, "no Deployment")
	return appsv1.Deployment{}
}

func manager(t *testing.T, values string) corev1.Container {
	t.Helper()
	containers := deployment(t, render(t, releaseName, values)).Spec.Template.Spec.Containers
	require.Len(t, containers, 1)
	return containers[0]
}

func TestNames(t *testing.T) {
	for name, test := range map[string]struct{ release, values, want string }{
		"of the chart":    {"barq-operator", `{}`, "barq-operator"},
		"with it":         {"my-barq-operator", `{}`, "my-barq-operator"},
		"without it":      {"search", `{}`, "search-barq-operator"},
		"another in full": {"search", `fullnameOverride: databases`, "databases"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, render(t, test.release, test.values), "Deployment barq-system/"+test.want)
		})
	}
}

func TestImages(t *testing.T) {
	digest := "sha256:" + strings.Repeat("0", 64)
	for name, test := range map[string]struct{ values, want string }{
		"default":        {`{}`, "ghcr.io/barq-db/barq-operator:v0.1.0"},
		"a mirror":       {`{image: {repository: "mirror.example:5000/a/barq-operator"}}`, "mirror.example:5000/a/barq-operator:v0.1.0"},
		"tag":            {`{image: {tag: v9}}`, "ghcr.io/barq-db/barq-operator:v9"},
		"digest":         {`{image: {digest: "` + digest + `"}}`, "ghcr.io/barq-db/barq-operator@" + digest},
		"tag and digest": {`{image: {tag: v9, digest: "` + digest + `"}}`, "ghcr.io/barq-db/barq-operator:v9@" + digest},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, test.want, manager(t, test.values).Image) })
	}
	require.Contains(t, manager(t, `database: {image: "mirror.example/barq-db@`+digest+`"}`).Env,
		corev1.EnvVar{Name: "RELATED_IMAGE_BARQ_DB", Value: "mirror.example/barq-db@" + digest})
	require.Contains(t, manager(t, `agent: {image: "mirror.example/barq-agent@`+digest+`"}`).Env,
		corev1.EnvVar{Name: "RELATED_IMAGE_BARQ_AGENT", Value: "mirror.example/barq-agent@" + digest})
	for _, variable := range manager(t, `agent: {image: ""}`).Env {
		require.NotEqual(t, "RELATED_IMAGE_BARQ_AGENT", variable.Name)
	}
}

func TestFlags(t *testing.T) {
	for name, test := range map[string]struct {
		values string
		want   []string
	}{
		"default":      {`{}`, []string{"--leader-elect"}},
		"no metrics":   {`metrics: {enabled: false}`, []string{"--leader-elect", "--metrics-bind-address=0"}},
		"log":          {`logLevel: debug`, []string{"--leader-elect", "--log-level=debug"}},
		"another name": {`fullnameOverride: search`, []string{"--leader-elect", "--deletion-protection-policy=search-deletion-protection"}},
		"no policy":    {`deletionProtection: {enabled: false}`, []string{"--leader-elect"}},
		"no right to read policies": {
			`{deletionProtection: {enabled: false}, watchNamespaces: [apps]}`, []string{"--leader-elect", "--deletion-protection-policy="},
		},
		"rollouts": {`maxUnrequestedRollouts: 0`, []string{"--leader-elect", "--max-unrequested-rollouts=0"}},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, test.want, manager(t, test.values).Args) })
	}
}

// What is said of the pods reaches them, and those of `helm test` where it is about nodes
// and images.
func TestPods(t *testing.T) {
	const values = `
replicas: 2
imagePullSecrets: [{name: registry}]
podLabels: {team: search}
podAnnotations: {a: b}
priorityClassName: important
nodeSelector: {disk: fast}
tolerations: [{key: dedicated, operator: Exists}]
affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: a, operator: Exists}]}]}}}
topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: ScheduleAnyway}]
resources: {requests: {cpu: 1}}
serviceAccount: {create: false, name: mine}
`
	want := deployment(t, render(t, releaseName, `{}`))
	two := int32(2)
	want.Spec.Replicas = &two
	want.Spec.Template.Labels["team"] = "search"
	want.Spec.Template.Annotations = map[string]string{"a": "b"}
	pod := &want.Spec.Template.Spec
	pod.ServiceAccountName = "mine"
	pod.ImagePullSecrets = []corev1.LocalObjectReference{{Name: "registry"}}
	pod.PriorityClassName = "important"
	pod.NodeSelector = map[string]string{"disk": "fast"}
	pod.Tolerations = []corev1.Toleration{{Key: "dedicated", Operator: corev1.TolerationOpExists}}
	pod.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{
		NodeSelectorTerms: []corev1.NodeSelectorTerm{{MatchExpressions: []corev1.NodeSelectorRequirement{{Key: "a", Operator: corev1.NodeSelectorOpExists}}}},
	}}}
	pod.TopologySpreadConstraints = []corev1.TopologySpreadConstraint{{MaxSkew: 1, TopologyKey: "zone", WhenUnsatisfiable: corev1.ScheduleAnyway}}
	require.NoError(t, yaml.Unmarshal([]byte("{requests: {cpu: 1, memory: 128Mi}, limits: {memory: 512Mi}}"), &pod.Containers[0].Resources))
	got := render(t, releaseName, values)
	require.Equal(t, want, deployment(t, got))
	require.NotContains(t, got, "ServiceAccount barq-system/mine")

	test := helmTest(t, values).Spec
	require.Equal(t, "mine", test.ServiceAccountName)
	require.Equal(t, pod.ImagePullSecrets, test.ImagePullSecrets)
	require.Equal(t, pod.PriorityClassName, test.PriorityClassName)
	require.Equal(t, pod.NodeSelector, test.NodeSelector)
	require.Equal(t, pod.Tolerations, test.Tolerations)
}

func helmTest(t *testing.T, values string) corev1.Pod {
	t.Helper()
	rendered, err := tryRender(t, loadChart(t, chartPath), releaseName, values)
	require.NoError(t, err)
	require.Len(t, rendered.Hooks, 1)
	content := map[string]any{}
	require.NoError(t, yaml.Unmarshal([]byte(rendered.Hooks[0].Manifest), &content))
	return decode[corev1.Pod](t, &unstructured.Unstructured{Object: content})
}

// It is the operator that looks, with what the operator knows of its surroundings.
func TestHelmTestIsTheOperatorsProgram(t *testing.T) {
	const values = `watchNamespaces: [apps]`
	test, operator := helmTest(t, values), manager(t, values)
	require.Len(t, test.Spec.Containers, 1)
	container := test.Spec.Containers[0]
	require.Equal(t, operator.Image, container.Image)
	require.Equal(t, operator.Command, container.Command)
	require.Equal(t, []string{"check", "--timeout=1m"}, container.Args)
	require.Equal(t, operator.Env, container.Env)
	require.Equal(t, operator.SecurityContext, container.SecurityContext)
	require.Equal(t, deployment(t, render(t, releaseName, values)).Spec.Template.Spec.SecurityContext, test.Spec.SecurityContext)
}

func TestRefusals(t *testing.T) {
	for name, test := range map[string]struct{ values, want string }{
		"no account":    {`serviceAccount: {create: false}`, "values: serviceAccount.name: create: false needs the name of an account that exists; set name, or create: true"},
		"annotations":   {`serviceAccount: {create: false, name: a, annotations: {a: b}}`, "values: serviceAccount.annotations: go on the account that the chart creates; annotate the existing account yourself, or set create: true"},
		"no metrics":    {`metrics: {enabled: false, serviceMonitor: {enabled: true}}`, "values: metrics.serviceMonitor.enabled: there is nothing to scrape; set metrics.enabled: true"},
		"selector":      {`podLabels: {app.kubernetes.io/name: a}`, "values: podLabels: app.kubernetes.io/name finds the pods and belongs to the chart; choose another name"},
		"monitor":       {`metrics: {serviceMonitor: {labels: {helm.sh/chart: a}}}`, "values: metrics.serviceMonitor.labels: helm.sh/chart belongs to the chart, which puts it on every object; choose another name"},
		"a long name":   {`fullnameOverride: ` + strings.Repeat("a", 47), "values: fullnameOverride: the name " + strings.Repeat("a", 47) + " leaves no room for what the chart adds to it; write a name of at most 46 characters"},
		"unknown value": {`watchNamespace: [a]`, "additional properties 'watchNamespace' not allowed"},
		"unknown inner": {`image: {name: a}`, "additional properties 'name' not allowed"},
		"a namespace":   {`watchNamespaces: [A]`, "at '/watchNamespaces/0': 'A' does not match pattern"},
		"half a Secret": {`metrics: {serviceMonitor: {credentials: {name: a}}}`, "properties 'key' required, if 'name' exists"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := tryRender(t, loadChart(t, chartPath), releaseName, test.values)
			require.ErrorContains(t, err, test.want)
		})
	}
}

// examples gives the values files of the chart's folder ci, and none for the defaults.
func examples(t *testing.T) map[string]string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(chartPath, "ci", "*-values.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	found := map[string]string{"default": `{}`}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		found[filepath.Base(path)] = string(text)
	}
	return found
}

// As helm lint --strict does it, which fails on warnings.
func TestLint(t *testing.T) {
	for name, values := range examples(t) {
		t.Run(name, func(t *testing.T) {
			parsed := map[string]any{}
			require.NoError(t, yaml.Unmarshal([]byte(values), &parsed))
			for _, message := range lint.AllWithKubeVersion(chartPath, parsed, namespace, &helmtemplate.KubeVersion).Messages {
				require.Less(t, message.Severity, support.WarningSev, message.Error())
			}
		})
	}
}

// Every value has a comment of which README.md is made.
func TestEveryValueIsExplained(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join(chartPath, "README.md"))
	require.NoError(t, err)
	rows := regexp.MustCompile("(?m)^\\| `([^`]+)` \\| `[^`]*` \\| (.*) \\|$").FindAllStringSubmatch(string(readme), -1)
	require.NotEmpty(t, rows)
	for _, row := range rows {
		require.NotEmpty(t, row[2], row[1])
	}
}

// What Artifact Hub shows is what is there.
func TestArtifactHub(t *testing.T) {
	metadata := loadChart(t, chartPath).Metadata
	read := func(name string) (content []map[string]any) {
		text := metadata.Annotations["artifacthub.io/"+name]
		require.NoError(t, yaml.Unmarshal([]byte(text), &content), text)
		return content
	}
	operator := manager(t, `{}`)
	database, agent := "", ""
	for _, variable := range operator.Env {
		switch variable.Name {
		case "RELATED_IMAGE_BARQ_DB":
			database = variable.Value
		case "RELATED_IMAGE_BARQ_AGENT":
			agent = variable.Value
		}
	}
	require.Equal(t, []map[string]any{
		{"name": "barq-operator", "image": operator.Image},
		{"name": "barq-db", "image": database},
		{"name": "barq-agent", "image": agent},
	}, read("images"))

	crds := read("crds")
	installed := render(t, releaseName, `{}`)
	kinds := []schema.GroupVersionKind{v1alpha1.BarqClusterKind, v1alpha1.BarqBackupStoreKind}
	require.Len(t, crds, len(kinds))
	for i, kind := range kinds {
		require.Equal(t, kind.Kind, crds[i]["kind"])
		require.Equal(t, kind.Version, crds[i]["version"])
		require.Contains(t, installed, "CustomResourceDefinition /"+crds[i]["name"].(string))
	}

	sample, err := os.ReadFile(root + "/config/samples/barqcluster_minimal.yaml")
	require.NoError(t, err)
	minimal := map[string]any{}
	require.NoError(t, yaml.Unmarshal(sample, &minimal))
	require.Equal(t, []map[string]any{minimal}, read("crdsExamples"))

	csv, err := os.ReadFile(root + "/config/manifests/bases/barq-operator.clusterserviceversion.yaml")
	require.NoError(t, err)
	var base unstructured.Unstructured
	require.NoError(t, yaml.Unmarshal(csv, &base.Object))
	require.Equal(t, base.GetAnnotations()["capabilities"], metadata.Annotations["artifacthub.io/operatorCapabilities"])
	require.NotEmpty(t, read("links"))
	require.NotEmpty(t, read("changes"))
}
