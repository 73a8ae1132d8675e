package release

import (
	"errors"
	"testing"
	"time"

	helmclient "github.com/operator-framework/helm-operator-plugins/pkg/client"
	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/release"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/barq-db/barq-operator/internal/clusters"
)

// refusingHelm makes revisions with which something is wrong.
type refusingHelm struct {
	helmclient.ActionInterface
	tries int
	err   error
}

func (h *refusingHelm) Upgrade(string, string, *chart.Chart, map[string]any, ...helmclient.UpgradeOption) (*release.Release, error) {
	h.tries++
	return nil, h.err
}

func (h *refusingHelm) Config() *action.Configuration {
	return &action.Configuration{Releases: inMemory()}
}

const invalid = `cannot patch "db" with kind StatefulSet: StatefulSet.apps "db" is invalid: spec.replicas: Invalid value: -1`

func TestWhatIsInvalidIsTriedOnce(t *testing.T) {
	now := clocktesting.NewFakeClock(began)
	helm := &refusingHelm{err: errors.New(invalid)}
	getter := newGetter(now, &slots{})
	inputs, objects := byte(1), "StatefulSet db one"
	tries := func() int {
		t.Helper()
		cluster := clusters.Object()
		cluster.SetUID("uid of db")
		pass := &actions{
			ActionInterface: helm, getter: getter, cluster: cluster, facts: &passFacts{},
			there: func(string) (string, error) { return objects, nil }, manifest: "manifest",
		}
		pass.inputs[0] = inputs
		helm.tries = 0
		_, err := pass.Upgrade("db", "team", nil, nil)
		require.Equal(t, helm.err.Error(), unwrapped(err).Error())
		return helm.tries
	}
	require.Equal(t, 1, tries())
	require.Equal(t, 0, tries())

	inputs = 2
	require.Equal(t, 1, tries(), "another spec")
	require.Equal(t, 0, tries())
	objects = "StatefulSet db two"
	require.Equal(t, 1, tries(), "the object was made anew")
	require.Equal(t, 0, tries())
	now.Step(refusedFor + time.Second)
	require.Equal(t, 1, tries(), "who admits objects may have changed")
	require.Equal(t, 0, tries())

	inputs, helm.err = 3, errors.New("connection refused")
	require.Equal(t, 1, tries())
	require.Equal(t, 1, tries(), "what is not invalid is tried again")
}

// unwrapped gives the error that the library ends a pass with, without the mark of one
// that is not tried again.
func unwrapped(err error) error {
	if errors.Is(err, reconcile.TerminalError(nil)) {
		return errors.Unwrap(err)
	}
	return err
}
