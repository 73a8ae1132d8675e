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
	// change is what the roll-out is for, empty while that is not known.
	change string
	// ahead is how many others go before it; unplaced while that is not known.
	ahead int
	// offered is when a slot was offered to it; zero if it answered, or none was.
	offered time.Time
}

// unplaced has no place in the order: it is paused, or no order was made yet.
const unplaced = -1

// place gives each of the line its place in the order, and returns those whose message changes with it.
func (l line) place(order []*place) []*place {
	ahead := make(map[*place]int, len(order))
	for i, one := range order {
		ahead[one] = i
	}
	var changed []*place
	for _, one := range l {
		at, ok := ahead[one]
		if !ok {
			at = unplaced
		}
		if others(one.ahead) != others(at) {
			changed = append(changed, one)
		}
		one.ahead = at
	}
	return changed
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
