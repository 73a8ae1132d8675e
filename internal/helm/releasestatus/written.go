package releasestatus

import (
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/clusters"
)

// Written remembers the last written version of the library's part of each status until the cache has it. Any write to
// a BarqCluster in between starts a reconcile, which would write the same again. The zero value is empty.
type Written struct {
	versions clusters.Versions
	statuses sync.Map
	// failures has the status of each BarqCluster whose last reconcile has failed. The client has written that status,
	// or is about to.
	failures sync.Map
}

// writtenStatus is the status of the BarqCluster with that UID.
type writtenStatus struct {
	uid    types.UID
	status Status
}

// remember notes what was written. cluster has the resourceVersion of that write.
func (w *Written) remember(cluster client.Object, status Status) {
	name := client.ObjectKeyFromObject(cluster)
	w.statuses.Store(name, writtenStatus{cluster.GetUID(), status})
	w.versions.Wrote(name, cluster.GetResourceVersion())
}

// Expect is called before a status is written, because a watch may report the write before its response arrives.
func (w *Written) Expect(cluster client.Object, status Status) {
	name := client.ObjectKeyFromObject(cluster)
	if failed(status) {
		w.failures.Store(name, writtenStatus{cluster.GetUID(), status})
	} else {
		w.failures.Delete(name)
	}
}

// IsOwnFailure reports whether a BarqCluster still has the status that this process has written after a failed
// reconcile.
func (w *Written) IsOwnFailure(cluster *unstructured.Unstructured) bool {
	found, ok := w.failures.Load(client.ObjectKeyFromObject(cluster))
	if !ok {
		return false
	}
	written := found.(writtenStatus)
	status, err := Of(cluster)
	return err == nil && written.uid == cluster.GetUID() && equality.Semantic.DeepEqual(withoutTimes(written.status), withoutTimes(status))
}

// failed reports whether a status says that the last reconcile has failed.
func failed(status Status) bool {
	return meta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionIrreconcilable) ||
		meta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionReleaseFailed)
}

// withoutTimes returns a status without its times. The API server rounds them to whole seconds.
func withoutTimes(status Status) Status {
	status.Conditions = slices.Clone(status.Conditions)
	for i := range status.Conditions {
		status.Conditions[i].LastTransitionTime = metav1.Time{}
	}
	return status
}

// Forget removes what is remembered of a BarqCluster that is deleted.
func (w *Written) Forget(name types.NamespacedName) {
	w.drop(name)
	w.failures.Delete(name)
}

// orStored returns that part of the status of a cached BarqCluster, as the API server has it.
func (w *Written) orStored(cached *unstructured.Unstructured) (Status, error) {
	name := client.ObjectKeyFromObject(cached)
	if found, ok := w.statuses.Load(name); ok {
		written := found.(writtenStatus)
		if written.uid == cached.GetUID() && w.versions.Precedes(cached) {
			return written.status, nil
		}
		// The cache has the write, or another BarqCluster.
		w.drop(name)
	}
	return Of(cached)
}

// drop forgets a BarqCluster after the cache has shown all its writes.
func (w *Written) drop(name types.NamespacedName) {
	w.statuses.Delete(name)
	w.versions.Wrote(name, "")
}
