package clusters

import (
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Versions remembers the resourceVersions that objects of one kind had when this process
// last wrote them, so that whoever reads one from a cache knows whether it is from before
// that. The zero value knows none.
type Versions struct {
	known sync.Map
}

// Wrote notes a write. With an empty resourceVersion nothing is known of the object any more.
func (v *Versions) Wrote(name types.NamespacedName, resourceVersion string) {
	if resourceVersion == "" {
		v.known.Delete(name)
		return
	}
	v.known.Store(name, resourceVersion)
}

// Includes tells whether the object is known to have the last write in it. It does not
// after a write by another process, such as this operator before it was restarted.
func (v *Versions) Includes(object client.Object) bool {
	order, known := v.compare(object)
	return known && order >= 0
}

// Precedes tells whether the object is known to be from before the last write.
func (v *Versions) Precedes(object client.Object) bool {
	order, known := v.compare(object)
	return known && order < 0
}

// compare orders an object and the last write of it. Nothing is known where there was none,
// or where a version is not a number.
func (v *Versions) compare(object client.Object) (order int, known bool) {
	written, ok := v.known.Load(client.ObjectKeyFromObject(object))
	if !ok {
		return 0, false
	}
	order, err := resourceversion.CompareResourceVersion(object.GetResourceVersion(), written.(string))
	return order, err == nil
}
