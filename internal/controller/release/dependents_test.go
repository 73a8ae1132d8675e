package release

import (
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/yaml"
)

func objectOf(t *testing.T, content string) *unstructured.Unstructured {
	t.Helper()
	object := &unstructured.Unstructured{}
	require.NoError(t, yaml.Unmarshal([]byte(content), &object.Object))
	return object
}

func TestWhatStartsAPassOfAnObject(t *testing.T) {
	const (
		set = `
metadata: {name: db, resourceVersion: "1", labels: {a: b}}
spec: {replicas: 1, template: {spec: {containers: [{name: barq-db}]}}}
status: {readyReplicas: 0}
`
		configMap = `
metadata: {name: db, resourceVersion: "1", labels: {a: b}}
data: {key: value}
`
	)
	metadata := func(field string, value any) func(map[string]any) {
		return func(o map[string]any) {
			o["metadata"].(map[string]any)["resourceVersion"] = "2"
			o["metadata"].(map[string]any)[field] = value
		}
	}
	for name, test := range map[string]struct {
		stored string
		change func(object map[string]any)
		starts bool
	}{
		"nothing":               {set, func(map[string]any) {}, false},
		"status":                {set, func(o map[string]any) { o["status"] = map[string]any{"readyReplicas": int64(1)} }, false},
		"version":               {set, metadata("resourceVersion", "2"), false},
		"label":                 {set, metadata("labels", map[string]any{}), true},
		"deletion":              {set, metadata("deletionTimestamp", "2026-01-02T03:04:05Z"), true},
		"spec":                  {set, metadata("generation", int64(2)), true},
		"nothing of data":       {configMap, func(map[string]any) {}, false},
		"data":                  {configMap, metadata("resourceVersion", "2"), true},
		"a finalizer beside it": {configMap, metadata("finalizers", []any{"example.com/mine"}), true},
	} {
		t.Run(name, func(t *testing.T) {
			before, after := objectOf(t, test.stored), objectOf(t, test.stored)
			if test.stored == set {
				before.SetGeneration(1)
				after.SetGeneration(1)
			}
			test.change(after.Object)
			require.Equal(t, test.starts, changedByHand().Update(event.TypedUpdateEvent[client.Object]{ObjectOld: before, ObjectNew: after}))
		})
	}
	object := objectOf(t, set)
	require.True(t, changedByHand().Delete(event.TypedDeleteEvent[client.Object]{Object: object}))
	require.False(t, changedByHand().Create(event.TypedCreateEvent[client.Object]{Object: object}), "the operator has made it")
}
