package session

import (
	"errors"
	"fmt"

	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage/driver"

	"github.com/barq-db/barq-operator/internal/helm/labels"
)

// unfinished reports whether the operator has begun a revision and not finished it. Only one reconcile of a BarqCluster
// runs at a time, so the reconcile that began the revision has ended.
func unfinished(found *release.Release) bool {
	return found.Info.Status.IsPending() || found.Info.Status == release.StatusUninstalling
}

// recover marks an interrupted revision as failed, after which Helm upgrades from it. Without that, Helm would report
// for ever that another operation is in progress.
//
// The worker that began the revision is gone. One reconcile of a BarqCluster runs at a time, and an operator that loses
// its lease stops before another one gets it.
func (s *Session) recover(name string, found *release.Release) error {
	failed := withStatus(found, release.StatusFailed, "interrupted: the operator stopped while it was "+found.Info.Status.String())
	if err := s.Config().Releases.Update(failed); err != nil {
		return fmt.Errorf("marking interrupted revision %d of Helm release %q: %w", found.Version, name, err)
	}
	found.Info = failed.Info
	return nil
}

// withStatus returns a copy of a revision in another state. The storage returns its own revision, which must not change
// before the other state is stored: a reconcile asks for it more than once.
func withStatus(revision *release.Release, status release.Status, description string) *release.Release {
	changed, info := *revision, *revision.Info
	changed.Info = &info
	changed.SetStatus(status, description)
	return &changed
}

// supersede marks earlier revisions that are still stored as deployed although the newest one is deployed. There can be
// such revisions because Helm only logs when it cannot store that an upgrade has superseded one.
func (s *Session) supersede(newest *release.Release) error {
	if newest.Info.Status != release.StatusDeployed {
		return nil
	}
	releases := s.Config().Releases
	revisions, err := releases.History(newest.Name)
	if err != nil && !errors.Is(err, driver.ErrReleaseNotFound) {
		return fmt.Errorf("reading the revisions of Helm release %q: %w", newest.Name, err)
	}
	for _, earlier := range revisions {
		if earlier.Version >= newest.Version || earlier.Info.Status != release.StatusDeployed || !labels.Believed(earlier) {
			continue
		}
		if err := releases.Update(withStatus(earlier, release.StatusSuperseded, earlier.Info.Description)); err != nil {
			return fmt.Errorf("marking revision %d of Helm release %q as superseded: %w", earlier.Version, newest.Name, err)
		}
	}
	return nil
}
