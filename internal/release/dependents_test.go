package release

import (
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/event"
)

func TestWhatStartsAPassOfAnObject(t *testing.T) {
	const stored = `
metadata: {name: db, generation: 1, resourceVersion: "1", labels: {a: b}}
spec: {replicas: 1, template: {spec: {containers: [{name: barq-db}]}}}
status: {readyReplicas: 0}
`
	for name, test := range map[string]struct {
		change func(object map[string]any)
		starts bool
	}{
		"nothing":        {func(map[string]any) {}, false},
		"status":         {func(o map[string]any) { o["status"] = map[string]any{"readyReplicas": int64(1)} }, false},
		"first status":   {func(o map[string]any) { delete(o, "status") }, false},
		"version":        {func(o map[string]any) { o["metadata"].(map[string]any)["resourceVersion"] = "2" }, false},
		"label":          {func(o map[string]any) { o["metadata"].(map[string]any)["labels"] = map[string]any{} }, true},
		"deletion":       {func(o map[string]any) { o["metadata"].(map[string]any)["deletionTimestamp"] = "now" }, true},
		"spec":           {func(o map[string]any) { o["spec"].(map[string]any)["replicas"] = int64(2) }, true},
		"a field is new": {func(o map[string]any) { o["data"] = map[string]any{"key": "value"} }, true},
		"a field goes":   {func(o map[string]any) { delete(o, "spec") }, true},
	} {
		t.Run(name, func(t *testing.T) {
			before, after := objectOf(t, stored), objectOf(t, stored)
			test.change(after.Object)
			update := event.TypedUpdateEvent[*unstructured.Unstructured]{ObjectOld: before, ObjectNew: after}
			require.Equal(t, test.starts, changedByHand().Update(update))
		})
	}
	object := objectOf(t, stored)
	require.True(t, changedByHand().Delete(event.TypedDeleteEvent[*unstructured.Unstructured]{Object: object}))
	require.False(t, changedByHand().Create(event.TypedCreateEvent[*unstructured.Unstructured]{Object: object}), "the operator has made it")
}
