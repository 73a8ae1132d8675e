package clusters

import (
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Versions remembers the resourceVersions of objects of one kind after this process last wrote them. A
// reader of a cache can tell with it whether an object is older than that write. The zero value
// remembers none.
type Versions struct {
	known sync.Map
}

// Wrote notes a write. An empty resourceVersion drops what is known of the object.
func (v *Versions) Wrote(name types.NamespacedName, resourceVersion string) {
	if resourceVersion == "" {
		v.known.Delete(name)
		return
	}
	v.known.Store(name, resourceVersion)
}

// Includes reports whether the object is known to include the last write. It reports false after a
// write by another process, such as this operator before its restart.
func (v *Versions) Includes(object client.Object) bool {
	order, known := v.compare(object)
	return known && order >= 0
}

// Precedes reports whether the object is known to be older than the last write.
func (v *Versions) Precedes(object client.Object) bool {
	order, known := v.compare(object)
	return known && order < 0
}

// compare orders an object and the last write of it. The order is unknown without a write, or if a
// version is not a number.
func (v *Versions) compare(object client.Object) (order int, known bool) {
	written, ok := v.known.Load(client.ObjectKeyFromObject(object))
	if !ok {
		return 0, false
	}
	order, err := resourceversion.CompareResourceVersion(object.GetResourceVersion(), written.(string))
	return order, err == nil
}
