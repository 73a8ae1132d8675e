package rollout

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/types"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func TestWhoHasWaitedLongestComesFirst(t *testing.T) {
	waiting, members := line{}, map[types.UID]member{}
	join := func(name string, minutes int, m member) *place {
		id := types.UID(name)
		waiting[id] = &place{
			cluster: id, name: types.NamespacedName{Namespace: "team", Name: name}, since: noon.Add(time.Duration(minutes) * time.Minute),
		}
		members[id] = m
		return waiting[id]
	}
	join("third", 2, member{})
	join("first", 0, member{})
	join("second-b", 1, member{})
	join("second-a", 1, member{})
	join("paused", 0, member{paused: true})
	join("deleted", 0, member{deleting: true})
	join("gone", 0, member{})
	delete(members, "gone")
	names := func(now time.Time) []types.UID {
		var found []types.UID
		for _, place := range waiting.inOrder(members, now) {
			found = append(found, place.cluster)
		}
		return found
	}
	require.Equal(t, []types.UID{"first", "second-a", "second-b", "third"}, names(noon))

	waiting["first"].offered = noon
	require.Equal(t, []types.UID{"first", "second-a", "second-b", "third"}, names(noon.Add(answerWithin-1)))
	require.Equal(t, []types.UID{"second-a", "second-b", "third", "first"}, names(noon.Add(answerWithin)), "it did not answer")
}

func TestANamespaceWhosePodsDoNotStartComesLater(t *testing.T) {
	stuck := member{
		name: types.NamespacedName{Namespace: "a", Name: "stuck"}, deadline: time.Minute,
		revision: &revision{number: 2, unrequested: true, made: noon},
	}
	waiting, members := line{}, map[types.UID]member{"stuck": stuck}
	for i, name := range []types.NamespacedName{{Namespace: "a", Name: "early"}, {Namespace: "b", Name: "late"}} {
		id := types.UID(name.Name)
		waiting[id] = &place{cluster: id, name: name, since: noon.Add(time.Duration(i) * time.Second)}
		members[id] = member{name: name}
	}
	first := func(now time.Time) types.UID { return waiting.inOrder(members, now)[0].cluster }
	require.Equal(t, types.UID("early"), first(noon.Add(stuck.deadline-1)))
	require.Equal(t, types.UID("late"), first(noon.Add(stuck.deadline)))
}
