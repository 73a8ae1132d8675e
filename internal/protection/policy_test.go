package protection

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	fakeclientset "k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// started returns the queue of a watching controller that knows the policy, in a bubble. There are two
// BarqClusters, one of them protected.
func started(t *testing.T, policy *Policy) workqueue.TypedRateLimitingInterface[reconcile.Request] {
	t.Helper()
	// The first error waits for the time of the previous one to pass, which was outside of this
	// bubble.
	utilruntime.HandleErrorWithContext(t.Context(), errors.New("none"), "The errors of this test begin")
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- policy.Start(ctx) }()
	scheme := runtime.NewScheme()
	require.NoError(t, v1alpha1.AddToScheme(scheme))
	clusters := fake.NewClientBuilder().WithScheme(scheme)
	for name, protected := range map[string]bool{"kept": true, "other": false} {
		cluster := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"deletionProtection": protected}}}
		cluster.SetGroupVersionKind(v1alpha1.BarqClusterKind)
		cluster.SetNamespace("team")
		cluster.SetName(name)
		clusters.WithObjects(cluster)
	}
	queue := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
	watched := Watch(policy, clusters.Build())
	require.NoError(t, watched.Start(ctx, queue))
	require.NoError(t, watched.(source.SyncingSource).WaitForSync(ctx))
	synctest.Wait()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-ended)
		queue.ShutDown()
	})
	return queue
}

// enqueued empties the queue.
func enqueued(queue workqueue.TypedRateLimitingInterface[reconcile.Request]) (names []string) {
	for queue.Len() > 0 {
		request, _ := queue.Get()
		names = append(names, request.String())
		queue.Done(request)
	}
	return names
}

func TestThePolicyIsInstalledAndRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clients := fakeclientset.NewClientset()
		policies := clients.AdmissionregistrationV1().ValidatingAdmissionPolicies()
		bindings := clients.AdmissionregistrationV1().ValidatingAdmissionPolicyBindings()
		policy, binding := installed(t)
		watched := newPolicy(clients, DefaultName)
		require.False(t, watched.NeedLeaderElection())
		queue := started(t, watched)
		require.Equal(t, v1alpha1.ReasonPolicyMissing, watched.Effect().Reason)
		require.Empty(t, enqueued(queue), "every BarqCluster is looked at after a start")

		_, err := policies.Create(t.Context(), policy, metav1.CreateOptions{})
		require.NoError(t, err)
		synctest.Wait()
		require.Contains(t, watched.Effect().Message, "there is no ValidatingAdmissionPolicyBinding")
		require.Equal(t, []string{"team/kept"}, enqueued(queue), "the message is another")
		binding, err = bindings.Create(t.Context(), binding, metav1.CreateOptions{})
		require.NoError(t, err)
		synctest.Wait()
		require.Equal(t, v1alpha1.ReasonPolicyBound, watched.Effect().Reason)
		require.Equal(t, []string{"team/kept"}, enqueued(queue))

		binding.Annotations = map[string]string{"a": "b"}
		_, err = bindings.Update(t.Context(), binding, metav1.UpdateOptions{})
		require.NoError(t, err)
		synctest.Wait()
		require.Empty(t, enqueued(queue), "the effect is the same")

		require.NoError(t, policies.Delete(t.Context(), policy.Name, metav1.DeleteOptions{}))
		synctest.Wait()
		require.Equal(t, v1alpha1.ReasonPolicyMissing, watched.Effect().Reason)
		require.Equal(t, []string{"team/kept"}, enqueued(queue))

		for _, action := range clients.Actions() {
			switch action := action.(type) {
			case clienttesting.ListActionImpl:
				require.Equal(t, "metadata.name="+DefaultName, action.ListRestrictions.Fields.String())
			case clienttesting.WatchActionImpl:
				require.Equal(t, "metadata.name="+DefaultName, action.WatchRestrictions.Fields.String())
			}
		}
	})
}

func TestThePolicyIsThereAtTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		policy, binding := installed(t)
		watched := newPolicy(fakeclientset.NewClientset(policy, binding), DefaultName)
		queue := started(t, watched)
		require.Equal(t, v1alpha1.ReasonPolicyBound, watched.Effect().Reason)
		require.Empty(t, enqueued(queue))
	})
}

// An operator without the right says so, goes on, and notices when it gets the right.
func TestThePolicyMayNotBeRead(t *testing.T) {
	for kind, message := range map[string]string{
		"validatingadmissionpolicies":       "the operator may not read the ValidatingAdmissionPolicy barq-operator-deletion-protection; ",
		"validatingadmissionpolicybindings": "the operator may not read the ValidatingAdmissionPolicyBinding barq-operator-deletion-protection; ",
	} {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				policy, binding := installed(t)
				clients := fakeclientset.NewClientset(policy, binding)
				var allowed atomic.Bool
				var asked atomic.Int32
				clients.PrependReactor("list", kind, func(clienttesting.Action) (bool, runtime.Object, error) {
					asked.Add(1)
					return !allowed.Load(), nil, apierrors.NewForbidden(schema.GroupResource{Resource: kind}, "", errors.New("no right"))
				})
				watched := newPolicy(clients, DefaultName)
				queue := started(t, watched)
				require.Equal(t, v1alpha1.ReasonPolicyUnknown, watched.Effect().Reason)
				require.Contains(t, watched.Effect().Message, message)
				time.Sleep(forbiddenPause - time.Second)
				synctest.Wait()
				require.EqualValues(t, 1, asked.Load())
				require.Empty(t, enqueued(queue))

				allowed.Store(true)
				time.Sleep(time.Minute)
				synctest.Wait()
				require.Equal(t, v1alpha1.ReasonPolicyBound, watched.Effect().Reason)
				require.Equal(t, []string{"team/kept"}, enqueued(queue))
			})
		})
	}
}

// A failure of the API server says nothing about the policy.
func TestTheAPIServerFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		policy, binding := installed(t)
		clients := fakeclientset.NewClientset(policy, binding)
		var failures atomic.Int32
		failures.Store(3)
		clients.PrependReactor("list", "validatingadmissionpolicies", func(clienttesting.Action) (bool, runtime.Object, error) {
			return failures.Add(-1) >= 0, nil, apierrors.NewInternalError(errors.New("etcd is away"))
		})
		watched := newPolicy(clients, DefaultName)
		started(t, watched)
		require.Negative(t, failures.Load(), "the controller has waited")
		require.Equal(t, v1alpha1.ReasonPolicyBound, watched.Effect().Reason)
	})
}

func TestNoPolicyIsLookedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clients := fakeclientset.NewClientset()
		watched := newPolicy(clients, "")
		started(t, watched)
		require.Equal(t, Effect{v1alpha1.ReasonPolicyUnknown, "whether spec.deletionProtection has an effect is not known: " +
			"--deletion-protection-policy of the operator is empty, so it does not look for the policy"}, watched.Effect())
		require.Empty(t, clients.Actions())
	})
}

// A controller that is stopped before it knows the policy does not wait for ever.
func TestTheWaitEnds(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	err := Watch(newPolicy(nil, DefaultName), nil).(source.SyncingSource).WaitForSync(ctx)
	require.EqualError(t, err, "waiting for the admission policy: context canceled")
}
