package adoption

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"helm.sh/helm/v3/pkg/release"

	"github.com/barq-db/barq-operator/internal/helm/labels"
	"github.com/barq-db/barq-operator/internal/helm/manifest"
	"github.com/barq-db/barq-operator/internal/helm/records"
)

// Records are the stored revisions of one release. *storage.Driver implements it.
type Records interface {
	// ReadAll returns the newest ones.
	ReadAll() ([]*records.Record, error)
	// Update stores the revision in the Secret of that name.
	Update(secret string, changed *release.Release) error
}

// HandBack changes the records of a release to what they would be if a person had installed it with Helm. Its revisions
// carry no mark of the operator. Their manifests have no owner reference, because a rollback to one with a reference
// would let the garbage collector delete the objects. The caller has released the objects themselves before.
//
// An interruption anywhere does no harm. The newest revision is the last to lose its mark, and until then the next
// reconcile begins anew.
func HandBack(releases Records, owner types.UID) error {
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

// handBackRecord removes the operator's marks from a record, and the owner from the objects in its manifest.
//
// If the manifest of an unsigned record is no manifest, it stays as it is. The BarqCluster can be deleted all the same,
// and Helm cannot apply such a manifest.
func handBackRecord(releases Records, one *records.Record, owner types.UID) error {
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
