package storage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"helm.sh/helm/v3/pkg/release"
	helmstorage "helm.sh/helm/v3/pkg/storage"
	"helm.sh/helm/v3/pkg/storage/driver"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/internal/helm/labels"
	"github.com/barq-db/barq-operator/internal/helm/records"
	"github.com/barq-db/barq-operator/internal/signing"
)

// History is how many revisions of a release are kept for people to look at. It is small because each is a Secret of a
// few KiB that every reconcile lists.
const History = 5

const (
	// readLimit is the most records of one release that one reconcile reads.
	readLimit = History + 1
	// listLimit is the most records of one release that one reconcile counts, and deleteLimit the most that it deletes.
	// A tenant may write thousands, and they must not hold a worker.
	listLimit   = 32
	deleteLimit = 100
	// unpackLimit is the most bytes to which the unsigned ones among those may unpack together.
	unpackLimit = 8 << 20
)

// Facts are what the storage of one reconcile and its users have to know of each other.
type Facts struct {
	// Stored has the names of the Secrets in which the release is stored.
	Stored records.Versions
	// CalledDeployed has those of them with the status deployed in their labels.
	CalledDeployed map[string]bool
	// TakenOver: the BarqCluster controls the StatefulSet of its name, so the release is its own, whatever the labels
	// of a record say.
	TakenOver bool
	// Admits refuses a revision that cannot be stored or applied; nil refuses none.
	Admits func(*release.Release) error
	// Conflicted reports whether an object exists that the cache does not show; nil for never.
	Conflicted func() bool
}

// Driver is the release storage of one reconcile of one BarqCluster. A single worker runs that, so Driver needs no
// lock.
//
// A tenant who may write Secrets in the namespace may write a record. So Driver believes only what the operator has
// signed (see package signing). It reads few records and little of them, and gives Helm nothing to run.
//
// Helm stores each revision twice: before it touches an object, and when it has finished. Driver keeps the first state
// in memory, so that a requested revision is stored once, with its outcome. If the operator is killed in between, no
// unfinished release is left. The next reconcile finds the former revision, or none, creates the same one again, and
// takes over the objects that exist already. Driver does store a revision before its rollout begins if the operator
// itself causes the rollout: that revision holds the slot (see package rollout).
type Driver struct {
	// owner is the BarqCluster of the release.
	owner records.Owner
	facts *Facts
	// records are those that exist, the newest first; nil until they are read. Only some of them are read as a whole.
	records []*records.Record
	read    bool
	// begun are the keys of revisions that are not stored yet.
	begun map[string]bool
	// secrets stores the revisions, and notes what this reconcile has written.
	secrets *notedSecrets
	// failed is the last error of a write. Helm only logs some of them.
	failed error
}

// New returns the storage for one reconcile of a BarqCluster, over Secrets in its namespace. The Secrets have no owner
// reference. With one, a foreground deletion would let the garbage collector delete the release before it is
// uninstalled, and leak what the release holds.
func New(secrets corev1client.SecretsGetter, key *signing.Key, cluster client.Object, facts *Facts) *Driver {
	noted := &notedSecrets{SecretInterface: secrets.Secrets(cluster.GetNamespace()), versions: map[string]string{}}
	return &Driver{owner: records.Owner{Cluster: cluster, Key: key}, facts: facts, secrets: noted, begun: map[string]bool{}}
}

// Of returns the storage of a reconcile.
func Of(releases *helmstorage.Storage) *Driver { return releases.Driver.(*Driver) }

// Written returns the resourceVersions of the Secrets that this reconcile has written, empty for those that it has deleted.
func (d *Driver) Written() map[string]string { return d.secrets.versions }

// Err returns the last error of a write. Helm only logs some of them.
func (d *Driver) Err() error { return d.failed }

// Name returns the name of the storage.
func (d *Driver) Name() string { return driver.SecretsDriverName }

// Query returns the releases with the given labels.
func (d *Driver) Query(wanted map[string]string) ([]*release.Release, error) {
	if err := d.load(); err != nil {
		return nil, err
	}
	var found []*release.Release
	for _, one := range d.records {
		if status, asked := wanted["status"]; !asked || status == one.Release.Info.Status.String() {
			found = append(found, one.Release)
		}
	}
	if len(found) == 0 {
		return nil, driver.ErrReleaseNotFound
	}
	return found, nil
}

// List returns the releases that a filter admits.
func (d *Driver) List(filter func(*release.Release) bool) ([]*release.Release, error) {
	found, err := d.Query(nil)
	return slices.DeleteFunc(found, func(one *release.Release) bool { return !filter(one) }), err
}

// Get returns one revision.
func (d *Driver) Get(key string) (*release.Release, error) {
	if err := d.load(); err != nil {
		return nil, err
	}
	if i := d.index(key); i >= 0 {
		return d.records[i].Release, nil
	}
	return nil, driver.ErrReleaseNotFound
}

func (d *Driver) index(key string) int {
	return slices.IndexFunc(d.records, func(one *records.Record) bool { return one.Secret == key })
}

func sortNewestFirst(found []*records.Record) {
	slices.SortFunc(found, func(a, b *records.Record) int { return cmp.Compare(b.Number, a.Number) })
}

// Create stores a new revision, or only notes it if it has just begun. Nothing was applied yet, so Create refuses a
// revision that could not be stored or applied.
func (d *Driver) Create(key string, rel *release.Release) error {
	if d.facts.Admits != nil {
		if err := d.facts.Admits(rel); err != nil {
			return err
		}
		if rel.Version > 1 {
			if err := d.try(key, rel); err != nil {
				return err
			}
		}
	}
	if rel.Info.Status.IsPending() && rel.Labels[labels.Rollout] == labels.Requested {
		d.begun[key] = true
		return nil
	}
	return d.create(key, rel)
}

func (d *Driver) create(key string, rel *release.Release) error {
	if err := d.load(); err != nil {
		return err
	}
	return d.write(func() error {
		secret, err := d.owner.Create(key, rel)
		if err != nil {
			return err
		}
		err = d.secrets.store(secret)
		if errors.Is(err, driver.ErrReleaseExists) {
			if err = d.vacate(key); err == nil {
				err = d.secrets.store(secret)
			}
		}
		if err != nil {
			return err
		}
		d.records = slices.Insert(d.records, 0, &records.Record{Secret: key, Number: rel.Version, Release: rel})
		return nil
	})
}

// try refuses a revision that the API server would not store, for instance because of a quota.
func (d *Driver) try(key string, rel *release.Release) error {
	secret, err := d.owner.Create(key, rel)
	if err != nil {
		return err
	}
	err = d.secrets.try(secret)
	// When this revision is stored, create finds out who owns the Secret of that name.
	if errors.Is(err, driver.ErrReleaseExists) {
		return nil
	}
	return err
}

// vacate deletes a Secret that has the name of the next revision, unless the operator has stored it. Otherwise, a
// tenant could keep the operator from applying any edit of a BarqCluster of the namespace.
func (d *Driver) vacate(key string) error {
	stored, err := d.secrets.Get(context.Background(), key, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return nil
	case err != nil:
		return fmt.Errorf("reading the Secret %s, which has the name of the next revision: %w", key, err)
	case d.owner.Has(stored):
		return driver.ErrReleaseExists
	}
	ctrl.Log.WithName("release").Info("Deleting a Secret that has the name of the next revision of a release and is none",
		"namespace", d.owner.Cluster.GetNamespace(), "secret", key)
	err = d.secrets.Delete(context.Background(), key, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &stored.UID}})
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("deleting the Secret %s, which has the name of the next revision and is none: %w", key, err)
	}
	return nil
}

// Update stores a revision over an older state of it.
func (d *Driver) Update(key string, rel *release.Release) error {
	if err := d.load(); err != nil {
		return err
	}
	i := d.index(key)
	switch {
	case d.begun[key] && d.facts.Conflicted != nil && d.facts.Conflicted():
		// The manifest of the revision lists an object of another owner.
		delete(d.begun, key)
		return nil
	case d.begun[key]:
		delete(d.begun, key)
		return d.create(key, rel)
	case i < 0:
		return driver.ErrReleaseNotFound
	case rel.Info.Status == release.StatusUninstalling:
		// The finalizer of the BarqCluster says so already.
		return nil
	case d.records[i].Signed() && rel.Chart == nil:
		return fmt.Errorf("revision %s is not stored, because not all of it is known", key)
	default:
		return d.write(func() error {
			secret, after, err := d.owner.Update(d.records[i], rel)
			if err != nil {
				return err
			}
			if err := d.secrets.replace(secret); err != nil {
				return err
			}
			d.records[i] = after
			return nil
		})
	}
}

// Delete removes a revision.
func (d *Driver) Delete(key string) (*release.Release, error) {
	if err := d.load(); err != nil {
		return nil, err
	}
	i := d.index(key)
	if i < 0 {
		return nil, driver.ErrReleaseNotFound
	}
	deleted := d.records[i].Release
	return deleted, d.write(func() error {
		err := client.IgnoreNotFound(d.secrets.Delete(context.Background(), key, metav1.DeleteOptions{}))
		if err == nil {
			d.records = slices.Delete(d.records, i, i+1)
		}
		return err
	})
}

// DeleteAll removes every record of the release, or deleteLimit of them and returns ErrUnfinished.
func (d *Driver) DeleteAll() error {
	for i, name := range slices.Sorted(maps.Keys(d.facts.Stored)) {
		if i == deleteLimit {
			return fmt.Errorf("%d records of Helm release %q are left to delete: %w", len(d.facts.Stored)-i, d.owner.Cluster.GetName(), ErrUnfinished)
		}
		if err := d.secrets.Delete(context.Background(), name, metav1.DeleteOptions{}); client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("deleting the stored revision %s: %w", name, err)
		}
	}
	return nil
}

// write runs a change of the storage, and notes its error.
func (d *Driver) write(change func() error) error {
	err := change()
	if err != nil {
		d.failed = err
	}
	return err
}
