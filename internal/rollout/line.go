package rollout

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// answerWithin is how long a BarqCluster to which a slot was offered keeps those
// behind it from being asked. A pass may fail for a reason of its own, such as a
// Secret that is missing.
const answerWithin = 10 * time.Second

// place is that of one BarqCluster in the line.
type place struct {
	cluster types.UID
	name    types.NamespacedName
	since   time.Time
	// offered is when a slot was offered to it; zero if it answered, or none was.
	offered time.Time
}

// lapsed: a slot was offered, and nothing came of it.
func (p place) lapsed(now time.Time) bool {
	return !p.offered.IsZero() && now.Sub(p.offered) >= answerWithin
}

// line are those that wait.
type line map[types.UID]*place

// inOrder gives those that could go now: who has waited longest comes first, and who
// did not answer an offer last. Before that, a namespace goes behind all with fewer roll-outs that have lost their slot to the
// deadline: one tenant's pods that cannot start delay another's roll-out once.
func (l line) inOrder(members map[types.UID]member, now time.Time) []*place {
	var found []*place
	stuck := map[string]int{}
	for _, m := range members {
		if m.stuck(now) {
			stuck[m.name.Namespace]++
		}
	}
	for cluster, place := range l {
		if m, ok := members[cluster]; ok && !m.deleting && !m.paused {
			found = append(found, place)
		}
	}
	slices.SortFunc(found, func(a, b *place) int {
		if a.lapsed(now) != b.lapsed(now) {
			if a.lapsed(now) {
				return 1
			}
			return -1
		}
		return cmp.Or(cmp.Compare(stuck[a.name.Namespace], stuck[b.name.Namespace]), a.since.Compare(b.since), strings.Compare(a.name.String(), b.name.String()))
	})
	return found
}
