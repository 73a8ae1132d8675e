package progress

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// watchPause is how long to wait before a watch that has ended is begun again.
const watchPause = 500 * time.Millisecond

// Await shows each state of the BarqClusters that it learns of, and returns when all
// have arrived at the same time. Otherwise it fails, when the context ends with the
// cause of that.
func Await(ctx context.Context, kubernetes client.WithWatch, keys []client.ObjectKey, show func(*v1alpha1.BarqCluster)) error {
	arrived := map[client.ObjectKey]bool{}
	for _, key := range keys {
		arrived[key] = false
	}
	for {
		done, err := follow(ctx, kubernetes, arrived, show)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(watchPause):
		}
	}
}

// follow watches until all have arrived, or the watch ends, as any does at some time.
func follow(ctx context.Context, kubernetes client.WithWatch, arrived map[client.ObjectKey]bool, show func(*v1alpha1.BarqCluster)) (done bool, err error) {
	watching, err := kubernetes.Watch(ctx, &v1alpha1.BarqClusterList{})
	if err != nil {
		return false, fmt.Errorf("watch BarqClusters: %w", err)
	}
	defer watching.Stop()
	// A watch begins with what is there.
	for event := range watching.ResultChan() {
		cluster, ok := event.Object.(*v1alpha1.BarqCluster)
		if !ok {
			return false, nil
		}
		key := client.ObjectKeyFromObject(cluster)
		if _, awaited := arrived[key]; !awaited {
			continue
		}
		if event.Type == watch.Deleted {
			return false, fmt.Errorf("BarqCluster %s was deleted while it was awaited", key)
		}
		show(cluster)
		arrived[key] = Arrived(cluster)
		if all(arrived) {
			return true, nil
		}
	}
	return false, nil
}

func all(arrived map[client.ObjectKey]bool) bool {
	for _, has := range arrived {
		if !has {
			return false
		}
	}
	return true
}
