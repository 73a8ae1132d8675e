package rollout

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// answerWithin is how long a BarqCluster that was offered a slot keeps those behind it from being
// asked. Its reconcile may fail for another reason, such as a missing Secret.
const answerWithin = 10 * time.Second

// place is the place of one BarqCluster in the line.
type place struct {
	cluster types.UID
	name    types.NamespacedName
	since   time.Time
	// change is what the rollout is for, empty while that is unknown.
	change string
	// ahead is how many others go first; unplaced while that is unknown.
	ahead int
	// offered is when a slot was offered to it; zero after it answered, or without an offer.
	offered time.Time
}

// unplaced means no place in the order: it is paused, or the order is not computed yet.
const unplaced = -1

// place gives each BarqCluster in the line its place in the order, and returns those whose message
// changes.
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

// lapsed reports whether a slot was offered and not taken in time.
func (p place) lapsed(now time.Time) bool {
	return !p.offered.IsZero() && now.Sub(p.offered) >= answerWithin
}

// line are the BarqClusters that wait.
type line map[types.UID]*place

// inOrder returns the BarqClusters that could go now. The longest wait comes first, and those that did
// not answer an offer come last. Before the wait counts, a namespace goes behind all namespaces with
// fewer rollouts that lost their slot to the deadline. So pods of one tenant that cannot start delay
// another tenant's rollout once.
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
