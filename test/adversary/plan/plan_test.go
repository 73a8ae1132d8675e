package plan_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/test/adversary/plan"
	"github.com/barq-db/barq-operator/test/forgery"
)

var world = plan.World{
	Home: "home", Clusters: []string{"a", "b"}, Others: []string{"honest"}, Namespaces: []string{"home", "victims"},
	Targets: []forgery.Target{
		{APIVersion: "v1", Kind: "ConfigMap", Namespace: "victims", Name: "precious"}, {APIVersion: "v1", Kind: "Secret", Namespace: "home", Name: "precious"},
	},
}

func steps(seed uint64, count int) []string {
	made := plan.New(seed, world)
	var found []string
	for range count {
		found = append(found, made.Next().String())
	}
	return found
}

// A failure can be made again only if the seed gives the same again.
func TestOneSeedGivesOneSequence(t *testing.T) {
	first, again, other := steps(1, 500), steps(1, 500), steps(2, 500)
	require.Equal(t, first, again)
	require.NotEqual(t, first, other)
}

func TestEveryDeedAndEditComes(t *testing.T) {
	all := strings.Join(steps(1, 5_000), "\n")
	for _, deed := range []plan.Deed{
		plan.Forge, plan.Create, plan.Edit, plan.Delete, plan.HandBack, plan.Adopt, plan.RemoveRecords, plan.Bombs, plan.Kill, plan.Restart,
	} {
		require.Contains(t, "\n"+all, "\n"+string(deed)+" ", deed)
	}
	for _, text := range []string{
		"hook pre-delete", "for power", "append ConfigMap", "status pending-upgrade", "deployed 9999", "revision 9223372036854775807", "unmarked", "unsigned",
		"signed with", "stored as", "(list)", "from the oldest record", "then hand back", "then adopt", "then nothing", "cut in half", "again of",
	} {
		require.Contains(t, all, text)
	}
}
