package session

import (
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

	"github.com/barq-db/barq-operator/internal/adoption"
	"github.com/barq-db/barq-operator/internal/helm/capabilities"
	"github.com/barq-db/barq-operator/internal/helm/labels"
	"github.com/barq-db/barq-operator/internal/helm/library"
	"github.com/barq-db/barq-operator/internal/helm/owned"
	"github.com/barq-db/barq-operator/internal/helm/records"
	"github.com/barq-db/barq-operator/internal/helm/rejection"
	"github.com/barq-db/barq-operator/internal/helm/settled"
	"github.com/barq-db/barq-operator/internal/helm/storage"
	"github.com/barq-db/barq-operator/internal/helm/upgrade"
)

// Session has the actions of one reconcile of one BarqCluster. One worker runs them.
type Session struct {
	// ActionInterface is Helm's; nil until the reconcile needs it.
	helmclient.ActionInterface
	sessions *Sessions
	// ctx is that of the reconcile: the library passes none to an action.
	ctx     context.Context
	cluster client.Object
	facts   library.Facts
	known   known
	next    next
}

// known is what is known of the release when the reconcile begins, and what it has read since.
type known struct {
	// stored has the records in the release storage when the reconcile began.
	stored records.Versions
	// server is a digest of the capabilities of the API server.
	server [sha256.Size]byte
	// settled is what an earlier reconcile found; nil if the storage has changed since, or once this reconcile has
	// found something else.
	settled *settled.Release
	// asked is the spec that a person asks for.
	asked upgrade.Request
	// newest is the newest revision; nil until it is read.
	newest *release.Release
	// named: the library has asked for the release in order to name it in the status.
	named bool
}

// next is the revision that this reconcile creates.
type next struct {
	// inputs is a digest of what the manifest is rendered from; zero until it is rendered.
	inputs   [sha256.Size]byte
	manifest string
	// plan is how the upgrade goes, if one is needed.
	plan upgrade.Plan
	// held: the upgrade has to wait.
	held bool
	// adoptedSecrets is a digest of the Secrets with which the release was adopted; empty if it was not.
	adoptedSecrets string
}

// deleting reports whether the BarqCluster is being deleted. A deletion does not depend on the state of the records, so
// it recovers none.
func (s *Session) deleting() bool { return s.cluster.GetDeletionTimestamp() != nil }

// findRecords lists the Secrets in which the release is stored.
func (s *Session) findRecords() error {
	key := client.ObjectKeyFromObject(s.cluster)
	cached, deployed, err := records.Cached(s.ctx, s.sessions.Secrets, key)
	if err != nil {
		return err
	}
	s.known.stored = s.sessions.written.Onto(s.cluster.GetUID(), cached)
	// The labels of records that were written since are out of date in the cache.
	maps.DeleteFunc(deployed, func(name string, _ bool) bool { return s.known.stored[name] != cached[name] })
	s.facts.Records.Stored, s.facts.Records.CalledDeployed = s.known.stored, deployed
	set, err := owned.Cached(s.ctx, s.sessions.Owned.Cache, owned.Name{Kind: owned.StatefulSetKind, Key: key})
	s.facts.Records.TakenOver = set != nil && owned.Controls(s.cluster, set)
	return err
}

// begin finds out what is known of the release.
func (s *Session) begin() (err error) {
	if s.known.asked, err = upgrade.RequestOf(s.cluster); err != nil {
		return err
	}
	var believed bool
	s.known.settled = s.sessions.settled.Get(s.cluster.GetUID(), s.known.stored.String())
	if s.known.server, believed = s.sessions.Capabilities.Known(); believed && s.known.settled != nil {
		return nil
	}
	s.facts.TrustsAbsence = len(s.known.stored) == 0
	if err := s.open(); err != nil {
		return err
	}
	s.known.server = capabilities.Sum(s.Config().Capabilities)
	return nil
}

// open opens Helm's actions.
func (s *Session) open() (err error) {
	s.ActionInterface, err = s.sessions.Helm.Open(s.ctx, s.cluster, &s.facts)
	return err
}

// Get returns the newest revision of the release. It fails for a release that is not the operator's, which keeps the
// library from every further action on it (assumptions 2, 3 and 6 of the package).
func (s *Session) Get(name string, opts ...helmclient.GetOption) (*release.Release, error) {
	if s.known.settled != nil {
		return s.known.settled.Release, nil
	}
	found, err := s.ActionInterface.Get(name, opts...)
	if err != nil {
		return nil, err
	}
	if err := s.guard(found); err != nil {
		return nil, err
	}
	if !labels.IsOurs(found) && !s.known.named {
		s.known.named = true
		return nil, errNotTakenOver
	}
	if !s.deleting() && labels.IsOurs(found) && unfinished(found) {
		if err := s.recover(name, found); err != nil {
			return nil, err
		}
	}
	if !s.deleting() && labels.IsOurs(found) {
		if err := s.supersede(found); err != nil {
			return nil, err
		}
	}
	s.known.newest = found
	return found, nil
}

// errNotTakenOver is what the library gets when it asks for a release to name it in the status, before it looks at the
// spec (assumption 2). The library ignores errors there. The status must not name a release that the operator has not adopted, and may
// never adopt.
var errNotTakenOver = errors.New("the release was not taken over yet")

// Install creates the first revision of the release (assumption 4).
func (s *Session) Install(name, namespace string, chrt *chart.Chart, values map[string]any, opts ...helmclient.InstallOption) (*release.Release, error) {
	s.invalidate()
	s.next.plan = upgrade.Plan{Rollout: labels.Requested}
	var err error
	if s.next.inputs, err = settled.InputsOf(values, s.known.server); err != nil {
		return nil, err
	}
	opts = append(opts, withInstallLabels(s.labels()))
	installed, err := s.ActionInterface.Install(name, namespace, chrt, values, opts...)
	if s.facts.Objects.Conflicted {
		// Now Helm looks for each object on the API server. It takes over the objects that an interrupted install has
		// left, and refuses those of another owner by name.
		s.facts.Objects.Conflicted, s.facts.TrustsAbsence = false, false
		installed, err = s.ActionInterface.Install(name, namespace, chrt, values, opts...)
	}
	return installed, s.sessions.refused.Judge(s.ctx, s.attempt(), s.wrote(installed, err))
}

// wrote is called after each action of the library, and returns the error of the action. It remembers for later
// reconciles what the action wrote, until the caches show it. After a success, they need not read or render it again.
func (s *Session) wrote(made *release.Release, err error) error {
	uid := s.cluster.GetUID()
	stored := storage.Of(s.Config().Releases)
	s.sessions.written.Note(uid, stored.Written())
	if err == nil {
		// Helm only logs when it cannot store how an install ended.
		err = stored.Err()
	}
	if err == nil {
		s.sessions.settled.Put(uid, settled.Release{
			Stored: s.known.stored.With(stored.Written()).String(), Inputs: s.next.inputs, Release: made, Objects: s.facts.Objects.AllMade(),
		})
	}
	return err
}

// Upgrade creates a new revision of the release, or only renders it. The library renders on each reconcile to find out
// whether an upgrade is needed (assumption 5).
func (s *Session) Upgrade(name, namespace string, chrt *chart.Chart, values map[string]any, opts ...helmclient.UpgradeOption) (*release.Release, error) {
	values = s.withoutAdoptedChecksum(values)
	if !onlyRenders(opts) {
		return s.upgrade(name, namespace, chrt, values, opts...)
	}
	var err error
	if s.next.inputs, err = settled.InputsOf(values, s.known.server); err != nil {
		return nil, err
	}
	if s.known.settled != nil {
		if s.known.settled.Inputs == s.next.inputs {
			return s.known.settled.Release, nil
		}
		// The library compares what is rendered with the revision that Get returned, which is still right. Then it asks
		// for the release again to upgrade it (assumption 6).
		s.known.settled = nil
	}
	if err := s.opened(); err != nil {
		return nil, err
	}
	rendered, err := s.ActionInterface.Upgrade(name, namespace, chrt, values, opts...)
	if err != nil {
		return nil, err
	}
	s.next.manifest = rendered.Manifest
	if s.known.newest != nil && !labels.IsOurs(s.known.newest) {
		s.next.plan = upgrade.Plan{Rollout: labels.Requested}
		return rendered, adoption.Unchanged(s.ctx, s.sessions.Objects, client.ObjectKeyFromObject(s.cluster), s.known.newest, rendered)
	}
	return s.pace(name, rendered, values)
}

// upgrade creates a new revision of the release, unless the API server has refused the same before.
func (s *Session) upgrade(name, namespace string, chrt *chart.Chart, values map[string]any, opts ...helmclient.UpgradeOption) (*release.Release, error) {
	s.invalidate()
	if err := s.sessions.refused.Earlier(s.ctx, s.attempt()); err != nil {
		s.upgraded(nil)
		return nil, err
	}
	if s.next.plan.Resumes {
		s.sessions.Rollouts.Resume(s.cluster)
	}
	upgraded, err := s.ActionInterface.Upgrade(name, namespace, chrt, values, append(opts, withUpgradeLabels(s.labels()))...)
	s.upgraded(upgraded)
	if upgraded != nil {
		s.next.manifest = upgraded.Manifest
	}
	if err = s.sessions.refused.Judge(s.ctx, s.attempt(), s.wrote(upgraded, err)); err == nil {
		s.tellsRestart()
	}
	return upgraded, err
}

// Reconcile repairs the objects of the release that were changed by hand (assumption 7).
func (s *Session) Reconcile(found *release.Release) error {
	if s.next.held && !labels.Believed(found) {
		// What the objects were to be is unknown until the upgrade has its turn.
		return nil
	}
	objects, err := s.repair(found)
	if err != nil {
		return err
	}
	if s.next.held {
		// The next reconcile has to ask for its turn again.
		return nil
	}
	s.sessions.Rollouts.Leave(s.cluster.GetUID())
	// If the cache of the storage does not show the release yet, it would be remembered under an empty storage.
	if objects != nil && len(s.known.stored) > 0 {
		s.sessions.settled.Put(s.cluster.GetUID(), settled.Release{Stored: s.known.stored.String(), Inputs: s.next.inputs, Release: found, Objects: objects})
	}
	return nil
}

// repair repairs the objects of the release. It returns their versions if they were intact and no earlier reconcile has
// remembered that; nil otherwise.
func (s *Session) repair(found *release.Release) (owned.Versions, error) {
	if s.known.settled != nil {
		if same, err := s.sessions.Objects.Unchanged(s.ctx, s.known.settled.Objects); same || err != nil {
			return nil, err
		}
	}
	if err := s.opened(); err != nil {
		return nil, err
	}
	objects, err := s.sessions.Objects.Intact(s.ctx, s.cluster, s.Config().KubeClient, found.Manifest)
	if objects != nil || err != nil {
		return objects, err
	}
	s.next.manifest = found.Manifest
	if err := s.sessions.refused.Earlier(s.ctx, s.attempt()); err != nil {
		return nil, err
	}
	return nil, s.sessions.refused.Judge(s.ctx, s.attempt(), s.ActionInterface.Reconcile(found))
}

// attempt returns what this reconcile applies.
func (s *Session) attempt() rejection.Attempt {
	return rejection.Attempt{Cluster: s.cluster.GetUID(), Inputs: s.next.inputs, Manifest: s.next.manifest, Helm: s.Config().KubeClient}
}

// opened opens Helm's actions, if they are not open yet.
func (s *Session) opened() error {
	if s.ActionInterface != nil {
		return nil
	}
	return s.open()
}

// invalidate forgets what is known of the release, because it is about to change.
func (s *Session) invalidate() {
	s.known.settled = nil
	s.sessions.settled.Delete(s.cluster.GetUID())
}

// onlyRenders reports whether the options ask for a rendering without an upgrade.
func onlyRenders(opts []helmclient.UpgradeOption) bool {
	asked := &action.Upgrade{}
	for _, opt := range opts {
		if opt(asked) != nil {
			return false
		}
	}
	return asked.DryRun
}

// guard refuses a release that the operator has not created and may not adopt.
func (s *Session) guard(found *release.Release) error {
	if s.isOfAnotherChart(found) {
		return fmt.Errorf("a Helm release named %q of chart %q exists in this namespace and is not touched; "+
			"give the BarqCluster another name, or uninstall that release", found.Name, found.Chart.Name())
	}
	if labels.IsOurs(found) || s.deleting() {
		return nil
	}
	return adoption.Check(s.cluster, found)
}

// isOfAnotherChart reports whether a release is of another chart. It looks only at records that are believed or a
// person's.
func (s *Session) isOfAnotherChart(found *release.Release) bool {
	return (labels.Believed(found) || !labels.IsOurs(found)) && found.Chart.Name() != s.sessions.Chart.Name()
}

// withoutAdoptedChecksum returns the values without the checksum of Secrets that an adopted release lacks; see
// adoption.WithoutChecksum.
func (s *Session) withoutAdoptedChecksum(values map[string]any) map[string]any {
	stored := s.known.newest
	if s.known.settled != nil {
		stored = s.known.settled.Release
	}
	if stored == nil {
		return values
	}
	values, s.next.adoptedSecrets = adoption.WithoutChecksum(stored, values)
	return values
}
