package session

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

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/helm/kubeclient"
	"github.com/barq-db/barq-operator/internal/helm/owned"
	"github.com/barq-db/barq-operator/internal/helm/releasetest"
)

// refusingHelm creates revisions and returns an error for them.
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

var invalid = apierrors.NewInvalid(schema.GroupKind{Group: "apps", Kind: "StatefulSet"}, "db",
	field.ErrorList{field.Invalid(field.NewPath("spec", "replicas"), -1, "")})

func TestWhatIsRefusedIsTriedAgainLater(t *testing.T) {
	now := clocktesting.NewFakeClock(releasetest.Began)
	helm := &refusingHelm{err: invalid}
	there := &objects{there: "StatefulSet db one"}
	sessions, inputs := newSessions(now, helm, there, &slots{}), byte(1)
	tries := func() int {
		t.Helper()
		cluster := clusters.Object()
		cluster.SetUID("uid of db")
		pass := &Session{ActionInterface: helm, sessions: sessions, ctx: t.Context(), cluster: cluster, next: next{manifest: "manifest"}}
		pass.next.inputs[0] = inputs
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
	there.there = "StatefulSet db two"
	require.Equal(t, 1, tries(), "the object was made anew")
	require.Equal(t, 0, tries())
	const minute = time.Minute
	for _, delay := range []time.Duration{minute, 2 * minute, 4 * minute, 8 * minute, 10 * minute, 10 * minute} {
		now.Step(delay - time.Second)
		require.Equal(t, 0, tries(), "it is tried after %s", delay)
		now.Step(2 * time.Second)
		require.Equal(t, 1, tries(), "what the API server admits may have changed")
		require.Equal(t, 0, tries())
	}
	inputs = 1
	require.Equal(t, 1, tries(), "an edit is tried at once")

	inputs, helm.err = 3, errors.New("connection refused")
	require.Equal(t, 1, tries())
	require.Equal(t, 1, tries(), "what is not refused is tried again")

	helm.err = owned.Awaited{Err: errors.New("the Service is being deleted")}
	require.Equal(t, 1, tries())
	require.Equal(t, 1, tries(), "what ends by itself too")
}

// unwrapped returns the error without the time of the next try.
func unwrapped(err error) error {
	var waits kubeclient.Later
	if errors.As(err, &waits) {
		return waits.Err
	}
	return err
}
