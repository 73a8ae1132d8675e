package rollout

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/types"
)

func TestMessage(t *testing.T) {
	require.Equal(t, "the pods need a restart for a change that the operator brings, not the spec; the operator restarts at most "+
		"2 BarqCluster(s) at a time (--max-unrequested-rollouts), and others come first", message(2, "", unplaced, ""))
	require.Equal(t, "the pods need a restart for a change that the operator brings, not the spec (spec.priorityClassName); the operator restarts "+
		"at most 1 BarqCluster(s) at a time (--max-unrequested-rollouts), and this one is next; more", message(1, "spec.priorityClassName", 0, "; more"))
	require.Equal(t, "the pods need a restart for a change that the operator brings, not the spec; --max-unrequested-rollouts of the "+
		"operator is 0, so the restart waits until it is raised; still restarting: a", message(0, "", 3, "; still restarting: a"))
}

func TestHowManyComeFirst(t *testing.T) {
	for ahead, want := range map[int]string{
		unplaced: "others come first", 0: "this one is next", 1: "1 other that waits comes first", 9: "9 others that wait come first",
		10: "at least 10 others that wait come first", 99: "at least 10 others that wait come first", 100: "at least 100 others that wait come first",
		12345: "at least 10000 others that wait come first",
	} {
		require.Equal(t, want, others(ahead))
	}
}

func TestOnlySlowRolloutsAreTold(t *testing.T) {
	holders := map[types.UID]holder{}
	begin := func(name string, ago time.Duration) {
		holders[types.UID(name)] = holder{name: types.NamespacedName{Namespace: "team", Name: name}, since: noon.Add(-ago)}
	}
	told, left := slowest(holders, noon)
	require.Empty(t, told)
	require.Zero(t, left)

	begin("quick", slowAfter-2*time.Second)
	begin("quicker", slowAfter-5*time.Second)
	told, left = slowest(holders, noon)
	require.Empty(t, told)
	require.Equal(t, 2*time.Second, left)

	begin("c", slowAfter)
	begin("b", slowAfter)
	begin("a", 2*slowAfter)
	begin("e", slowAfter)
	begin("d", slowAfter)
	told, left = slowest(holders, noon)
	require.Equal(t, "; still restarting: team/a since 2026-01-02T11:59:00Z, team/b since 2026-01-02T11:59:30Z, "+
		"team/c since 2026-01-02T11:59:30Z, 2 more", told)
	require.Equal(t, 2*time.Second, left)
}
