package release

import (
	"context"
	"fmt"
	"time"

	helmclient "github.com/operator-framework/helm-operator-plugins/pkg/client"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage/driver"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	// managedByLabel marks the stored releases that the operator made. A release
	// without it was made by a person with Helm, and is theirs.
	managedByLabel = "barq.db/managed-by"
	managedBy      = "barq-operator"

	// interruptedAfter is the age at which an unfinished release counts as left over
	// from an operator that stopped. A living one finishes its pass in well under a
	// second, and one that lost its lease stops within the lease's 15 seconds.
	interruptedAfter = 15 * time.Second
)

// actionsGetter gives each pass Helm actions that know which releases are the
// operator's and that recover an interrupted one.
type actionsGetter struct {
	helmclient.ActionClientGetter
	chart string
	clock clock.Clock
}

// ActionClientFor gives the actions for one pass over one BarqCluster.
func (g *actionsGetter) ActionClientFor(ctx context.Context, cluster client.Object) (helmclient.ActionInterface, error) {
	inner, err := g.ActionClientGetter.ActionClientFor(ctx, cluster)
	if err != nil {
		return nil, err
	}
	return &actions{
		ActionInterface: inner,
		chart:           g.chart,
		clock:           g.clock,
		stopping:        ctx.Done(),
		deleting:        cluster.GetDeletionTimestamp() != nil,
	}, nil
}

type actions struct {
	helmclient.ActionInterface
	chart string
	clock clock.Clock
	// stopping is closed when the operator stops.
	stopping <-chan struct{}
	// deleting: the BarqCluster is being deleted. Helm uninstalls an unfinished
	// release as well as any other, so there is nothing to recover.
	deleting bool
}

// Get gives the newest revision of the release. It fails for a release that is
// not the operator's, which keeps the library from every further action on it.
func (a *actions) Get(name string, opts ...helmclient.GetOption) (*release.Release, error) {
	found, err := a.ActionInterface.Get(name, opts...)
	if err != nil {
		return nil, err
	}
	if err := a.guard(found); err != nil {
		return nil, err
	}
	if a.deleting || !unfinished(found) {
		return found, nil
	}
	return a.recover(name, found)
}

// Uninstall removes the release. One that is not the operator's is left alone, and
// reported as not there, so that the BarqCluster itself can go.
func (a *actions) Uninstall(name string, opts ...helmclient.UninstallOption) (*release.UninstallReleaseResponse, error) {
	found, err := a.ActionInterface.Get(name)
	if err != nil {
		return nil, err
	}
	if a.guard(found) != nil {
		return nil, driver.ErrReleaseNotFound
	}
	return a.ActionInterface.Uninstall(name, opts...)
}

// guard refuses a release that the operator did not make.
func (a *actions) guard(found *release.Release) error {
	if name := found.Chart.Name(); name != a.chart {
		return fmt.Errorf("a Helm release named %q of chart %q exists in this namespace and is not touched; "+
			"give the BarqCluster another name, or remove that release", found.Name, name)
	}
	if found.Labels[managedByLabel] != managedBy {
		return fmt.Errorf("the Helm release %q was installed by hand and is not taken over; "+
			"give the BarqCluster another name, or remove that release", found.Name)
	}
	return nil
}

// unfinished tells whether the revision was begun and never finished. Only one
// pass over a BarqCluster runs at a time, so whoever began it is gone.
func unfinished(found *release.Release) bool {
	return found.Info.Status.IsPending() || found.Info.Status == release.StatusUninstalling
}

// recover marks an interrupted revision as failed, after which Helm upgrades from
// it. Without that, Helm reports another operation in progress for ever.
//
// It waits until the revision is old enough. That holds one worker for seconds,
// for each of the few releases that were under way when an operator was killed;
// an error instead would be retried with delays that grow into minutes.
func (a *actions) recover(name string, found *release.Release) (*release.Release, error) {
	if left := interruptedAfter - a.clock.Since(found.Info.LastDeployed.Time); left > 0 {
		select {
		case <-a.clock.After(left):
		case <-a.stopping:
			return nil, fmt.Errorf("the operator stops while revision %d of Helm release %q is %s", found.Version, name, found.Info.Status)
		}
		return a.Get(name)
	}
	found.SetStatus(release.StatusFailed, "interrupted: the operator stopped while it was "+found.Info.Status.String())
	if err := a.Config().Releases.Update(found); err != nil {
		return nil, fmt.Errorf("marking interrupted revision %d of Helm release %q: %w", found.Version, name, err)
	}
	return found, nil
}
