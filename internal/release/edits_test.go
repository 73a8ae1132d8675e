package release

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache/informertest"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/source"

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
