package session

import (
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage/driver"
	"k8s.io/utils/clock"

	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/helm/labels"
	"github.com/barq-db/barq-operator/internal/helm/releasetest"
	"github.com/barq-db/barq-operator/internal/helm/upgrade"
)

var adopt = map[string]string{"barq.db/adopt-release": "vectors"}

func TestOnlyADeployedReleaseIsTakenOver(t *testing.T) {
	for status, want := range map[release.Status]string{
		release.StatusDeployed: "",
		release.StatusFailed:   `the Helm release "vectors" is failed and can be taken over only when it is deployed; make it so with helm upgrade or helm rollback`,
		// A person's Helm works on this release, so the operator does not recover it.
		release.StatusPendingUpgrade: `the Helm release "vectors" is pending-upgrade and can be taken over only when it is deployed; make it so with helm upgrade or helm rollback`,
	} {
		t.Run(status.String(), func(t *testing.T) {
			actions, inner := newSession(t, "barq-db", nil, status)
			actions.cluster.SetAnnotations(adopt)
			_, err := actions.Get("vectors")
			if want != "" {
				require.EqualError(t, err, want)
			} else {
				require.ErrorIs(t, err, errNotTakenOver, "the status does not name it yet")
				_, err = actions.Get("vectors")
				require.NoError(t, err)
			}
			stored, err := inner.config.Releases.Last("vectors")
			require.NoError(t, err)
			require.Equal(t, status, stored.Info.Status)
		})
	}
}

func TestAReleaseThatWasNotTakenOverYetIsNotUninstalled(t *testing.T) {
	actions, inner := newSession(t, "barq-db", nil, release.StatusDeployed)
	actions.cluster.SetAnnotations(adopt)
	isDeleted(actions)
	_, err := actions.Uninstall("vectors")
	require.ErrorIs(t, err, driver.ErrReleaseNotFound)
	require.False(t, inner.objects.deleted)
}

// adopting returns a session of a BarqCluster that is to adopt the release.
func adopting(t *testing.T, helm *renderingHelm, replicas int32) *Session {
	cluster := clusters.Object()
	cluster.SetNamespace("team")
	cluster.SetName("vectors")
	cluster.SetAnnotations(adopt)
	return &Session{
		ActionInterface: helm, ctx: t.Context(), cluster: cluster, known: known{asked: upgrade.Request{Generation: 1}},
		sessions: newSessions(clock.RealClock{}, helm, &objects{replicas: replicas}, &slots{taken: true}),
	}
}

func byHand(manifest string, values map[string]any) *release.Release {
	newest := releasetest.Revision(release.StatusDeployed, manifest, nil)
	newest.Chart, newest.Config = &chart.Chart{Metadata: &chart.Metadata{Name: "barq-db"}}, values
	return newest
}

func takeOver(t *testing.T, pass *Session, values map[string]any) error {
	t.Helper()
	if _, err := pass.Get("vectors"); err != nil {
		require.ErrorIs(t, err, errNotTakenOver)
	}
	_, err := pass.Get("vectors")
	require.NoError(t, err)
	if _, err := pass.Upgrade("vectors", "team", nil, values, dryRun); err != nil {
		return err
	}
	_, err = pass.Upgrade("vectors", "team", nil, values)
	return err
}

func TestTheChecksumOfSecretsWaitsForAChange(t *testing.T) {
	helm := &renderingHelm{newest: byHand(releasetest.Before, nil), manifest: releasetest.Before}
	require.NoError(t, takeOver(t, adopting(t, helm, 1), map[string]any{"secretsChecksum": "one"}))
	made := releasetest.Labels("1", "requested")
	made[labels.AdoptedSecrets] = "one"
	require.Equal(t, made, helm.newest.Labels)
	require.Equal(t, map[string]any{"secretsChecksum": ""}, helm.newest.Config)

	require.NoError(t, takeOver(t, adopting(t, helm, 1), map[string]any{"secretsChecksum": "one"}))
	require.Equal(t, map[string]any{"secretsChecksum": ""}, helm.newest.Config)
	require.NoError(t, takeOver(t, adopting(t, helm, 1), map[string]any{"secretsChecksum": "two"}))
	require.Equal(t, map[string]any{"secretsChecksum": "two"}, helm.newest.Config)
	require.Equal(t, made, helm.newest.Labels, "the old Secret gives the old pods")
}

// A person who passed a checksum to Helm has it on the pods.
func TestAChecksumThatThePodsHaveStays(t *testing.T) {
	helm := &renderingHelm{newest: byHand(releasetest.Before, map[string]any{"secretsChecksum": "one"}), manifest: releasetest.Before}
	require.NoError(t, takeOver(t, adopting(t, helm, 1), map[string]any{"secretsChecksum": "one"}))
	require.Equal(t, map[string]any{"secretsChecksum": "one"}, helm.newest.Config)
	require.Equal(t, releasetest.Labels("1", "requested"), helm.newest.Labels)
}

func TestPodsAreNotRemovedByATakeover(t *testing.T) {
	helm := &renderingHelm{newest: byHand(releasetest.Before, nil), manifest: releasetest.Before}
	require.EqualError(t, takeOver(t, adopting(t, helm, 2), map[string]any{}),
		`taking over the Helm release "vectors" would restart or delete its pods, because the spec asks for another StatefulSet in spec.replicas. `+
			`Write a spec that gives what runs, and change it afterwards`)
	require.Empty(t, helm.made)
}
