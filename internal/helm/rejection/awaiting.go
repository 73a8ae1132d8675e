package rejection

import (
	"sync"

	"k8s.io/apimachinery/pkg/types"
)

// Awaiting has the BarqClusters whose last attempt met an object that is being deleted. The zero value has none.
type Awaiting struct{ uids sync.Map }

// Note adds a BarqCluster, or removes it.
func (w *Awaiting) Note(cluster types.UID, waits bool) {
	if waits {
		w.uids.Store(cluster, true)
	} else {
		w.uids.Delete(cluster)
	}
}

// Has reports whether a BarqCluster is one of them.
func (w *Awaiting) Has(cluster types.UID) bool {
	_, waits := w.uids.Load(cluster)
	return waits
}
