package lease

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	clocktesting "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/event"

	corev1 "k8s.io/api/core/v1"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/clusters"
)

func held(name, operator string) *v1alpha1.BarqCluster {
	cluster := &v1alpha1.BarqCluster{}
	cluster.Namespace, cluster.Name, cluster.UID = "team", name, types.UID("uid of "+name)
	cluster.Status.Operator = operator
	return cluster
}

func storeOf(t *testing.T, objects ...client.Object) client.WithWatch {
	t.Helper()
	scheme := runtime.NewScheme()
	require.NoError(t, corev1.AddToScheme(scheme))
	require.NoError(t, v1alpha1.AddToScheme(scheme))
	return fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).WithStatusSubresource(&v1alpha1.BarqCluster{}).Build()
}

// installation is an operator, and the events that it has recorded.
type installation struct {
	*Reconciler
	events *events.FakeRecorder
}

func install(store client.Client, name string, clock *clocktesting.FakePassiveClock) installation {
	recorder := events.NewFakeRecorder(10)
	return installation{events: recorder, Reconciler: &Reconciler{
		Cache: store, Statuses: store.Status(), Operator: name, Events: recorder, Clock: clock,
	}}
}

// looksAt reconciles BarqClusters of the namespace team.
func (i installation) looksAt(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		_, err := i.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKey{Namespace: "team", Name: name}})
		require.NoError(t, err)
	}
}

// claim is which operator holds a BarqCluster, and which one asks for it.
type claim struct{ holder, question string }

func claimOn(t *testing.T, store client.Reader, name string) claim {
	t.Helper()
	cluster, err := clusters.Get(t.Context(), store, client.ObjectKey{Namespace: "team", Name: name})
	require.NoError(t, err)
	return claim{holder: cluster.Status.Operator, question: cluster.Status.Takeover}
}

// A status that another program has written is not begun again.
func TestTheFirstClaimBeginsTheStatus(t *testing.T) {
	known, conditions := held("known", ""), held("conditions", "")
	known.Status.Phase = v1alpha1.PhaseReady
	conditions.Status.Conditions = []metav1.Condition{{Type: "Example", Status: metav1.ConditionTrue}}
	store := storeOf(t, held("new", ""), held("others", "second"), known, conditions)
	written := map[string]map[string]any{}
	first := install(interceptor.NewClient(store, interceptor.Funcs{
		SubResourcePatch: func(_ context.Context, _ client.Client, _ string, object client.Object, patch client.Patch, _ ...client.SubResourcePatchOption) error {
			content, err := patch.Data(object)
			require.NoError(t, err)
			var sent struct{ Status map[string]any }
			require.NoError(t, json.Unmarshal(content, &sent))
			written[object.GetName()] = sent.Status
			return errors.New("not now")
		},
	}), "first", clocktesting.NewFakePassiveClock(noon))
	for _, name := range []string{"new", "others", "known", "conditions"} {
		_, err := first.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKey{Namespace: "team", Name: name}})
		require.ErrorContains(t, err, "not now")
	}
	condition := func(name, status, reason, message string) map[string]any {
		return map[string]any{"type": name, "status": status, "reason": reason, "message": message, "lastTransitionTime": "2026-03-01T12:00:00Z"}
	}
	require.Equal(t, map[string]map[string]any{
		"new": {"operator": "first", "takeover": nil, "phase": "Pending", "observedGeneration": 0.0, "conditions": []any{
			condition("Ready", "False", "Applying", "the newest spec is being applied"),
			condition("Reconciling", "True", "Applying", "the newest spec is being applied"),
			condition("Stalled", "False", "Progressing", "no action is required"),
		}},
		"others":     {"operator": "second", "takeover": "first"},
		"known":      {"operator": "first", "takeover": nil},
		"conditions": {"operator": "first", "takeover": nil, "phase": "Pending", "observedGeneration": 0.0},
	}, written)
}

func TestTheFirstOneKeepsTheBarqCluster(t *testing.T) {
	clock := clocktesting.NewFakePassiveClock(noon)
	store := storeOf(t, held("vectors", ""), held("words", ""))
	first, second := install(store, "first", clock), install(store, "second", clock)
	first.looksAt(t, "vectors", "words")
	require.Equal(t, claim{holder: "first"}, claimOn(t, store, "vectors"))

	second.looksAt(t, "vectors", "words")
	require.Equal(t, claim{holder: "first", question: "second"}, claimOn(t, store, "vectors"))
	require.Equal(t, claim{holder: "first"}, claimOn(t, store, "words"), "one question is for all")
	second.looksAt(t, "vectors", "words")
	first.looksAt(t, "vectors")
	require.Equal(t, claim{holder: "first"}, claimOn(t, store, "vectors"))
	before := versions(t, store, "vectors", "words")
	for range 3 {
		second.looksAt(t, "vectors", "words")
		first.looksAt(t, "vectors", "words")
	}
	require.Equal(t, before, versions(t, store, "vectors", "words"), "nothing is written meanwhile")

	for range 5 {
		clock.SetTime(clock.Now().Add(interval))
		second.looksAt(t, "vectors", "words")
		first.looksAt(t, "vectors", "words")
		second.looksAt(t, "vectors", "words")
	}
	clock.SetTime(clock.Now().Add(time.Second))
	require.Equal(t, claim{holder: "first"}, claimOn(t, store, "vectors"))
	warning := "Warning ManagedElsewhere operator second is installed too, and leaves the BarqClusters of this namespace to " +
		"operator first, which holds them; remove one of the two"
	require.Equal(t, []string{warning, warning}, eventsOf(second), "told once on each BarqCluster, however often it asked")
	require.Empty(t, eventsOf(first))
}

func TestASilentOperatorIsReplaced(t *testing.T) {
	clock := clocktesting.NewFakePassiveClock(noon)
	store := storeOf(t, held("vectors", "first"), held("words", "first"), held("new", "third"))
	second := install(store, "second", clock)
	second.looksAt(t, "vectors", "words")
	clock.SetTime(noon.Add(patience - time.Second))
	second.looksAt(t, "vectors", "words")
	require.Equal(t, claim{holder: "first", question: "second"}, claimOn(t, store, "vectors"))

	clock.SetTime(noon.Add(patience))
	second.looksAt(t, "vectors")
	require.Equal(t, claim{holder: "second"}, claimOn(t, store, "vectors"))
	require.Equal(t, claim{holder: "second"}, claimOn(t, store, "words"))
	require.Equal(t, claim{holder: "third"}, claimOn(t, store, "new"))

	// The first operator comes back, and is now in the place of the second.
	first := install(store, "first", clock)
	first.looksAt(t, "vectors")
	require.Equal(t, claim{holder: "second", question: "first"}, claimOn(t, store, "vectors"))
	second.looksAt(t, "vectors")
	require.Equal(t, claim{holder: "second"}, claimOn(t, store, "vectors"))
}

// An answer that has not reached the asking operator's cache makes the takeover fail.
func TestALateAnswerCounts(t *testing.T) {
	clock := clocktesting.NewFakePassiveClock(noon)
	store := storeOf(t, held("vectors", "first"))
	first, second := install(store, "first", clock), install(store, "second", clock)
	second.looksAt(t, "vectors")
	second.looksAt(t, "vectors")
	outdated, err := clusters.Get(t.Context(), store, client.ObjectKey{Namespace: "team", Name: "vectors"})
	require.NoError(t, err)
	first.looksAt(t, "vectors")

	clock.SetTime(noon.Add(patience))
	second.Cache = storeOf(t, held("vectors", "first"))
	_, err = second.contend(t.Context(), outdated)
	require.NoError(t, err)
	require.Equal(t, claim{holder: "first"}, claimOn(t, store, "vectors"))
}

// If the BarqCluster with the open question is deleted, the operator asks on another one.
func TestTheBarqClusterThatWasAskedOnGoes(t *testing.T) {
	clock := clocktesting.NewFakePassiveClock(noon)
	store := storeOf(t, held("vectors", "first"), held("words", "first"))
	second := install(store, "second", clock)
	second.looksAt(t, "vectors", "words")
	require.NoError(t, store.Delete(t.Context(), held("vectors", "")))
	second.looksAt(t, "vectors", "words")
	require.Equal(t, claim{holder: "first", question: "second"}, claimOn(t, store, "words"))
	clock.SetTime(noon.Add(patience))
	second.looksAt(t, "words")
	require.Equal(t, claim{holder: "second"}, claimOn(t, store, "words"))
}

func versions(t *testing.T, store client.Reader, names ...string) []string {
	t.Helper()
	var found []string
	for _, name := range names {
		cluster, err := clusters.Get(t.Context(), store, client.ObjectKey{Namespace: "team", Name: name})
		require.NoError(t, err)
		found = append(found, cluster.ResourceVersion)
	}
	return found
}

func eventsOf(by installation) []string {
	close(by.events.Events)
	return slices.Collect(func(yield func(string) bool) {
		for event := range by.events.Events {
			if !yield(event) {
				return
			}
		}
	})
}

// A conflict normally means that the BarqCluster has changed, which starts a reconcile. Here it has
// not changed.
func TestAConflictWithoutAChange(t *testing.T) {
	refused := false
	store := interceptor.NewClient(storeOf(t, held("db", "")), interceptor.Funcs{
		SubResourcePatch: func(ctx context.Context, c client.Client, sub string, object client.Object, patch client.Patch, opts ...client.SubResourcePatchOption) error {
			if !refused {
				refused = true
				return apierrors.NewConflict(schema.GroupResource{Resource: "barqclusters"}, object.GetName(), errors.New("changed"))
			}
			return c.SubResource(sub).Patch(ctx, object, patch, opts...)
		},
	})
	mine := install(store, "mine", clocktesting.NewFakePassiveClock(time.Now()))
	request := ctrl.Request{NamespacedName: client.ObjectKey{Namespace: "team", Name: "db"}}
	result, err := mine.Reconcile(t.Context(), request)
	require.NoError(t, err)
	require.Equal(t, ctrl.Result{RequeueAfter: time.Second}, result)
	result, err = mine.Reconcile(t.Context(), request)
	require.NoError(t, err)
	require.Zero(t, result)
	cluster := &v1alpha1.BarqCluster{}
	require.NoError(t, store.Get(t.Context(), request.NamespacedName, cluster))
	require.Equal(t, "mine", cluster.Status.Operator)
}

// The holder of a BarqCluster ignores most of its changes.
func TestOnlyWhatIsContestedIsLookedAt(t *testing.T) {
	operator := &Reconciler{Operator: "one"}
	asked := held("db", "one")
	asked.Status.Takeover = "two"
	contested := func(before, after *v1alpha1.BarqCluster) bool {
		changed := event.UpdateEvent{}
		for object, into := range map[*v1alpha1.BarqCluster]*client.Object{before: &changed.ObjectOld, after: &changed.ObjectNew} {
			content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
			require.NoError(t, err)
			*into = &unstructured.Unstructured{Object: content}
		}
		return operator.contested().Update(changed)
	}
	require.False(t, contested(held("db", "one"), held("db", "one")))
	require.True(t, contested(held("db", "one"), asked))
	require.True(t, contested(asked, held("db", "one")))
	require.True(t, contested(held("db", "one"), held("db", "")), "the status was wiped")
	require.True(t, contested(held("db", "two"), held("db", "two")))
	require.True(t, contested(held("db", ""), held("db", "one")))
}
