package rollout

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/util/workqueue"
	clocktesting "k8s.io/utils/clock/testing"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/helm/labels"
	"github.com/barq-db/barq-operator/internal/signing"
)

// testKey signs the records of these tests.
var testKey = signing.New([]byte("key"))

// fleet is a Queue over BarqClusters, each with a finished first revision. Its caches lag behind the
// API server until they catch up.
type fleet struct {
	*Queue
	t                  *testing.T
	cached, live       client.Client
	clock              *clocktesting.FakePassiveClock
	releases, statuses workqueue.TypedRateLimitingInterface[ctrl.Request]
}

func newFleet(t *testing.T, limit int, names ...string) *fleet {
	t.Helper()
	scheme := runtime.NewScheme()
	require.NoError(t, clientgoscheme.AddToScheme(scheme))
	require.NoError(t, v1alpha1.AddToScheme(scheme))
	f := &fleet{
		t: t, cached: fake.NewClientBuilder().WithScheme(scheme).Build(), live: fake.NewClientBuilder().WithScheme(scheme).Build(),
		clock: clocktesting.NewFakePassiveClock(noon),
	}
	for _, name := range names {
		cluster := &v1alpha1.BarqCluster{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: name, UID: types.UID(name)}}
		require.NoError(t, f.cached.Create(t.Context(), cluster))
		f.store(name, 1, labels.Requested, "deployed")
		f.observe(f.cached, name, true)
		f.observe(f.live, name, true)
	}
	f.restart(limit)
	return f
}

// restart replaces the Queue with the Queue of a new process.
func (f *fleet) restart(limit int) {
	f.Queue = &Queue{Limit: limit, Objects: f.cached, Secrets: f.cached, Live: f.live, Clock: f.clock, Key: testKey}
	f.releases, f.statuses = f.started(f.Releases()), f.started(f.Statuses())
}

func (f *fleet) started(wakes source.Source) workqueue.TypedRateLimitingInterface[ctrl.Request] {
	queue := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[ctrl.Request]())
	f.t.Cleanup(queue.ShutDown)
	require.NoError(f.t, wakes.Start(f.t.Context(), queue))
	return queue
}

func clusterOf(name string) *v1alpha1.BarqCluster {
	return &v1alpha1.BarqCluster{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: name, UID: types.UID(name)}}
}

// store puts a revision into the caches.
func (f *fleet) store(name string, number int, rollout, status string) {
	f.t.Helper()
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{
		Namespace: "team", Name: "sh.helm.release.v1." + name + ".v" + strconv.Itoa(number),
		Labels: map[string]string{
			"owner": "helm", "name": name, "version": strconv.Itoa(number), "status": status, labels.Rollout: rollout,
			"createdAt": strconv.FormatInt(f.clock.Now().Unix(), 10),
		},
	}}
	testKey.Sign(secret, types.UID(name))
	_ = f.cached.Delete(f.t.Context(), secret)
	secret.ResourceVersion = ""
	require.NoError(f.t, f.cached.Create(f.t.Context(), secret))
}

// observe puts a StatefulSet into the caches or on the API server.
func (f *fleet) observe(where client.Client, name string, done bool) {
	f.t.Helper()
	set := finished()
	set.Namespace, set.Name = "team", name
	set.OwnerReferences = []metav1.OwnerReference{{
		APIVersion: "barq.db/v1alpha1", Kind: "BarqCluster", Name: name, UID: types.UID(name), Controller: ptr.To(true),
	}}
	if !done {
		set.Status.UpdatedReplicas, set.Status.CurrentRevision = 1, "db-a"
	}
	_ = where.Delete(f.t.Context(), &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: name}})
	require.NoError(f.t, where.Create(f.t.Context(), set))
}

func (f *fleet) begin(name string) bool {
	f.t.Helper()
	begins, err := f.Begin(f.t.Context(), clusterOf(name), "a field")
	require.NoError(f.t, err)
	return begins
}

// upgrade stores a revision as Helm does, before the caches know it.
func (f *fleet) upgrade(name string, revision int) {
	f.t.Helper()
	f.observe(f.live, name, false)
	f.Made(clusterOf(name), revision)
}

func (f *fleet) turn() time.Duration {
	f.t.Helper()
	result, err := f.Reconcile(f.t.Context(), turn)
	require.NoError(f.t, err)
	return result.RequeueAfter
}

// woken returns the names of the enqueued BarqClusters.
func woken(queue workqueue.TypedRateLimitingInterface[ctrl.Request]) []string {
	var names []string
	for queue.Len() > 0 {
		request, _ := queue.Get()
		queue.Done(request)
		names = append(names, request.Name)
	}
	return names
}

func TestOneAtATime(t *testing.T) {
	f := newFleet(t, 1, "a", "b", "c")
	require.True(t, f.begin("a"))
	require.Empty(t, f.Waiting("a"))
	require.False(t, f.begin("c"))
	f.clock.SetTime(noon.Add(time.Second))
	require.False(t, f.begin("b"))
	require.Equal(t, message(1, "a field", 1, ""), f.Waiting("b"))
	require.Equal(t, message(1, "a field", 0, ""), f.Waiting("c"))
	require.Equal(t, []string{"c", "b"}, woken(f.statuses))
	f.turn()
	require.False(t, f.begin("b"), "the upgrade is being made")

	f.upgrade("a", 2)
	f.turn()
	require.False(t, f.begin("b"), "the caches know nothing of it yet")
	f.store("a", 2, labels.Unrequested, "deployed")
	f.turn()
	require.False(t, f.begin("b"), "the cached StatefulSet is done, the real one is not")
	f.observe(f.cached, "a", false)
	f.turn()
	require.False(t, f.begin("b"), "the cached StatefulSet is not done either")
	require.Empty(t, woken(f.releases))

	f.observe(f.live, "a", true)
	f.observe(f.cached, "a", true)
	require.Equal(t, answerWithin, f.turn())
	require.Equal(t, []string{"c"}, woken(f.releases), "it has waited longest")
	require.False(t, f.begin("b"), "it is not its turn")
	f.turn()
	require.Empty(t, woken(f.releases), "none is asked twice")
	require.True(t, f.begin("c"))
	require.Empty(t, f.Waiting("c"))
	require.Equal(t, []string{"c"}, woken(f.statuses))
	f.turn()
	require.Equal(t, []string{"b"}, woken(f.statuses), "it is told that it is next")
	require.Equal(t, message(1, "a field", 0, ""), f.Waiting("b"))
	f.turn()
	require.Empty(t, woken(f.statuses))
}

func TestSeveralAtATime(t *testing.T) {
	f := newFleet(t, 2, "a", "b", "c", "d")
	require.True(t, f.begin("a"))
	require.True(t, f.begin("b"))
	require.False(t, f.begin("c"))
	require.False(t, f.begin("d"))

	f.Leave("a")
	f.Leave("b")
	f.turn()
	require.Equal(t, []string{"c", "d"}, woken(f.releases))
}

func TestNoneAtATime(t *testing.T) {
	f := newFleet(t, 0, "a")
	require.False(t, f.begin("a"))
	f.turn()
	require.Empty(t, woken(f.releases))
	require.Equal(t, message(0, "a field", 0, ""), f.Waiting("a"))
}

// A new process only knows what Kubernetes stores.
func TestARestartKeepsTheSlots(t *testing.T) {
	f := newFleet(t, 1, "a", "b")
	f.store("a", 2, labels.Unrequested, "deployed")
	f.observe(f.cached, "a", false)
	f.restart(1)
	require.False(t, f.begin("b"))
	require.True(t, f.begin("a"), "it goes on, also with another template")

	f.restart(1)
	f.store("a", 2, labels.Unrequested, "failed")
	f.observe(f.cached, "a", true)
	require.False(t, f.begin("b"), "it failed before any pod was restarted")
}

// A BarqCluster that waited under a former process keeps its place. What it waits for is known after
// its first reconcile.
func TestARestartKeepsTheLine(t *testing.T) {
	f := newFleet(t, 1, "a", "b", "c")
	cluster := &v1alpha1.BarqCluster{}
	require.NoError(t, f.cached.Get(t.Context(), types.NamespacedName{Namespace: "team", Name: "c"}, cluster))
	cluster.Status.Conditions = []metav1.Condition{{
		Type: v1alpha1.ConditionChangesPending, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonRolloutQueued,
		LastTransitionTime: metav1.NewTime(noon.Add(-time.Hour)),
	}}
	require.NoError(t, f.cached.Update(t.Context(), cluster))

	f.restart(1)
	require.Equal(t, message(1, "", unplaced, ""), f.Waiting("c"))
	require.False(t, f.begin("b"), "c comes first")
	require.Equal(t, message(1, "", 0, ""), f.Waiting("c"))
	require.Equal(t, []string{"b", "c"}, slices.Sorted(slices.Values(woken(f.statuses))))
	require.True(t, f.begin("c"))

	f.restart(1)
	f.Leave("c")
	require.Empty(t, f.Waiting("c"), "its first pass found nothing that waits")
}

// A BarqCluster whose reconcile fails for another reason must not keep the others waiting.
func TestWhoDoesNotAnswerIsPassedOver(t *testing.T) {
	f := newFleet(t, 1, "a", "b", "c")
	require.True(t, f.begin("a"))
	require.False(t, f.begin("b"))
	f.clock.SetTime(noon.Add(time.Second))
	require.False(t, f.begin("c"))
	f.Leave("a")
	require.Equal(t, answerWithin, f.turn())
	require.Equal(t, []string{"b"}, woken(f.releases))

	f.clock.SetTime(noon.Add(time.Second + answerWithin))
	f.turn()
	require.Equal(t, []string{"c"}, woken(f.releases))
	require.True(t, f.begin("c"))
	f.Leave("c")
	require.Zero(t, f.turn())
	require.Empty(t, woken(f.releases), "b was asked and has not answered")
	require.True(t, f.begin("b"), "it may go as soon as its pass succeeds")
}

func TestWhatEndsAGrant(t *testing.T) {
	for name, test := range map[string]struct {
		end  func(f *fleet)
		want bool
	}{
		"nothing": {func(*fleet) {}, false},
		"the BarqCluster is gone": {func(f *fleet) {
			require.NoError(f.t, f.cached.Delete(f.t.Context(), clusterOf("a")))
		}, true},
		"the spec asked for another template": {func(f *fleet) { f.store("a", 3, labels.Requested, "deployed") }, true},
		"the spec asked before it was made":   {func(f *fleet) { f.store("a", 1, labels.Requested, "deployed") }, false},
		"the pods are gone": {func(f *fleet) {
			for _, where := range []client.Client{f.cached, f.live} {
				set := &appsv1.StatefulSet{}
				require.NoError(f.t, where.Get(f.t.Context(), types.NamespacedName{Namespace: "team", Name: "a"}, set))
				set.Spec.Replicas = ptr.To[int32](0)
				require.NoError(f.t, where.Update(f.t.Context(), set))
			}
			f.store("a", 2, labels.Unrequested, "deployed")
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFleet(t, 1, "a", "b")
			require.True(t, f.begin("a"))
			f.upgrade("a", 2)
			test.end(f)
			f.turn()
			require.Equal(t, test.want, f.begin("b"))
		})
	}
}

// A reconcile that was granted a slot and stored no revision frees it in the end.
func TestAGrantWithoutARevisionRunsOut(t *testing.T) {
	f := newFleet(t, 1, "a", "b")
	require.True(t, f.begin("a"))
	f.clock.SetTime(noon.Add(cachesCatchUp - 1))
	f.turn()
	require.False(t, f.begin("b"))
	f.clock.SetTime(noon.Add(cachesCatchUp))
	f.turn()
	require.Equal(t, []string{"b"}, woken(f.releases))
	require.True(t, f.begin("b"))
}

// A rollout that cannot be held back takes a slot even if none is free.
func TestResume(t *testing.T) {
	f := newFleet(t, 1, "a", "b")
	require.True(t, f.begin("a"))
	f.Resume(clusterOf("b"))
	f.Leave("a")
	f.turn()
	require.False(t, f.begin("a"))
}

// The messages of the others name a rollout that does not end, once.
func TestASlowRolloutIsTold(t *testing.T) {
	f := newFleet(t, 1, "a", "b")
	require.True(t, f.begin("a"))
	require.False(t, f.begin("b"))
	f.upgrade("a", 2)
	f.store("a", 2, labels.Unrequested, "deployed")
	f.observe(f.cached, "a", false)
	woken(f.statuses)
	require.Equal(t, slowAfter, f.turn())
	require.Empty(t, woken(f.statuses))

	f.clock.SetTime(noon.Add(slowAfter))
	f.turn()
	require.Equal(t, []string{"b"}, woken(f.statuses))
	require.Equal(t, message(1, "a field", 0, "; still restarting: team/a since 2026-01-02T12:00:00Z"), f.Waiting("b"))
	f.turn()
	require.Empty(t, woken(f.statuses))
}

// A tenant may write any label, and restore any former record.
func TestASlotIsHeldByWhatTheOperatorHasStored(t *testing.T) {
	f := newFleet(t, 1, "a", "b")
	f.store("a", 2, labels.Unrequested, "deployed")
	f.observe(f.cached, "a", false)
	require.False(t, f.begin("b"), "a is in the middle of one")

	stored := &corev1.Secret{}
	require.NoError(t, f.cached.Get(t.Context(), client.ObjectKey{Namespace: "team", Name: "sh.helm.release.v1.a.v2"}, stored))
	stored.Labels["version"] = "3"
	require.NoError(t, f.cached.Update(t.Context(), stored))
	require.True(t, f.begin("b"), "nothing says so but a label")
}

func TestASlotEndsWithTheDeadline(t *testing.T) {
	f := newFleet(t, 1, "a", "b", "c")
	f.store("a", 2, labels.Unrequested, "deployed")
	f.observe(f.cached, "a", false)
	require.False(t, f.begin("b"))
	left := f.turn()
	require.Positive(t, left)
	require.LessOrEqual(t, left, 10*time.Minute)
	f.clock.SetTime(noon.Add(10*time.Minute - time.Second))
	require.False(t, f.begin("b"))
	f.clock.SetTime(noon.Add(10 * time.Minute))
	f.turn()
	require.Contains(t, woken(f.releases), "b", "the slot is offered")
	require.True(t, f.begin("b"))

	// A recent grant ends too, if no revision follows.
	f.upgrade("b", 2)
	require.False(t, f.begin("c"))
	f.clock.SetTime(noon.Add(20 * time.Minute))
	require.True(t, f.begin("c"))
}

func TestTheDeadlineOfASlotIsAtMostAnHour(t *testing.T) {
	for seconds, want := range map[int64]time.Duration{10: 10 * time.Second, 3600: time.Hour, 86400: time.Hour} {
		cluster := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"progressDeadlineSeconds": seconds}}}
		require.Equal(t, want, deadlineOf(cluster))
	}
	require.Equal(t, 10*time.Minute, deadlineOf(&unstructured.Unstructured{Object: map[string]any{}}))
}

// A BarqCluster whose data is at risk takes no place of the others, and says what it waits for.
func TestHold(t *testing.T) {
	f := newFleet(t, 1, "a", "b")
	f.Hold(clusterOf("a"))
	f.Hold(clusterOf("a"))
	require.Equal(t, heldMessage, f.Waiting("a"))
	require.Equal(t, 1, f.statuses.Len())
	begins, err := f.Begin(t.Context(), clusterOf("b"), "")
	require.NoError(t, err)
	require.True(t, begins)
	f.Leave("a")
	require.Empty(t, f.Waiting("a"))
}
