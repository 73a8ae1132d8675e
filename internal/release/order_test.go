package release

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache/informertest"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllertest"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/source"
	"sigs.k8s.io/yaml"

	"github.com/barq-db/barq-operator/internal/clusters"
)

// ordered is an order for a number of workers with its queue, and the informer of which it hears.
type ordered struct {
	*order
	line     *line
	informer *controllertest.FakeInformer
}

func newOrdered(t *testing.T, workers int) *ordered {
	t.Helper()
	objects := &informertest.FakeInformers{}
	informer, err := objects.FakeInformerFor(t.Context(), clusters.Object())
	require.NoError(t, err)
	turns := newOrder(workers)
	queue := &line{order: turns, PriorityQueue: priorityqueue.New[ctrl.Request]("order")}
	t.Cleanup(queue.ShutDown)
	heard := turns.source(objects)
	require.NoError(t, heard.Start(t.Context(), queue))
	require.NoError(t, heard.(source.SyncingSource).WaitForSync(t.Context()))
	return &ordered{order: turns, line: queue, informer: informer}
}

// named gives a BarqCluster, with a release if it is to have one.
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

func (o *ordered) add(names ...string) {
	for _, name := range names {
		o.line.Add(requestFor(named(name, 1, false)))
	}
}

// makes lets newcomers be made, and adds them.
func (o *ordered) makes(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		o.informer.Add(named(name, 1, false))
	}
	require.Eventually(t, func() bool {
		o.lock.Lock()
		defer o.lock.Unlock()
		return len(o.newcomers) >= len(names)
	}, 10*time.Second, time.Millisecond)
	o.add(names...)
}

// next lets a worker wait for its turn.
func (o *ordered) next() <-chan ctrl.Request {
	got := make(chan ctrl.Request, 1)
	go func() {
		if request, shutdown := o.line.Get(); !shutdown {
			got <- request
		}
	}()
	return got
}

func gets(t *testing.T, worker <-chan ctrl.Request, name string) {
	t.Helper()
	select {
	case got := <-worker:
		require.Equal(t, requestFor(named(name, 1, false)), got)
	case <-time.After(10 * time.Second):
		require.Fail(t, "nothing was handed out", name)
	}
}

func (o *ordered) stillWaits(t *testing.T, worker <-chan ctrl.Request, aside int) {
	t.Helper()
	require.Eventually(t, func() bool { return o.waiting() == aside && o.line.Len() == aside }, 10*time.Second, time.Millisecond)
	select {
	case got := <-worker:
		require.Fail(t, "was handed out", got.Name)
	default:
	}
}

func (o *ordered) done(names ...string) {
	for _, name := range names {
		o.line.Done(requestFor(named(name, 1, false)))
	}
}

func TestAnEditGoesBeforeInstalls(t *testing.T) {
	all := newOrdered(t, 1)
	all.add("new", "edited")
	require.Eventually(t, func() bool { return all.line.Len() == 2 }, 10*time.Second, time.Millisecond)
	all.informer.Update(named("status", 1, true), named("status", 1, true))
	all.informer.Update(named("edited", 1, true), named("edited", 2, true))
	require.Eventually(t, func() bool {
		first, priority, _ := all.line.GetWithPriority()
		defer all.line.Done(first)
		if first == requestFor(named("edited", 2, true)) && priority == editPriority {
			return true
		}
		all.line.Add(first)
		return false
	}, 10*time.Second, time.Millisecond)
}

func TestNewcomersTakeHalfOfTheWorkers(t *testing.T) {
	all := newOrdered(t, 4)
	all.makes(t, "first", "second", "third", "fourth")
	gets(t, all.next(), "first")
	gets(t, all.next(), "second")
	kept := all.next()
	all.stillWaits(t, kept, 2)

	all.add("established")
	gets(t, kept, "established")
	all.done("established")

	// One after the other takes the place of one that is done, whatever else there is to do.
	all.done("first")
	gets(t, all.next(), "third")
	kept = all.next()
	all.stillWaits(t, kept, 1)
	all.done("third", "second")
	gets(t, kept, "fourth")
	all.done("fourth")
	all.makes(t, "fifth")
	gets(t, all.next(), "fifth")
}

func TestTheOnlyWorkerIsForNewcomersToo(t *testing.T) {
	all := newOrdered(t, 1)
	all.makes(t, "first", "second")
	gets(t, all.next(), "first")
	all.done("first")
	gets(t, all.next(), "second")
}

// It may come again while it is worked on, or waits.
func TestANewcomerThatComesAgainHasOneTurn(t *testing.T) {
	all := newOrdered(t, 2)
	all.makes(t, "first", "second")
	gets(t, all.next(), "first")
	kept := all.next()
	all.stillWaits(t, kept, 1)
	all.add("second", "first")
	require.Eventually(t, func() bool { return all.waiting() == 1 && all.line.Len() == 2 }, 10*time.Second, time.Millisecond)
	all.done("first")
	gets(t, kept, "second")
	kept = all.next()
	all.stillWaits(t, kept, 1)
	all.done("second")
	gets(t, kept, "first")
	all.done("first")
	require.Zero(t, all.line.Len())
}

// What waits and gets a release or goes does not wait any more.
func TestADeletionDoesNotWaitForNewcomers(t *testing.T) {
	all := newOrdered(t, 2)
	all.makes(t, "first", "second", "third")
	gets(t, all.next(), "first")
	kept := all.next()
	all.stillWaits(t, kept, 2)
	going := named("second", 2, false)
	now := metav1.Now()
	going.SetDeletionTimestamp(&now)
	all.informer.Update(named("second", 1, false), going)
	gets(t, kept, "second")
	all.done("second")
	require.Equal(t, 1, all.waiting())
	all.done("first")
	gets(t, all.next(), "third")
}

func TestANewcomerGivesWayToAnEdit(t *testing.T) {
	all := newOrdered(t, 2)
	polite := all.manners()
	gaveWay := func(ctx context.Context) <-chan struct{} {
		done := make(chan struct{})
		go func() {
			defer close(done)
			polite.giveWay(ctx)
		}()
		return done
	}
	<-gaveWay(t.Context())
	require.Equal(t, patience, polite.patience, "nothing is edited")

	all.informer.Update(named("edited", 1, true), named("edited", 2, true))
	gets(t, all.next(), "edited")
	waits := gaveWay(t.Context())
	select {
	case <-waits:
		require.Fail(t, "did not wait")
	case <-time.After(patience / 10):
	}
	all.done("edited")
	<-waits
	require.Less(t, polite.patience, patience)

	// It does not wait for ever, nor when the operator stops.
	all.informer.Update(named("edited", 2, true), named("edited", 3, true))
	gets(t, all.next(), "edited")
	ctx, stop := context.WithCancel(t.Context())
	stop()
	<-gaveWay(ctx)
	require.Positive(t, polite.patience)
	<-gaveWay(t.Context())
	require.LessOrEqual(t, polite.patience, time.Duration(0))
	<-gaveWay(t.Context())
	(*manners)(nil).giveWay(t.Context())
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
