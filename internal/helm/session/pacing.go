package session

import (
	"maps"
	"slices"
	"strconv"

	helmclient "github.com/operator-framework/helm-operator-plugins/pkg/client"
	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/release"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	corev1 "k8s.io/api/core/v1"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/helm/labels"
	"github.com/barq-db/barq-operator/internal/helm/manifest"
	"github.com/barq-db/barq-operator/internal/helm/upgrade"
)

// pace decides whether the upgrade to what was rendered goes now. While it has to wait it
// gives the newest revision instead, so that the library finds nothing to upgrade, and
// keeps the objects as that revision has them.
func (s *Session) pace(name string, rendered *release.Release, values map[string]any) (*release.Release, error) {
	if s.known.newest == nil {
		newest, err := s.ActionInterface.Get(name)
		if err != nil {
			return nil, err
		}
		s.known.newest = newest
	}
	var err error
	restarting := func() (bool, error) {
		if !labels.Believed(s.known.newest) {
			return upgrade.RestartsLivePods(s.ctx, s.sessions.Owned.Cache, s.cluster, rendered.Manifest)
		}
		return manifest.RestartsPods(s.known.newest.Manifest, rendered.Manifest)
	}
	if s.next.plan, err = upgrade.PlanOf(s.known.newest, s.known.asked, values, restarting); err != nil {
		return nil, err
	}
	if DataAtRisk(s.cluster) && !s.known.asked.Edited(s.known.newest) && !s.next.plan.Resumes {
		// A new Secret and a new operator can wait; the data on a claim that is being deleted goes with the next restart.
		restarts, err := restarting()
		if err != nil {
			return nil, err
		}
		if s.next.held = restarts; restarts {
			s.sessions.Rollouts.Hold(s.cluster)
			return s.known.newest, nil
		}
	}
	if !s.next.plan.Waits {
		return rendered, nil
	}
	change, err := upgrade.ChangeOf(s.known.newest, rendered)
	if err != nil {
		return nil, err
	}
	begins, err := s.sessions.Rollouts.Begin(s.ctx, s.cluster, change)
	if err != nil {
		return nil, err
	}
	if s.next.held = !begins; s.next.held {
		return s.known.newest, nil
	}
	return rendered, nil
}

// DataAtRisk reports whether the volumes controller says that data goes when a pod stops.
func DataAtRisk(cluster client.Object) bool {
	return says(cluster, v1alpha1.ConditionVolumesResized, v1alpha1.ReasonDataAtRisk)
}

// wasQueued reports whether the status says that a change waits that the spec does not ask for.
func wasQueued(cluster client.Object) bool {
	return says(cluster, v1alpha1.ConditionChangesPending, v1alpha1.ReasonRolloutQueued)
}

// says reports whether a condition of the BarqCluster has a reason.
func says(cluster client.Object, name, reason string) bool {
	object, ok := cluster.(*unstructured.Unstructured)
	if !ok {
		return false
	}
	status, _ := object.Object["status"].(map[string]any)
	conditions, _ := status["conditions"].([]any)
	return slices.ContainsFunc(conditions, func(condition any) bool {
		named, _ := condition.(map[string]any)
		return named["type"] == name && named["reason"] == reason
	})
}

// upgraded tells of a revision that was made, whether or not it failed.
func (s *Session) upgraded(made *release.Release) {
	switch {
	case !s.next.plan.Waits && !s.next.plan.Resumes:
		s.sessions.Rollouts.Leave(s.cluster.GetUID())
	case made != nil:
		s.sessions.Rollouts.Made(s.cluster, made.Version)
	}
}

// labels are those of the next revision. They mark it as the operator's (see guard),
// and say what it was made for.
func (s *Session) labels() map[string]string {
	made := map[string]string{
		labels.ManagedBy:  labels.Operator,
		labels.Generation: strconv.FormatInt(s.known.asked.Generation, 10),
		labels.Rollout:    s.next.plan.Rollout,
	}
	if s.next.adoptedSecrets != "" {
		made[labels.AdoptedSecrets] = s.next.adoptedSecrets
	}
	return made
}

func withInstallLabels(made map[string]string) helmclient.InstallOption {
	return func(install *action.Install) error {
		install.Labels = maps.Clone(made)
		return nil
	}
}

func withUpgradeLabels(labels map[string]string) helmclient.UpgradeOption {
	return func(upgrade *action.Upgrade) error {
		upgrade.Labels = maps.Clone(labels)
		return nil
	}
}

// tellsRestart records why the upgrade that was made restarts pods.
func (s *Session) tellsRestart() {
	if s.sessions.Events == nil || len(s.next.restarts) == 0 {
		return
	}
	s.sessions.Events.Eventf(s.cluster, nil, corev1.EventTypeNormal, v1alpha1.ReasonRollingOut, "Upgrade",
		"the pods are replaced, because %s", s.facts.Objects.Cause.Why)
}
