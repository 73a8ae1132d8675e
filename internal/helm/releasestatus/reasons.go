package releasestatus

import (
	"sync"

	"k8s.io/apimachinery/pkg/types"
)

// Reasons has the API's reasons for what ended the last reconcile of a BarqCluster. The library passes on only the text
// of an error, and gives a reason of its own that says where it ended. The zero value has none.
type Reasons struct{ uids sync.Map }

// Note remembers the reason of a BarqCluster.
func (r *Reasons) Note(cluster types.UID, reason string) { r.uids.Store(cluster, reason) }

// Forget removes the reason of a BarqCluster.
func (r *Reasons) Forget(cluster types.UID) { r.uids.Delete(cluster) }

// Of returns the reason of a BarqCluster; empty if it has none.
func (r *Reasons) Of(cluster types.UID) string {
	reason, _ := r.uids.Load(cluster)
	text, _ := reason.(string)
	return text
}
