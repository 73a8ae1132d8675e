package release

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/helm/releasestatus"
	"github.com/barq-db/barq-operator/internal/helm/releasetest"
	"github.com/barq-db/barq-operator/internal/helm/storage"
)

// reconciled counts the calls that reach the library, and returns its error.
type reconciled struct {
	times int
	err   error
	then  func()
}

func (r *reconciled) Reconcile(context.Context, ctrl.Request) (ctrl.Result, error) {
	r.times++
	if r.then != nil {
		r.then()
	}
	return ctrl.Result{}, r.err
}

func newWithoutWaiting(library reconcile.Reconciler, there ...client.Object) *withoutWaiting {
	return &withoutWaiting{
		Reconciler: library, over: &releasestatus.Uninstalled{},
		reader: fake.NewClientBuilder().WithScheme(runtime.NewScheme()).WithObjects(there...).Build(),
	}
}

// deletedWith returns a BarqCluster that is being deleted and waits for finalizers.
func deletedWith(finalizers ...string) *unstructured.Unstructured {
	cluster := releasetest.Cluster()
	cluster.SetFinalizers(finalizers)
	now := cluster.DeepCopy().GetCreationTimestamp()
	now.Time = releasetest.Began
	cluster.SetDeletionTimestamp(&now)
	return cluster
}

func TestTheLibraryIsLeftOutOfWhatIsOver(t *testing.T) {
	request := ctrl.Request{NamespacedName: client.ObjectKeyFromObject(releasetest.Cluster())}
	for name, test := range map[string]struct {
		there client.Object
		asked int
	}{
		"there is none":                       {nil, 0},
		"it lives":                            {releasetest.Cluster(), 1},
		"it is to be uninstalled":             {deletedWith("example.com/other", clusters.UninstallFinalizer), 1},
		"others have not removed their marks": {deletedWith("example.com/other"), 0},
	} {
		t.Run(name, func(t *testing.T) {
			library := &reconciled{}
			var there []client.Object
			if test.there != nil {
				there = append(there, test.there)
			}
			result, err := newWithoutWaiting(library, there...).Reconcile(t.Context(), request)
			require.NoError(t, err)
			require.Zero(t, result)
			require.Equal(t, test.asked, library.times)
		})
	}
}

// The library would wait until the cache shows the deletion, and fail.
func TestWhatIsUninstalledIsNotReconciledAgain(t *testing.T) {
	cluster := deletedWith(clusters.UninstallFinalizer)
	request := ctrl.Request{NamespacedName: client.ObjectKeyFromObject(cluster)}
	library := &reconciled{err: context.DeadlineExceeded}
	w := newWithoutWaiting(library, cluster)
	library.then = func() { w.over.Note(cluster) }
	for range 2 {
		_, err := w.Reconcile(t.Context(), request)
		require.NoError(t, err)
	}
	require.Equal(t, 1, library.times)

	again := clusters.Object()
	again.SetNamespace(cluster.GetNamespace())
	again.SetName(cluster.GetName())
	again.SetUID("uid of the next one")
	require.False(t, w.over.Has(again))
	w.reader = fake.NewClientBuilder().WithScheme(runtime.NewScheme()).Build()
	_, err := w.Reconcile(t.Context(), request)
	require.NoError(t, err)
	require.False(t, w.over.Has(cluster), "it is gone")
}

func TestWhatIsUnfinishedGoesOnSoon(t *testing.T) {
	request := ctrl.Request{NamespacedName: client.ObjectKeyFromObject(releasetest.Cluster())}
	library := &reconciled{err: fmt.Errorf("900 records are left: %w", storage.ErrUnfinished)}
	w := newWithoutWaiting(library, releasetest.Cluster())
	result, err := w.Reconcile(t.Context(), request)
	require.NoError(t, err)
	require.Equal(t, goOnAfter, result.RequeueAfter)

	library.err = errors.New("any other")
	_, err = w.Reconcile(t.Context(), request)
	require.Equal(t, library.err, err)
}
