package release

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage/driver"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/utils/clock"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/helm/labels"
)

var adopt = map[string]string{"barq.db/adopt-release": "vectors"}

func TestOnlyADeployedReleaseIsTakenOver(t *testing.T) {
	for status, want := range map[release.Status]string{
		release.StatusDeployed: "",
		release.StatusFailed:   `the Helm release "vectors" is failed and can be taken over only when it is deployed; bring it there with helm upgrade or helm rollback`,
		// A person's Helm is at work on it; it is not the operator's to recover.
		release.StatusPendingUpgrade: `the Helm release "vectors" is pending-upgrade and can be taken over only when it is deployed; bring it there with helm upgrade or helm rollback`,
	} {
		t.Run(status.String(), func(t *testing.T) {
			actions, inner := newActions(t, "barq-db", nil, status, time.Hour)
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
	actions, inner := newActions(t, "barq-db", nil, release.StatusDeployed, time.Hour)
	actions.cluster.SetAnnotations(adopt)
	actions.deleting = true
	_, err := actions.Uninstall("vectors")
	require.ErrorIs(t, err, driver.ErrReleaseNotFound)
	require.False(t, inner.uninstalled)
}

// adoption is one pass over a BarqCluster that is to take over the release.
func adoption(helm *renderingHelm, replicas int32) *actions {
	cluster := clusters.Object()
	cluster.SetNamespace("team")
	cluster.SetName("vectors")
	cluster.SetAnnotations(adopt)
	return &actions{
		ActionInterface: helm, cluster: cluster, asked: request{generation: 1},
		getter: newGetter(clock.RealClock{}, &slots{taken: true}), facts: &passFacts{},
		// An API server on which the pods are not what the release says.
		try: func(patch func(*appsv1.StatefulSet) ([]byte, error)) (*appsv1.StatefulSet, *appsv1.StatefulSet, error) {
			live := &appsv1.StatefulSet{Spec: appsv1.StatefulSetSpec{Replicas: ptr.To(replicas)}}
			if _, err := patch(live); err != nil {
				return nil, nil, err
			}
			patched := live.DeepCopy()
			patched.Spec.Replicas = ptr.To[int32](1)
			return live, patched, nil
		},
	}
}

func byHand(manifest string, values map[string]any) *release.Release {
	newest := revision(release.StatusDeployed, manifest, nil)
	newest.Chart, newest.Config = &chart.Chart{Metadata: &chart.Metadata{Name: "barq-db"}}, values
	return newest
}

func takeOver(t *testing.T, pass *actions, values map[string]any) error {
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
	helm := &renderingHelm{newest: byHand(before, nil), manifest: before}
	require.NoError(t, takeOver(t, adoption(helm, 1), map[string]any{"secretsChecksum": "one"}))
	made := labelled("1", "requested")
	made[labels.AdoptedSecrets] = "one"
	require.Equal(t, made, helm.newest.Labels)
	require.Equal(t, map[string]any{"secretsChecksum": ""}, helm.newest.Config)

	require.NoError(t, takeOver(t, adoption(helm, 1), map[string]any{"secretsChecksum": "one"}))
	require.Equal(t, map[string]any{"secretsChecksum": ""}, helm.newest.Config)
	require.NoError(t, takeOver(t, adoption(helm, 1), map[string]any{"secretsChecksum": "two"}))
	require.Equal(t, map[string]any{"secretsChecksum": "two"}, helm.newest.Config)
	require.Equal(t, made, helm.newest.Labels, "the old Secret gives the old pods")
}

// Somebody who gave Helm a checksum has it on the pods.
func TestAChecksumThatThePodsHaveStays(t *testing.T) {
	helm := &renderingHelm{newest: byHand(before, map[string]any{"secretsChecksum": "one"}), manifest: before}
	require.NoError(t, takeOver(t, adoption(helm, 1), map[string]any{"secretsChecksum": "one"}))
	require.Equal(t, map[string]any{"secretsChecksum": "one"}, helm.newest.Config)
	require.Equal(t, labelled("1", "requested"), helm.newest.Labels)
}

func TestPodsAreNotRemovedByATakeover(t *testing.T) {
	helm := &renderingHelm{newest: byHand(before, nil), manifest: before}
	require.EqualError(t, takeOver(t, adoption(helm, 2), map[string]any{}),
		`taking over the Helm release "vectors" would restart or remove its pods, because the spec asks for another StatefulSet in spec.replicas; `+
			`write the spec so that it gives what runs, and change it afterwards`)
	require.Empty(t, helm.made)
}
