package releasestatus

import (
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Uninstalled are the BarqClusters whose finalizer this process has removed, until the cache shows that they are gone. The zero value has
// none.
type Uninstalled struct{ uids sync.Map }

// Note adds a BarqCluster.
func (u *Uninstalled) Note(cluster client.Object) {
	u.uids.Store(client.ObjectKeyFromObject(cluster), cluster.GetUID())
}

// Has reports whether the BarqCluster is one of them. One of the same name is another.
func (u *Uninstalled) Has(cluster client.Object) bool {
	uid, noted := u.uids.Load(client.ObjectKeyFromObject(cluster))
	return noted && uid == cluster.GetUID()
}

// Forget is for a name that the cache does not have any more.
func (u *Uninstalled) Forget(name types.NamespacedName) { u.uids.Delete(name) }
