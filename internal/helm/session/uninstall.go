package session

import (
	"errors"
	"fmt"

	helmclient "github.com/operator-framework/helm-operator-plugins/pkg/client"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage/driver"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/barq-db/barq-operator/internal/adoption"
	"github.com/barq-db/barq-operator/internal/helm/labels"
	"github.com/barq-db/barq-operator/internal/helm/records"
	"github.com/barq-db/barq-operator/internal/helm/storage"
)

// Uninstall removes the release, or hands it back to Helm. Before and after, it applies the spec's retention to the
// volumes. If there is no record, the garbage collector deletes what an interrupted install has created, and the
// retention applies all the same (assumption 10 of the package).
func (s *Session) Uninstall(name string, _ ...helmclient.UninstallOption) (*release.UninstallReleaseResponse, error) {
	if err := s.sessions.Retention.Keep(s.ctx, s.cluster); err != nil {
		return nil, err
	}
	response, err := s.uninstallRelease(name)
	if err != nil && !errors.Is(err, driver.ErrReleaseNotFound) {
		return nil, err
	}
	if err := s.sessions.Retention.Delete(s.ctx, s.cluster); err != nil {
		return nil, err
	}
	return response, err
}

// uninstallRelease removes the release, or hands it back to Helm. It leaves a release alone that is not the operator's,
// and reports it as not found, so that the BarqCluster can be deleted.
//
// It deletes what the BarqCluster controls, and then the records. It does not use manifests. The garbage collector
// deletes what the cache does not show yet, with the owner.
func (s *Session) uninstallRelease(name string) (*release.UninstallReleaseResponse, error) {
	keeps, invalid := adoption.HandsBack(s.cluster)
	found, err := s.ActionInterface.Get(name)
	if errors.Is(err, records.ErrForeign) && invalid == nil {
		// The release is left alone, and does not keep the BarqCluster.
		if keeps {
			if err := s.sessions.Objects.Release(s.ctx, s.cluster); err != nil {
				return nil, err
			}
		}
		return nil, driver.ErrReleaseNotFound
	}
	if err != nil {
		return nil, err
	}
	if s.isOfAnotherChart(found) || !labels.IsOurs(found) {
		return nil, driver.ErrReleaseNotFound
	}
	if invalid != nil {
		return nil, reconcile.TerminalError(invalid)
	}
	if keeps {
		if err := s.handBack(name); err != nil {
			return nil, err
		}
		return nil, driver.ErrReleaseNotFound
	}
	if err := s.sessions.Objects.Delete(s.ctx, s.cluster, labels.Believed(found)); err != nil {
		return nil, err
	}
	releases := storage.Of(s.Config().Releases)
	if err := releases.DeleteAll(); err != nil {
		s.sessions.written.Note(s.cluster.GetUID(), releases.Written())
		return nil, err
	}
	s.sessions.written.Forget(s.cluster.GetUID())
	return &release.UninstallReleaseResponse{Release: found}, nil
}

// handBack hands the objects of the release back to Helm, and then its records.
func (s *Session) handBack(name string) error {
	s.invalidate()
	err := s.sessions.Objects.Release(s.ctx, s.cluster)
	if err == nil {
		err = adoption.HandBack(storage.Of(s.Config().Releases), s.cluster.GetUID())
	}
	if err != nil {
		return fmt.Errorf("handing back Helm release %q: %w", name, err)
	}
	return nil
}
