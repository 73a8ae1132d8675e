package releasestatus

import (
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Uninstalled has the BarqClusters whose finalizer this process has removed, until the cache shows that they no longer
// exist. The zero value is empty.
type Uninstalled struct{ uids sync.Map }

// Note adds a BarqCluster.
func (u *Uninstalled) Note(cluster client.Object) {
	u.uids.Store(client.ObjectKeyFromObject(cluster), cluster.GetUID())
}

// Has reports whether the BarqCluster is one of them. It compares the UID, because another BarqCluster may have the
// same name.
func (u *Uninstalled) Has(cluster client.Object) bool {
	uid, noted := u.uids.Load(client.ObjectKeyFromObject(cluster))
	return noted && uid == cluster.GetUID()
}

// Forget removes a name that the cache no longer has.
func (u *Uninstalled) Forget(name types.NamespacedName) { u.uids.Delete(name) }
