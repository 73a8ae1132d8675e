package session

import (
	"maps"
	"strconv"

	helmclient "github.com/operator-framework/helm-operator-plugins/pkg/client"
	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/release"

	"github.com/barq-db/barq-operator/internal/helm/labels"
	"github.com/barq-db/barq-operator/internal/helm/manifest"
	"github.com/barq-db/barq-operator/internal/helm/upgrade"
)

// pace decides whether the upgrade to what was rendered goes now. While it has to wait, pace returns the newest
// revision instead. So the library finds nothing to upgrade, and keeps the objects as that revision has them
// (assumption 5 of the package).
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
	if upgrade.DataAtRisk(s.cluster) && !s.known.asked.Edited(s.known.newest) && !s.next.plan.Resumes {
		// The next restart deletes the data of a PVC that is being deleted, so a new Secret and a new operator wait.
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

// upgraded tells the queue of rollouts which revision was created, whether or not it failed.
func (s *Session) upgraded(made *release.Release) {
	switch {
	case !s.next.plan.Waits && !s.next.plan.Resumes:
		s.sessions.Rollouts.Leave(s.cluster.GetUID())
	case made != nil:
		s.sessions.Rollouts.Made(s.cluster, made.Version)
	}
}

// labels returns the labels of the next revision. They mark it as the operator's (see guard), and say for which spec it
// is.
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

func withUpgradeLabels(made map[string]string) helmclient.UpgradeOption {
	return func(upgrade *action.Upgrade) error {
		upgrade.Labels = maps.Clone(made)
		return nil
	}
}
