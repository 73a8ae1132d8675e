package adoption

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"github.com/barq-db/barq-operator/internal/helm/labels"
	"github.com/barq-db/barq-operator/internal/helm/manifest"
	"github.com/barq-db/barq-operator/internal/helm/storage"
)

// HandBack makes of the release what it would be had a person installed it with Helm: its revisions carry no mark of the operator, and
// their manifests no reference to the owner, with which a roll-back would let the objects be deleted. The objects themselves were
// released before.
//
// It can be interrupted anywhere. The newest revision is the last to lose its mark, and until then the next reconcile begins anew.
func HandBack(releases *storage.Driver, owner types.UID) error {
	revisions, err := releases.ReadAll()
	if err != nil {
		return err
	}
	for _, one := range slices.Backward(revisions) {
		if err := handBackRecord(releases, one, owner); err != nil {
			return fmt.Errorf("revision %d: %w", one.Number, err)
		}
	}
	return nil
}

// handBackRecord takes the operator's marks off a record, and the owner off the objects in its manifest.
//
// The manifest of an unsigned record may be no manifest. It stays as it is then: the BarqCluster goes, and Helm can apply nothing of it.
func handBackRecord(releases *storage.Driver, one *storage.Record, owner types.UID) error {
	content, err := one.Manifest()
	if err == nil {
		content, err = manifest.WithoutOwner(content, owner)
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
