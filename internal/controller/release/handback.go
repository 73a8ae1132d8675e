package release

import (
	"fmt"
	"slices"

	"github.com/barq-db/barq-operator/internal/helm/labels"
	"github.com/barq-db/barq-operator/internal/helm/manifest"
	"github.com/barq-db/barq-operator/internal/helm/storage"
)

// handBack makes of the release what it would be had a person installed it with Helm: its
// objects belong to no BarqCluster, or they would be deleted with it, and its
// revisions carry no mark of the operator.
//
// It can be interrupted anywhere. The newest revision is the last to lose its mark, and
// until then the next pass begins anew.
func (a *actions) handBack(name string) error {
	a.unsettle()
	if err := a.release(); err != nil {
		return fmt.Errorf("handing back Helm release %q: %w", name, err)
	}
	releases := storage.Of(a.Config().Releases)
	revisions, err := releases.ReadAll()
	if err != nil {
		return fmt.Errorf("handing back Helm release %q: %w", name, err)
	}
	for _, one := range slices.Backward(revisions) {
		if err := a.handBackRecord(releases, one); err != nil {
			return fmt.Errorf("handing back revision %d of Helm release %q: %w", one.Number, name, err)
		}
	}
	return nil
}

// handBackRecord takes the operator's marks off a record, and the BarqCluster off the objects in its manifest: with the reference, a
// roll-back to this revision would let them be deleted.
//
// The manifest of an unsigned record may be no manifest. It stays as it is then: the BarqCluster goes, and Helm can apply nothing of it.
func (a *actions) handBackRecord(releases *storage.Driver, one *storage.Record) error {
	content, err := one.Manifest()
	if err == nil {
		content, err = manifest.WithoutOwner(content, a.cluster.GetUID())
	}
	switch {
	case err == nil:
		if err := one.SetManifest(content); err != nil {
			return err
		}
	case one.Signed():
		return err
	}
	for _, label := range []string{labels.ManagedBy, labels.Generation, labels.Rollout, labels.AdoptedSecrets} {
		delete(one.Release.Labels, label)
	}
	return releases.Update(one.Secret, one.Release)
}
