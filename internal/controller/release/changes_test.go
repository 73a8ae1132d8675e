package release

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache/informertest"
	"sigs.k8s.io/controller-runtime/pkg/source"
	"sigs.k8s.io/yaml"

	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/fairqueue"
	"github.com/barq-db/barq-operator/internal/helm/releasestatus"
	"github.com/barq-db/barq-operator/internal/helm/releasetest"
)

// named returns a BarqCluster. It has a release if released is true.
func named(name string, generation int64, released bool) *unstructured.Unstructured {
	cluster := clusters.Object()
	cluster.SetNamespace("team")
	cluster.SetName(name)
	cluster.SetGeneration(generation)
	if released {
		cluster.Object["status"] = map[string]any{"deployedRelease": map[string]any{"name": name}}
	}
	return cluster
}

func TestEditsAndDeletionsAreUrgent(t *testing.T) {
	objects := &informertest.FakeInformers{}
	informer, err := objects.FakeInformerFor(t.Context(), clusters.Object())
	require.NoError(t, err)
	turns := fairqueue.New(4)
	queue := turns.NewQueue("", workqueue.DefaultTypedControllerRateLimiter[ctrl.Request]())
	t.Cleanup(queue.ShutDown)
	heard := changes(objects, turns, &releasestatus.Written{})
	require.NoError(t, heard.Start(t.Context(), queue))
	require.NoError(t, heard.(source.SyncingSource).WaitForSync(t.Context()))

	failing := ctrl.Request{NamespacedName: types.NamespacedName{Namespace: "team", Name: "edited"}}
	queue.AddRateLimited(failing)
	require.Eventually(t, func() bool { return queue.Len() == 1 }, 10*time.Second, time.Millisecond)
	again, _ := queue.Get()
	queue.Done(again)
	require.Equal(t, 1, queue.NumRequeues(failing))

	informer.Add(named("new", 1, false))
	informer.Delete(named("gone", 1, true))
	labelled := named("labelled", 1, true)
	labelled.SetLabels(map[string]string{"team": "search"})
	informer.Update(named("labelled", 1, true), labelled)
	informer.Update(named("edited", 1, true), named("edited", 2, true))
	deleted := named("deleted", 2, true)
	deleted.SetDeletionTimestamp(&metav1.Time{Time: releasetest.Began})
	informer.Update(named("deleted", 1, true), deleted)
	reported := named("reported", 1, true)
	reported.Object["status"].(map[string]any)["phase"] = "Ready"
	reported.SetResourceVersion("2")
	informer.Update(named("reported", 1, true), reported)

	require.Eventually(t, func() bool { return queue.Len() >= 5 }, 10*time.Second, time.Millisecond)
	var order []string
	for queue.Len() > 0 {
		request, _ := queue.Get()
		queue.Done(request)
		order = append(order, request.String())
	}
	require.Equal(t, []string{"team/edited", "team/deleted", "team/new", "team/gone", "team/labelled"}, order)
	require.Zero(t, queue.NumRequeues(failing), "what has failed for the former spec delays nothing of the next")
}

func TestWhatIsLeftToDoAtAStart(t *testing.T) {
	const finished = `{deployedRelease: {name: db}, conditions: [
		{type: Deployed, status: "True", observedGeneration: 2}, {type: ReleaseFailed, status: "False", observedGeneration: 2},
		{type: Irreconcilable, status: "False", observedGeneration: 2}]}`
	for name, test := range map[string]struct {
		object string
		want   bool
	}{
		"finished":        {`{metadata: {generation: 2}, status: ` + finished + `}`, false},
		"edited":          {`{metadata: {generation: 3}, status: ` + finished + `}`, true},
		"being deleted":   {`{metadata: {generation: 2, deletionTimestamp: "2026-01-02T03:04:05Z"}, status: ` + finished + `}`, true},
		"never looked at": {`{metadata: {generation: 1}}`, true},
		"begun":           {`{metadata: {generation: 1}, status: {conditions: [{type: Initialized, status: "True", observedGeneration: 1}]}}`, true},
		"held back":       {`{metadata: {generation: 1}, status: {conditions: [{type: Irreconcilable, status: "True", observedGeneration: 1}]}}`, false},
		"held back, and edited": {
			`{metadata: {generation: 2}, status: {conditions: [{type: Irreconcilable, status: "True", observedGeneration: 1}]}}`, true,
		},
		"not installed": {`{metadata: {generation: 1}, status: {conditions: [{type: ReleaseFailed, status: "True", observedGeneration: 1}]}}`, false},
		"not upgraded": {`{metadata: {generation: 1}, status: {deployedRelease: {name: db}, conditions: [
			{type: ReleaseFailed, status: "True", observedGeneration: 1}]}}`, true},
	} {
		t.Run(name, func(t *testing.T) {
			// YAML does not allow tabs.
			content, err := yaml.YAMLToJSON([]byte(strings.ReplaceAll(test.object, "\t", "")))
			require.NoError(t, err)
			cluster := &unstructured.Unstructured{}
			require.NoError(t, utiljson.Unmarshal(content, &cluster.Object))
			require.Equal(t, test.want, leftToDo(cluster))
		})
	}
}
