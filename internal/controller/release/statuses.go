package release

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

// writtenStatuses remembers what was last written of the Helm side's status of each BarqCluster until the cache has it:
// whatever writes to a BarqCluster meanwhile starts a pass, which would write the same again. The zero value
// remembers none.
type writtenStatuses struct {
	versions clusters.Versions
	statuses sync.Map
	// failures has what is written, or about to be, of each BarqCluster whose last reconcile has failed.
	failures sync.Map
}

// writtenStatus is of the BarqCluster with that UID.
type writtenStatus struct {
	uid    types.UID
	status helmStatus
}

// remember notes what was written; the BarqCluster has the resourceVersion of that.
func (w *writtenStatuses) remember(cluster client.Object, status helmStatus) {
	name := client.ObjectKeyFromObject(cluster)
	w.statuses.Store(name, writtenStatus{cluster.GetUID(), status})
	w.versions.Wrote(name, cluster.GetResourceVersion())
}

// writes is called before a status is written, because what comes of that may be told of before the answer is there.
func (w *writtenStatuses) writes(cluster client.Object, status helmStatus) {
	name := client.ObjectKeyFromObject(cluster)
	if failed(status) {
		w.failures.Store(name, writtenStatus{cluster.GetUID(), status})
	} else {
		w.failures.Delete(name)
	}
}

// sayFailed reports whether a BarqCluster says of the Helm side that the last reconcile has failed, just as it was written here.
func (w *writtenStatuses) sayFailed(cluster *unstructured.Unstructured) bool {
	found, ok := w.failures.Load(client.ObjectKeyFromObject(cluster))
	if !ok {
		return false
	}
	written := found.(writtenStatus)
	status, err := helmStatusOf(cluster)
	return err == nil && written.uid == cluster.GetUID() && equality.Semantic.DeepEqual(withoutTimes(written.status), withoutTimes(status))
}

// failed reports whether a status says that the last reconcile has failed.
func failed(status helmStatus) bool {
	return meta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionIrreconcilable) ||
		meta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionReleaseFailed)
}

// withoutTimes returns a status without its times, of which the API server keeps whole seconds.
func withoutTimes(status helmStatus) helmStatus {
	status.Conditions = slices.Clone(status.Conditions)
	for i := range status.Conditions {
		status.Conditions[i].LastTransitionTime = metav1.Time{}
	}
	return status
}

// gone is for a BarqCluster that goes.
func (w *writtenStatuses) gone(name types.NamespacedName) {
	w.forget(name)
	w.failures.Delete(name)
}

// orStored gives the Helm side's part of the status of a BarqCluster from the cache, as it is on the API server.
func (w *writtenStatuses) orStored(cached *unstructured.Unstructured) (helmStatus, error) {
	name := client.ObjectKeyFromObject(cached)
	if found, ok := w.statuses.Load(name); ok {
		written := found.(writtenStatus)
		if written.uid == cached.GetUID() && w.versions.Precedes(cached) {
			return written.status, nil
		}
		// The cache is as new, or it is another BarqCluster.
		w.forget(name)
	}
	return helmStatusOf(cached)
}

// forget is for a BarqCluster of which the cache has all.
func (w *writtenStatuses) forget(name types.NamespacedName) {
	w.statuses.Delete(name)
	w.versions.Wrote(name, "")
}
