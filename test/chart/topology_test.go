package chart_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

// clusterFile is what Barq DB reads at its start. Decoding is strict.
type clusterFile struct {
	NodeID            string               `json:"node_id"`
	Nodes             []clusterNode        `json:"nodes"`
	ShardCount        int                  `json:"shard_count"`
	ReplicationFactor int                  `json:"replication_factor"`
	ReadPreference    string               `json:"read_preference"`
	Placements        map[string]placement `json:"placements"`
}

type clusterNode struct {
	ID      string `json:"id"`
	Address string `json:"address"`
}

type placement struct {
	Shard    int      `json:"shard"`
	Primary  string   `json:"primary"`
	Replicas []string `json:"replicas"`
}

// clusterFilesOf reads the cluster files of all pods, by their names.
func clusterFilesOf(t *testing.T, values string) map[string]clusterFile {
	t.Helper()
	config := theOnly[*corev1.ConfigMap](t, render(t, values))
	require.Equal(t, "db-cluster", config.Name)
	files := map[string]clusterFile{}
	for name, text := range config.Data {
		var file clusterFile
		decoder := json.NewDecoder(strings.NewReader(text))
		decoder.DisallowUnknownFields()
		require.NoError(t, decoder.Decode(&file), name)
		files[name] = file
	}
	return files
}

// primaryFile is the cluster file of a pod that the given nodes are in.
func primaryFile(self string, nodes ...clusterNode) clusterFile {
	return clusterFile{
		NodeID: self, Nodes: nodes, ShardCount: 1, ReplicationFactor: 1, ReadPreference: "Primary",
		Placements: map[string]placement{"0": {Shard: 0, Primary: "db-0", Replicas: []string{}}},
	}
}

func TestClusterFiles(t *testing.T) {
	node := func(scheme, pod string) clusterNode {
		return clusterNode{ID: pod, Address: scheme + "://" + pod + ".db-headless.apps.svc:8080"}
	}
	require.Empty(t, theOnly[*corev1.ConfigMap](t, render(t, `replicas: 0`)).Data)
	require.Equal(t, map[string]clusterFile{
		"db-0.json": primaryFile("db-0", node("http", "db-0")),
	}, clusterFilesOf(t, `{}`))
	require.Equal(t, map[string]clusterFile{
		"db-0.json": primaryFile("db-0", node("http", "db-0")),
		"db-1.json": primaryFile("db-1", node("http", "db-0"), node("http", "db-1")),
		"db-2.json": primaryFile("db-2", node("http", "db-0"), node("http", "db-2")),
	}, clusterFilesOf(t, `replicas: 3`))
	require.Equal(t, map[string]clusterFile{
		"db-0.json": primaryFile("db-0", node("https", "db-0")),
		"db-1.json": primaryFile("db-1", node("https", "db-0"), node("https", "db-1")),
	}, clusterFilesOf(t, `{replicas: 2, tls: {secretName: barq-tls}}`))
}

// Each pod reads its file at its start only, so a file must not change under a pod
// that goes on running.
func TestClusterFilesDoNotDependOnTheNumberOfPods(t *testing.T) {
	before := theOnly[*corev1.ConfigMap](t, render(t, `replicas: 3`)).Data
	after := theOnly[*corev1.ConfigMap](t, render(t, `replicas: 100`)).Data
	require.Len(t, before, 3)
	require.Len(t, after, 100)
	for name, text := range before {
		require.Equal(t, text, after[name])
	}
}

func TestEachPodFindsItsClusterFile(t *testing.T) {
	rendered := render(t, `replicas: 3`)
	files := theOnly[*corev1.ConfigMap](t, rendered)
	set := statefulSet(t, rendered)
	require.Equal(t, files.Name, set.Spec.Template.Spec.Volumes[0].ConfigMap.Name)
	var names []string
	for ordinal := range *set.Spec.Replicas {
		names = append(names, fmt.Sprintf("%s-%d.json", set.Name, ordinal))
	}
	require.Equal(t, names, slices.Sorted(maps.Keys(files.Data)))
}

func TestIndependentDatabasesHaveNoClusterFile(t *testing.T) {
	rendered := render(t, `{replicas: 3, topology: {mode: Independent}}`)
	require.Empty(t, all[*corev1.ConfigMap](t, rendered))
	template := statefulSet(t, rendered).Spec.Template.Spec
	require.Empty(t, template.Volumes)
	require.Equal(t, []corev1.VolumeMount{dataMount}, template.Containers[0].VolumeMounts)
}

// clientServices gives the Services but the headless one.
func clientServices(t *testing.T, values string) map[string]corev1.ServiceSpec {
	t.Helper()
	found := map[string]corev1.ServiceSpec{}
	for _, service := range all[*corev1.Service](t, render(t, values)) {
		if service.Spec.ClusterIP != corev1.ClusterIPNone {
			found[service.Name] = service.Spec
		}
	}
	return found
}

// serviceOf is a Service that leads to one pod.
func serviceOf(pod, scheme string, kind corev1.ServiceType) corev1.ServiceSpec {
	return corev1.ServiceSpec{
		Type: kind,
		Selector: map[string]string{
			"app.kubernetes.io/name":             "barq-db",
			"app.kubernetes.io/instance":         releaseName,
			"app.kubernetes.io/component":        "database",
			"statefulset.kubernetes.io/pod-name": pod,
		},
		Ports: servicePorts(scheme),
	}
}

func servicePorts(scheme string) []corev1.ServicePort {
	return []corev1.ServicePort{
		{Name: "http", Port: 8080, TargetPort: intstr.FromString("http"), AppProtocol: &scheme},
		{Name: "grpc", Port: 50051, TargetPort: intstr.FromString("grpc"), AppProtocol: ptr.To("kubernetes.io/h2c")},
	}
}

// What one pod was told no other knows, so no Service leads to two.
func TestServicesForClients(t *testing.T) {
	const cluster, balancer, node = corev1.ServiceTypeClusterIP, corev1.ServiceTypeLoadBalancer, corev1.ServiceTypeNodePort
	for name, test := range map[string]struct {
		values string
		want   map[string]corev1.ServiceSpec
	}{
		"primary":            {`{}`, map[string]corev1.ServiceSpec{"db": serviceOf("db-0", "http", cluster)}},
		"primary of none":    {`replicas: 0`, map[string]corev1.ServiceSpec{"db": serviceOf("db-0", "http", cluster)}},
		"primary of three":   {`replicas: 3`, map[string]corev1.ServiceSpec{"db": serviceOf("db-0", "http", cluster)}},
		"primary with TLS":   {`tls: {secretName: a}`, map[string]corev1.ServiceSpec{"db": serviceOf("db-0", "https", cluster)}},
		"primary for others": {`service: {type: NodePort}`, map[string]corev1.ServiceSpec{"db": serviceOf("db-0", "http", node)}},
		"no independent":     {`{replicas: 0, topology: {mode: Independent}}`, map[string]corev1.ServiceSpec{}},
		"one independent":    {`{topology: {mode: Independent}}`, map[string]corev1.ServiceSpec{"db-0": serviceOf("db-0", "http", cluster)}},
		"three independent, for others, with TLS": {
			`{replicas: 3, topology: {mode: Independent}, tls: {secretName: a}, service: {type: LoadBalancer}}`,
			map[string]corev1.ServiceSpec{
				"db-0": serviceOf("db-0", "https", balancer),
				"db-1": serviceOf("db-1", "https", balancer),
				"db-2": serviceOf("db-2", "https", balancer),
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, test.want, clientServices(t, test.values))
		})
	}
}

func TestServiceAnnotationsAreForClientsOnly(t *testing.T) {
	for mode, names := range map[string][]string{"Primary": {"db"}, "Independent": {"db-0", "db-1"}} {
		t.Run(mode, func(t *testing.T) {
			values := `{replicas: 2, topology: {mode: ` + mode + `}, service: {annotations: {a: "on", b: "007"}}}`
			var annotated []string
			for _, service := range all[*corev1.Service](t, render(t, values)) {
				if service.Name == "db-headless" {
					require.Empty(t, service.Annotations)
					continue
				}
				require.Equal(t, map[string]string{"a": "on", "b": "007"}, service.Annotations)
				annotated = append(annotated, service.Name)
			}
			require.ElementsMatch(t, names, annotated)
		})
	}
}

// A pod must have a name of its own before it answers, in both modes.
func TestHeadlessService(t *testing.T) {
	for values, scheme := range map[string]string{
		`{replicas: 3, service: {type: LoadBalancer}}`: "http",
		`{topology: {mode: Independent}}`:              "http",
		`{tls: {secretName: a}}`:                       "https",
	} {
		t.Run(values, func(t *testing.T) {
			for _, service := range all[*corev1.Service](t, render(t, values)) {
				if service.Name != "db-headless" {
					continue
				}
				require.Equal(t, corev1.ServiceSpec{
					Type: corev1.ServiceTypeClusterIP, ClusterIP: corev1.ClusterIPNone, PublishNotReadyAddresses: true,
					Selector: statefulSet(t, render(t, values)).Spec.Selector.MatchLabels,
					Ports:    servicePorts(scheme),
				}, service.Spec)
				return
			}
			require.Fail(t, "there is no Service db-headless")
		})
	}
}

// More pods must not restart those that run: nothing in what a StatefulSet makes
// pods and claims of may depend on how many there are.
func TestTheNumberOfPodsIsNotInThePod(t *testing.T) {
	for mode, values := range map[string]string{
		"primary":     `topology: {mode: Primary}`,
		"independent": `topology: {mode: Independent}`,
		"all at once": examples(t)["mixed"],
	} {
		t.Run(mode, func(t *testing.T) {
			pods := func(replicas int32) appsv1.StatefulSetSpec {
				overlaid := parseValues(t, values)
				overlaid["replicas"] = replicas
				rendered, err := tryRender(t, loadChart(t), releaseName, overlaid)
				require.NoError(t, err)
				spec := statefulSet(t, rendered).Spec
				require.Equal(t, replicas, *spec.Replicas)
				spec.Replicas = nil
				return spec
			}
			one := pods(1)
			require.Equal(t, one, pods(0))
			require.Equal(t, one, pods(3))
			require.Equal(t, one, pods(100))
		})
	}
}
