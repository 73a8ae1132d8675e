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
	written, ok := v.known.Load(client.ObjectKeyFromObject(object))
	if !ok {
		return false
	}
	order, err := resourceversion.CompareResourceVersion(object.GetResourceVersion(), written.(string))
	return err == nil && order >= 0
}
