package release

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"

	helmclient "github.com/operator-framework/helm-operator-plugins/pkg/client"
	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/release"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/internal/helm/capabilities"
	"github.com/barq-db/barq-operator/internal/helm/kubeclient"
	"github.com/barq-db/barq-operator/internal/helm/labels"
	"github.com/barq-db/barq-operator/internal/helm/owned"
	"github.com/barq-db/barq-operator/internal/helm/storage"
)

// finds lists the Secrets in which the release is stored.
func (a *actions) finds(ctx context.Context) error {
	known, deployed, err := storage.Cached(ctx, a.getter.secrets, client.ObjectKeyFromObject(a.cluster))
	if err != nil {
		return err
	}
	a.stored = a.getter.written.Onto(a.cluster.GetUID(), known)
	// Of those that were written since, the labels are out of date.
	maps.DeleteFunc(deployed, func(name string, _ bool) bool { return a.stored[name] != known[name] })
	a.facts.records.Stored, a.facts.records.CalledDeployed = a.stored, deployed
	set, err := owned.Cached(ctx, a.getter.objects, owned.Name{Kind: owned.StatefulSetKind, Key: client.ObjectKeyFromObject(a.cluster)})
	a.facts.records.TakenOver = set != nil && owned.Controls(a.cluster, set)
	return err
}

// begins finds out what is known of the release.
func (a *actions) begins() (err error) {
	uid := a.cluster.GetUID()
	if a.asked, err = requestOf(a.cluster); err != nil {
		return err
	}
	var known bool
	a.settled = a.getter.settled.find(uid, a.stored.String())
	if a.server, known = a.getter.capabilities.Known(); known && a.settled != nil {
		return nil
	}
	a.facts.trustsAbsence = len(a.stored) == 0
	if err := a.open(); err != nil {
		return err
	}
	a.server = capabilities.Sum(a.Config().Capabilities)
	return nil
}

// actions are those of one pass over one BarqCluster, which one worker makes.
type actions struct {
	// ActionInterface are Helm's, once the pass needs them.
	helmclient.ActionInterface
	open    func() error
	getter  *actionsGetter
	cluster client.Object
	facts   *passFacts
	// deleting: the BarqCluster is being deleted. What is stored decides nothing of that,
	// so there is nothing to recover.
	deleting bool
	// unchanged tells whether objects are in the versions in which they were seen.
	unchanged func(owned.Versions) (bool, error)
	// intact gives the objects of a manifest if they are what it asks for.
	intact func(manifest string) (owned.Versions, error)
	// there names the objects of a manifest that exist.
	there func(manifest string) (string, error)
	// begin asks for a slot for a roll-out that nobody asked for.
	begin func(change string) (bool, error)
	// try tells what a patch would make of the StatefulSet.
	try statefulSetTrial
	// restarts tells whether what was rendered restarts the pods that there are.
	restarts func(rendered *release.Release) (bool, error)
	// uninstall deletes what the BarqCluster of a stored release controls, and release ends its ownership of that.
	uninstall func(stored *release.Release) error
	release   func() error
	// keepVolumes and deleteVolumes are those of Retention.
	keepVolumes, deleteVolumes func() error

	// stored is what the release storage had when the pass began.
	stored storage.Versions
	// server sums up the capabilities of the API server.
	server [sha256.Size]byte
	// inputs sums up what this pass renders from, once it has.
	inputs [sha256.Size]byte
	// manifest is what this pass rendered, once it has.
	manifest string
	// settled is what an earlier pass found, if nothing changed in the storage since, as long as this pass has found nothing else.
	settled *settledRelease
	// asked is what a person asks for.
	asked request
	// newest is the newest revision, once it was read.
	newest *release.Release
	// plan is how the upgrade goes, if there is one to make.
	plan plan
	// held: the upgrade has to wait.
	held bool
	// named: the library has asked for the release to name it in the status.
	named bool
	// adoptedSecrets sums up the Secrets with which the release was adopted, if it was.
	adoptedSecrets string
}

// Get gives the newest revision of the release. It fails for a release that is
// not the operator's, which keeps the library from every further action on it.
func (a *actions) Get(name string, opts ...helmclient.GetOption) (*release.Release, error) {
	if a.settled != nil {
		return a.settled.release, nil
	}
	found, err := a.ActionInterface.Get(name, opts...)
	if err != nil {
		return nil, err
	}
	if err := a.guard(found); err != nil {
		return nil, err
	}
	if !labels.IsOurs(found) && !a.named {
		a.named = true
		return nil, errNotTakenOver
	}
	if !a.deleting && labels.IsOurs(found) && unfinished(found) {
		if err := a.recover(name, found); err != nil {
			return nil, err
		}
	}
	if !a.deleting && labels.IsOurs(found) {
		if err := a.supersede(found); err != nil {
			return nil, err
		}
	}
	a.newest = found
	return found, nil
}

// errNotTakenOver is what the library gets when it asks for a release to name it in the
// status, before it looks at the spec. It ignores errors there; and a release that was
// not taken over yet, and may never be, is not to be named.
var errNotTakenOver = errors.New("the release was not taken over yet")

// Install makes the first revision of the release.
func (a *actions) Install(name, namespace string, chrt *chart.Chart, values map[string]any, opts ...helmclient.InstallOption) (*release.Release, error) {
	a.unsettle()
	a.plan = plan{rollout: labels.Requested}
	var err error
	if a.inputs, err = inputsOf(values, a.server); err != nil {
		return nil, err
	}
	opts = append(opts, withInstallLabels(a.labels()))
	installed, err := a.ActionInterface.Install(name, namespace, chrt, values, opts...)
	if a.facts.objects.Conflicted {
		// Helm looks for each object on the API server now. It takes those for its own that an
		// interrupted install has left, and refuses those of somebody else by name.
		a.facts.objects.Conflicted, a.facts.trustsAbsence = false, false
		installed, err = a.ActionInterface.Install(name, namespace, chrt, values, opts...)
	}
	return installed, a.judged(a.wrote(installed, err))
}

// wrote is called after what the library did, and gives the error of it. What it wrote is
// known to later passes before the caches show it, and if all went well they need not read
// or render it again.
func (a *actions) wrote(made *release.Release, err error) error {
	uid := a.cluster.GetUID()
	stored := storage.Of(a.Config().Releases)
	a.getter.written.Note(uid, stored.Written())
	if err == nil {
		// Helm only logs when it cannot store how an install ended.
		err = stored.Err()
	}
	if err == nil {
		a.getter.settled.remember(uid, settledRelease{
			stored: a.stored.With(stored.Written()).String(), inputs: a.inputs, release: made, objects: a.facts.objects.AllMade(),
		})
	}
	return err
}

// Upgrade makes a new revision of the release, or only renders it, as the library
// does on each pass to see whether one is needed.
func (a *actions) Upgrade(name, namespace string, chrt *chart.Chart, values map[string]any, opts ...helmclient.UpgradeOption) (*release.Release, error) {
	values = a.withoutAdoptedChecksum(values)
	if !onlyRenders(opts) {
		return a.upgrade(name, namespace, chrt, values, opts...)
	}
	var err error
	if a.inputs, err = inputsOf(values, a.server); err != nil {
		return nil, err
	}
	if a.settled != nil {
		if a.settled.inputs == a.inputs {
			return a.settled.release, nil
		}
		// The library compares what is rendered with what Get gave, which is as good as
		// ever, and then asks for the release again to upgrade it.
		a.settled = nil
	}
	if err := a.opened(); err != nil {
		return nil, err
	}
	rendered, err := a.ActionInterface.Upgrade(name, namespace, chrt, values, opts...)
	if err != nil {
		return nil, err
	}
	a.manifest = rendered.Manifest
	if a.newest != nil && !labels.IsOurs(a.newest) {
		a.plan = plan{rollout: labels.Requested}
		return rendered, a.adoptsUnchanged(rendered)
	}
	return a.pace(name, rendered, values)
}

// upgrade makes a new revision of the release, unless the same was refused before.
func (a *actions) upgrade(name, namespace string, chrt *chart.Chart, values map[string]any, opts ...helmclient.UpgradeOption) (*release.Release, error) {
	a.unsettle()
	if err := a.refusal(); err != nil {
		a.upgraded(nil)
		return nil, err
	}
	if a.plan.resumes {
		a.getter.rollouts.Resume(a.cluster)
	}
	upgraded, err := a.ActionInterface.Upgrade(name, namespace, chrt, values, append(opts, withUpgradeLabels(a.labels()))...)
	a.upgraded(upgraded)
	if upgraded != nil {
		a.manifest = upgraded.Manifest
	}
	if err = a.judged(a.wrote(upgraded, err)); err == nil {
		a.tellsRestart()
	}
	return upgraded, err
}

// Reconcile puts right what was changed by hand in the objects of the release.
func (a *actions) Reconcile(found *release.Release) error {
	if a.held && !labels.Believed(found) {
		// What the objects were to be is not known until the upgrade has its turn.
		return nil
	}
	objects, err := a.repair(found)
	if err != nil {
		return err
	}
	if a.held {
		// The next pass has to ask for its turn again.
		return nil
	}
	a.getter.rollouts.Leave(a.cluster.GetUID())
	// What the cache of the storage does not show yet would be remembered for an empty one.
	if objects != nil && len(a.stored) > 0 {
		a.getter.settled.remember(a.cluster.GetUID(), settledRelease{stored: a.stored.String(), inputs: a.inputs, release: found, objects: objects})
	}
	return nil
}

// repair gives the objects of the release if there was nothing to put right that a later
// pass does not know.
func (a *actions) repair(found *release.Release) (owned.Versions, error) {
	if a.settled != nil {
		if same, err := a.unchanged(a.settled.objects); same || err != nil {
			return nil, err
		}
	}
	if err := a.opened(); err != nil {
		return nil, err
	}
	objects, err := a.intact(found.Manifest)
	if objects != nil || err != nil {
		return objects, err
	}
	a.manifest = found.Manifest
	if err := a.refusal(); err != nil {
		return nil, err
	}
	return nil, a.judged(a.ActionInterface.Reconcile(found))
}

// repairingGetter gives repairing actions.
type repairingGetter struct{ helmclient.ActionClientGetter }

// ActionClientFor gives the actions for one reconcile of one BarqCluster.
func (g repairingGetter) ActionClientFor(ctx context.Context, cluster client.Object) (helmclient.ActionInterface, error) {
	library, err := g.ActionClientGetter.ActionClientFor(ctx, cluster)
	return repairing{library}, err
}

// repairing are the library's actions, but for its repair, which would change any object that a manifest names.
type repairing struct{ helmclient.ActionInterface }

// Reconcile makes the objects of a release what its manifest says, within what kubeclient.Client may write.
func (r repairing) Reconcile(found *release.Release) error {
	helm, ok := r.Config().KubeClient.(*kubeclient.Client)
	if !ok {
		return fmt.Errorf("repairing with %T: only a kubeclient.Client is expected here", r.Config().KubeClient)
	}
	wanted, err := helm.Build(bytes.NewBufferString(found.Manifest), false)
	if err != nil {
		return fmt.Errorf("reading the manifest of the release: %w", err)
	}
	return helm.Repair(wanted)
}

// opened makes Helm's actions, if there are none yet.
func (a *actions) opened() error {
	if a.ActionInterface != nil {
		return nil
	}
	return a.open()
}

// unsettle forgets what is about to change.
func (a *actions) unsettle() {
	a.settled = nil
	a.getter.settled.forget(a.cluster.GetUID())
}

// onlyRenders tells whether the options ask for a rendering without an upgrade.
func onlyRenders(opts []helmclient.UpgradeOption) bool {
	asked := &action.Upgrade{}
	for _, opt := range opts {
		if opt(asked) != nil {
			return false
		}
	}
	return asked.DryRun
}

// guard refuses a release that the operator did not make and is not to take over.
func (a *actions) guard(found *release.Release) error {
	if a.isOfAnotherChart(found) {
		return fmt.Errorf("a Helm release named %q of chart %q exists in this namespace and is not touched; "+
			"give the BarqCluster another name, or remove that release", found.Name, found.Chart.Name())
	}
	if labels.IsOurs(found) || a.deleting {
		return nil
	}
	return a.adoptable(found)
}

// isOfAnotherChart tells whether a release is of another chart. What a record says of that counts if it is believed, or a person's.
func (a *actions) isOfAnotherChart(found *release.Release) bool {
	return (labels.Believed(found) || !labels.IsOurs(found)) && found.Chart.Name() != a.getter.chart.Name()
}
