package kubeclient

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
	"helm.sh/helm/v3/pkg/kube"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/resource"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/barq-db/barq-operator/internal/apply"
	"github.com/barq-db/barq-operator/internal/helm/owned"
)

const renderedSet = `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: team, labels: {app: db}}
spec:
  replicas: 2
  template:
    spec:
      containers:
      - {name: barq-db, image: "barq-db:1", env: [{name: A, value: "1"}], resources: {requests: {cpu: 500m}}}
  volumeClaimTemplates:
  - {metadata: {name: data}, spec: {accessModes: [ReadWriteOnce]}}
`

// storedSet is the same with what the API server and others add.
const storedSet = `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: team, uid: x, labels: {app: db, added: by-hand}}
spec:
  replicas: 2
  podManagementPolicy: OrderedReady
  template:
    spec:
      restartPolicy: Always
      containers:
      - {name: barq-db, image: "barq-db:1", imagePullPolicy: Always, env: [{name: A, value: "1"}], resources: {requests: {cpu: 500m}}}
  volumeClaimTemplates:
  - {metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], volumeMode: Filesystem}, status: {phase: Pending}}
status: {replicas: 1}
`

func objectOf(t *testing.T, content string) *unstructured.Unstructured {
	t.Helper()
	object := &unstructured.Unstructured{}
	require.NoError(t, yaml.Unmarshal([]byte(content), &object.Object))
	return object
}

func infoOf(t *testing.T, content string) *resource.Info {
	t.Helper()
	object := objectOf(t, content)
	return &resource.Info{
		Name: object.GetName(), Namespace: object.GetNamespace(), Object: object,
		Mapping: &meta.RESTMapping{GroupVersionKind: object.GroupVersionKind()},
	}
}

func TestMatches(t *testing.T) {
	set := func(value any, path ...string) func(*unstructured.Unstructured) {
		return func(object *unstructured.Unstructured) {
			require.NoError(t, unstructured.SetNestedField(object.Object, value, path...))
		}
	}
	container := func(edit func(container map[string]any)) func(*unstructured.Unstructured) {
		return func(object *unstructured.Unstructured) {
			containers, _, err := unstructured.NestedSlice(object.Object, "spec", "template", "spec", "containers")
			require.NoError(t, err)
			edit(containers[0].(map[string]any))
			require.NoError(t, unstructured.SetNestedSlice(object.Object, containers, "spec", "template", "spec", "containers"))
		}
	}
	for name, test := range map[string]struct {
		change func(*unstructured.Unstructured)
		want   bool
	}{
		"what the API server adds": {func(*unstructured.Unstructured) {}, true},
		"another status":           {set(int64(7), "status", "replicas"), true},
		"an annotation more":       {set("x", "metadata", "annotations", "seen"), true},
		"another label":            {set("other", "metadata", "labels", "app"), false},
		"another scale":            {set(int64(4), "spec", "replicas"), false},
		"another image":            {container(func(c map[string]any) { c["image"] = "other" }), false},
		"a variable changed": {container(func(c map[string]any) {
			c["env"] = []any{map[string]any{"name": "A", "value": "2"}}
		}), false},
		"a variable removed":       {container(func(c map[string]any) { delete(c, "env") }), false},
		"another manifest applied": {set("x", "metadata", "annotations", apply.DigestAnnotation), false},
		"a quantity in another form": {container(func(c map[string]any) {
			c["resources"] = map[string]any{"requests": map[string]any{"cpu": "500m"}}
		}), true},
		"what others have added": {func(object *unstructured.Unstructured) {
			object.SetManagedFields([]metav1.ManagedFieldsEntry{{
				Manager: "kubectl", Operation: metav1.ManagedFieldsOperationUpdate, FieldsV1: metav1.NewFieldsV1(`{"f:spec":{"f:template":{"f:spec":{"f:nodeSelector":{}}}}}`),
			}})
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			wanted := marked(t, renderedSet)
			existing := objectOf(t, storedSet)
			existing.SetAnnotations(map[string]string{apply.DigestAnnotation: digestOf(wanted)})
			test.change(existing)
			same, err := matches(existing, wanted)
			require.NoError(t, err)
			require.Equal(t, test.want, same)
		})
	}
}

// marked returns an object as Build does, with a digest.
func marked(t *testing.T, content string) *resource.Info {
	t.Helper()
	info := infoOf(t, content)
	require.NoError(t, apply.Mark(info.Object.(*unstructured.Unstructured)))
	return info
}

// A kind without a Go type is compared too. Otherwise every reconcile would ask the API server for it.
func TestMatchesAKindWithoutAType(t *testing.T) {
	wanted := marked(t, `{apiVersion: monitoring.coreos.com/v1, kind: PodMonitor, metadata: {name: db}, spec: {podMetricsEndpoints: [{port: http}]}}`)
	for stored, want := range map[string]bool{
		`{apiVersion: monitoring.coreos.com/v1, kind: PodMonitor, metadata: {name: db, uid: x}, spec: {podMetricsEndpoints: [{port: http}], added: 1}}`: true,
		`{apiVersion: monitoring.coreos.com/v1, kind: PodMonitor, metadata: {name: db}, spec: {podMetricsEndpoints: [{port: grpc}]}}`:                   false,
	} {
		existing := objectOf(t, stored)
		existing.SetAnnotations(map[string]string{apply.DigestAnnotation: digestOf(wanted)})
		same, err := matches(existing, wanted)
		require.NoError(t, err)
		require.Equal(t, want, same, stored)
	}
}

// Fields that no release can set do not change the version. Otherwise a reconcile would compare the whole object for
// them.
func TestVersions(t *testing.T) {
	of := func(path string, value any) string {
		t.Helper()
		object := objectOf(t, storedSet)
		object.SetGeneration(2)
		object.SetResourceVersion("7")
		require.NoError(t, unstructured.SetNestedField(object.Object, value, strings.Split(path, "/")...))
		version, err := owned.VersionOf(object)
		require.NoError(t, err)
		require.Equal(t, value, must(t, object, path), "the object is the cache's")
		return version
	}
	same := of("metadata/resourceVersion", "7")
	require.Equal(t, same, of("metadata/resourceVersion", "8"))
	require.Equal(t, same, of("metadata/managedFields", []any{map[string]any{"manager": "kubectl"}}))
	require.Equal(t, same, of("status/replicas", int64(2)))
	for path, value := range map[string]any{
		"metadata/generation": int64(3), "metadata/labels/app": "other", "metadata/annotations/a": "b",
		"metadata/uid": "y", "metadata/deletionTimestamp": "2026-01-02T03:04:05Z",
	} {
		require.NotEqual(t, same, of(path, value), path)
	}

	// Without generations there is only one version.
	service := objectOf(t, "{apiVersion: v1, kind: Service, metadata: {name: db, resourceVersion: '9'}}")
	version, err := owned.VersionOf(service)
	require.NoError(t, err)
	require.Equal(t, "9", version)
}

func must(t *testing.T, object *unstructured.Unstructured, path string) any {
	t.Helper()
	value, _, err := unstructured.NestedFieldNoCopy(object.Object, strings.Split(path, "/")...)
	require.NoError(t, err)
	return value
}

func TestVersionsOfWhatWasJustMade(t *testing.T) {
	const service = `{apiVersion: v1, kind: Service, metadata: {name: db, namespace: team}, spec: {clusterIP: None, selector: null}}`
	made := func(content string) *resource.Info {
		info := infoOf(t, content)
		object := info.Object.(*unstructured.Unstructured)
		object.SetResourceVersion("7")
		return info
	}
	asked := []runtime.Object{objectOf(t, renderedSet), objectOf(t, service)}
	versions, err := owned.VersionsMade(asked, kube.ResourceList{made(storedSet), made(service)})
	require.NoError(t, err)
	for _, content := range []string{storedSet, service} {
		stored := made(content)
		version, err := owned.VersionOf(stored.Object.(client.Object))
		require.NoError(t, err)
		require.Equal(t, version, versions[owned.NameOf(stored)], content)
	}
	require.Len(t, versions, 2)

	for name, otherwise := range map[string]string{
		"a field":         strings.Replace(storedSet, "replicas: 2", "replicas: 1", 1),
		"less":            strings.Replace(storedSet, "replicas: 2", "paused: false", 1),
		"one in a list":   strings.Replace(storedSet, `value: "1"`, `value: "2"`, 1),
		"another form":    strings.Replace(storedSet, "cpu: 500m", "cpu: 0.5", 1),
		"no list":         strings.Replace(storedSet, `env: [{name: A, value: "1"}]`, "env: none", 1),
		"a map is a text": strings.Replace(storedSet, "{app: db, added: by-hand}", "none", 1),
	} {
		require.NotEqual(t, storedSet, otherwise, name)
		versions, err := owned.VersionsMade(asked, kube.ResourceList{made(otherwise), made(service)})
		require.NoError(t, err)
		require.Nil(t, versions, name)
	}
}

func TestWhatIsKnownOfWhatAPassHasMade(t *testing.T) {
	one, other := owned.Name{Key: client.ObjectKey{Name: "one"}}, owned.Name{Key: client.ObjectKey{Name: "other"}}
	facts := &Facts{}
	require.Empty(t, facts.AllMade())
	facts.noteMade(owned.Versions{one: "1"})
	facts.noteMade(owned.Versions{other: "2"})
	require.Equal(t, owned.Versions{one: "1", other: "2"}, facts.AllMade())
	facts.noteMade(nil)
	require.Nil(t, facts.AllMade())
}

// sharing is a cache with one object. It returns the object itself, and no copy.
type sharing struct {
	client.Reader
	has *unstructured.Unstructured
}

func (s sharing) Get(_ context.Context, _ client.ObjectKey, object client.Object, _ ...client.GetOption) error {
	object.(*unstructured.Unstructured).Object = s.has.Object
	return nil
}

// Go ends a process that writes a map while another goroutine reads it.
func TestAnObjectOfTheCacheIsNotChanged(t *testing.T) {
	monitor := objectOf(t, "{apiVersion: monitoring.coreos.com/v1, kind: PodMonitor, metadata: {name: db}}")
	var group errgroup.Group
	for range 10 {
		group.Go(func() error {
			for range 50_000 {
				found, err := owned.Cached(t.Context(), sharing{has: monitor}, owned.Name{Kind: owned.PodMonitorKind})
				if err != nil || found.GetObjectKind().GroupVersionKind() != owned.PodMonitorKind {
					return fmt.Errorf("%v, %w", found, err)
				}
			}
			return nil
		})
	}
	require.NoError(t, group.Wait())
}
