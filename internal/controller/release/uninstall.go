package release

import (
	"errors"

	helmclient "github.com/operator-framework/helm-operator-plugins/pkg/client"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage/driver"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/barq-db/barq-operator/internal/helm/labels"
	"github.com/barq-db/barq-operator/internal/helm/storage"
)

// Uninstall removes the release, or hands it back to Helm, and settles before and after that what becomes of the volumes. Without a
// record the garbage collector deletes what an interrupted install has made, and the volumes are settled all the same.
func (a *actions) Uninstall(name string, _ ...helmclient.UninstallOption) (*release.UninstallReleaseResponse, error) {
	if err := a.keepVolumes(); err != nil {
		return nil, err
	}
	response, err := a.uninstallRelease(name)
	if err != nil && !errors.Is(err, driver.ErrReleaseNotFound) {
		return nil, err
	}
	if err := a.deleteVolumes(); err != nil {
		return nil, err
	}
	return response, err
}

// uninstallRelease removes the release, or hands it back to Helm. One that is not the operator's
// is left alone, and reported as not there, so that the BarqCluster itself can go.
//
// It deletes what the BarqCluster controls, and then the records. No manifest has a say. What the cache does not show yet
// goes with its owner.
func (a *actions) uninstallRelease(name string) (*release.UninstallReleaseResponse, error) {
	keeps, invalid := keepsRelease(a.cluster)
	found, err := a.ActionInterface.Get(name)
	if errors.Is(err, storage.ErrForeign) && invalid == nil {
		// It is left alone, and no reason to keep the BarqCluster.
		if keeps {
			if err := a.release(); err != nil {
				return nil, err
			}
		}
		return nil, driver.ErrReleaseNotFound
	}
	if err != nil {
		return nil, err
	}
	if a.isOfAnotherChart(found) || !labels.IsOurs(found) {
		return nil, driver.ErrReleaseNotFound
	}
	if invalid != nil {
		return nil, reconcile.TerminalError(invalid)
	}
	if keeps {
		if err := a.handBack(name); err != nil {
			return nil, err
		}
		return nil, driver.ErrReleaseNotFound
	}
	if err := a.uninstall(found); err != nil {
		return nil, err
	}
	releases := storage.Of(a.Config().Releases)
	if err := releases.DeleteAll(); err != nil {
		a.getter.written.Note(a.cluster.GetUID(), releases.Written())
		return nil, err
	}
	a.getter.written.Forget(a.cluster.GetUID())
	return &release.UninstallReleaseResponse{Release: found}, nil
}
