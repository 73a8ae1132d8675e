package progress

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

var awaited = client.ObjectKey{Namespace: "team", Name: "vectors"}

// watched is an API server whose watches give these events, one list for each watch;
// the last one goes on without any more.
func watched(t *testing.T, watches ...[]watch.Event) client.WithWatch {
	t.Helper()
	scheme := runtime.NewScheme()
	require.NoError(t, v1alpha1.AddToScheme(scheme))
	return interceptor.NewClient(fake.NewClientBuilder().WithScheme(scheme).Build(), interceptor.Funcs{
		Watch: func(context.Context, client.WithWatch, client.ObjectList, ...client.ListOption) (watch.Interface, error) {
			if len(watches) == 0 {
				return nil, errors.New("the connection is refused")
			}
			events := watches[0]
			watches = watches[1:]
			watching := watch.NewFakeWithChanSize(len(events), false)
			for _, event := range events {
				watching.Action(event.Type, event.Object)
			}
			if len(watches) > 0 {
				watching.Stop()
			}
			return watching, nil
		},
	})
}

func modified(phase v1alpha1.Phase, observed int64, name string) watch.Event {
	cluster := vectors(phase, observed, 0, "")
	cluster.Name = name
	return watch.Event{Type: watch.Modified, Object: cluster}
}

// await gives the phases that were shown.
func await(ctx context.Context, kubernetes client.WithWatch, keys ...client.ObjectKey) (shown []string, err error) {
	err = Await(ctx, kubernetes, keys, func(cluster *v1alpha1.BarqCluster) {
		shown = append(shown, cluster.Name+" "+string(cluster.Status.Phase))
	})
	return shown, err
}

func TestAwaitFollowsUntilReadyOverWatchesThatEnd(t *testing.T) {
	shown, err := await(t.Context(), watched(t,
		[]watch.Event{modified(v1alpha1.PhaseReady, 2, "vectors"), modified(v1alpha1.PhaseReady, 3, "another")},
		[]watch.Event{
			modified(v1alpha1.PhaseProgressing, 3, "vectors"),
			modified(v1alpha1.PhaseReady, 3, "vectors"),
			modified(v1alpha1.PhaseDegraded, 3, "vectors"),
		},
	), awaited)
	require.NoError(t, err)
	require.Equal(t, []string{"vectors Ready", "vectors Progressing", "vectors Ready"}, shown)
}

func TestAwaitWantsAllAtTheSameTime(t *testing.T) {
	shown, err := await(t.Context(), watched(t, []watch.Event{
		modified(v1alpha1.PhaseReady, 3, "vectors"),
		modified(v1alpha1.PhaseDegraded, 3, "vectors"),
		modified(v1alpha1.PhaseHibernated, 3, "db"),
		modified(v1alpha1.PhaseReady, 3, "vectors"),
	}), awaited, client.ObjectKey{Namespace: "team", Name: "db"})
	require.NoError(t, err)
	require.Equal(t, []string{"vectors Ready", "vectors Degraded", "db Hibernated", "vectors Ready"}, shown)
}

func TestAwaitFails(t *testing.T) {
	tooLong := errors.New("it took too long")
	ended, cancel := context.WithCancelCause(t.Context())
	cancel(tooLong)
	_, err := await(ended, watched(t, []watch.Event{modified(v1alpha1.PhaseReady, 3, "vectors")}), awaited)
	require.ErrorIs(t, err, tooLong)

	_, err = await(t.Context(), watched(t), awaited)
	require.EqualError(t, err, "watch BarqClusters: the connection is refused")

	deleted := modified(v1alpha1.PhaseProgressing, 3, "vectors")
	deleted.Type = watch.Deleted
	_, err = await(t.Context(), watched(t, []watch.Event{deleted}), awaited)
	require.EqualError(t, err, "BarqCluster team/vectors was deleted while it was awaited")
}
