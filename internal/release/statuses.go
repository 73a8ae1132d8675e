package release

import (
	"sync"

	"k8s.io/apimachinery/pkg/api/meta"
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
}

// writtenStatus is of the BarqCluster with that UID.
type writtenStatus struct {
	uid     types.UID
	version string
	status  helmStatus
}

// remember notes what was written; the BarqCluster has the resourceVersion of that.
func (w *writtenStatuses) remember(cluster client.Object, status helmStatus) {
	name := client.ObjectKeyFromObject(cluster)
	w.statuses.Store(name, writtenStatus{cluster.GetUID(), cluster.GetResourceVersion(), status})
	w.versions.Wrote(name, cluster.GetResourceVersion())
}

// sayFailed reports whether a BarqCluster has just the version with which the failure of a reconcile was written here.
func (w *writtenStatuses) sayFailed(cluster *unstructured.Unstructured) bool {
	found, ok := w.statuses.Load(client.ObjectKeyFromObject(cluster))
	if !ok {
		return false
	}
	written := found.(writtenStatus)
	return written.uid == cluster.GetUID() && written.version == cluster.GetResourceVersion() && failed(written.status)
}

// failed reports whether a status says that the last reconcile has failed.
func failed(status helmStatus) bool {
	return meta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionIrreconcilable) ||
		meta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionReleaseFailed)
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

// forget is for a BarqCluster that goes, or of which the cache has all.
func (w *writtenStatuses) forget(name types.NamespacedName) {
	w.statuses.Delete(name)
	w.versions.Wrote(name, "")
}
