package release

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache/informertest"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/source"
	"sigs.k8s.io/yaml"

	"github.com/barq-db/barq-operator/internal/clusters"
)

func TestAnEditGoesBeforeInstalls(t *testing.T) {
	queue := priorityqueue.New[ctrl.Request]("edits")
	t.Cleanup(queue.ShutDown)
	objects := &informertest.FakeInformers{}
	informer, err := objects.FakeInformerFor(t.Context(), clusters.Object())
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	edits := EditsFirst(objects)
	require.NoError(t, edits.Start(ctx, queue))
	require.NoError(t, edits.(source.SyncingSource).WaitForSync(ctx))

	named := func(name string, generation int64) *unstructured.Unstructured {
		cluster := clusters.Object()
		cluster.SetNamespace("team")
		cluster.SetName(name)
		cluster.SetGeneration(generation)
		return cluster
	}
	requestFor := func(name string) ctrl.Request {
		var request ctrl.Request
		request.Namespace, request.Name = "team", name
		return request
	}
	queue.Add(requestFor("new"))
	queue.Add(requestFor("edited"))
	require.Eventually(t, func() bool { return queue.Len() == 2 }, 10*time.Second, time.Millisecond)
	informer.Update(named("status", 1), named("status", 1))
	informer.Update(named("edited", 1), named("edited", 2))
	require.Eventually(t, func() bool {
		first, priority, _ := queue.GetWithPriority()
		defer queue.Done(first)
		if first == requestFor("edited") && priority == editPriority {
			return true
		}
		queue.Add(first)
		return false
	}, 10*time.Second, time.Millisecond)
}

// What the last operator has finished is looked at when everything else is done.
func TestWhatIsLeftToDoGoesFirstAtAStart(t *testing.T) {
	const finished = `{deployedRelease: {name: db}, conditions: [
		{type: Deployed, status: "True", observedGeneration: 2}, {type: ReleaseFailed, status: "False", observedGeneration: 2},
		{type: Irreconcilable, status: "False", observedGeneration: 2}]}`
	for name, test := range map[string]struct {
		object string
		want   int
		waits  bool
	}{
		"finished":        {`{metadata: {generation: 2}, status: ` + finished + `}`, 0, false},
		"edited":          {`{metadata: {generation: 3}, status: ` + finished + `}`, editPriority, true},
		"being deleted":   {`{metadata: {generation: 2, deletionTimestamp: "2026-01-02T03:04:05Z"}, status: ` + finished + `}`, editPriority, true},
		"never looked at": {`{metadata: {generation: 1}}`, newPriority, true},
		"held back":       {`{metadata: {generation: 1}, status: {conditions: [{type: Irreconcilable, status: "True", observedGeneration: 1}]}}`, newPriority, true},
		"failed": {`{metadata: {generation: 1}, status: {deployedRelease: {name: db}, conditions: [
			{type: ReleaseFailed, status: "True", observedGeneration: 1}]}}`, editPriority, true},
	} {
		t.Run(name, func(t *testing.T) {
			// Tabs are not YAML.
			content, err := yaml.YAMLToJSON([]byte(strings.ReplaceAll(test.object, "\t", "")))
			require.NoError(t, err)
			cluster := &unstructured.Unstructured{}
			require.NoError(t, utiljson.Unmarshal(content, &cluster.Object))
			priority, waits := priorityAtStart(cluster)
			require.Equal(t, test.waits, waits)
			require.Equal(t, test.want, priority)
		})
	}
}
