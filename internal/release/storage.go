package release

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage"
	"helm.sh/helm/v3/pkg/storage/driver"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/internal/rollout"
)

// passStorage gives each pass a release storage of its own, over Secrets in the namespace
// of the BarqCluster. They have no owner: with an owner reference, a foreground deletion
// lets the garbage collector delete the release before it was uninstalled, and what it
// holds leaks.
func passStorage(secrets corev1client.SecretsGetter) func(context.Context, client.Object, *rest.Config) (driver.Driver, error) {
	return func(ctx context.Context, object client.Object, _ *rest.Config) (driver.Driver, error) {
		return newPassDriver(secrets, object.GetNamespace(), passFactsIn(ctx)), nil
	}
}

// passDriver is the release storage of one pass over one BarqCluster, which a single
// worker makes, so it needs no lock.
//
// Helm stores each revision before it touches an object and again when it has finished.
// This storage takes the first for a note in memory, so that a revision that is asked for
// is stored once, with its outcome. An operator that is killed in between leaves no
// release that is under way: the next pass finds the former revision, or none, makes the
// same one again, and Helm takes the objects that are there already for its own, by their
// annotations. A roll-out that nobody asked for is stored before it begins nevertheless:
// its revision holds the slot (see package rollout).
type passDriver struct {
	driver.Driver
	namespace string
	facts     *passFacts
	// found is what was read; one pass asks for the same revisions up to five times, and
	// each time all their Secrets would be listed and unpacked.
	found map[string][]*release.Release
	// begun are the keys of revisions that are not stored yet.
	begun map[string]bool
	// secrets are where the revisions are, and know what this pass has written.
	secrets *notedSecrets
	// failed is the last error of a write. Helm only logs some of them.
	failed error
}

func newPassDriver(secrets corev1client.SecretsGetter, namespace string, facts *passFacts) *passDriver {
	noted := &notedSecrets{SecretInterface: secrets.Secrets(namespace), versions: map[string]string{}}
	return &passDriver{
		Driver: driver.NewSecrets(noted), secrets: noted, namespace: namespace, facts: facts,
		found: map[string][]*release.Release{}, begun: map[string]bool{},
	}
}

// storageOf gives the storage of a pass.
func storageOf(releases *storage.Storage) *passDriver { return releases.Driver.(*passDriver) }

// forget makes the storage of a pass look at the API server again.
func forget(releases *storage.Storage) {
	pass := storageOf(releases)
	pass.facts.nothingStored = false
	clear(pass.found)
}

// Query gives the releases with the given labels.
func (d *passDriver) Query(labels map[string]string) ([]*release.Release, error) {
	if d.facts.nothingStored {
		return nil, driver.ErrReleaseNotFound
	}
	key := queryKey(labels)
	if releases, ok := d.found[key]; ok {
		// Helm sorts what it is given in place.
		return slices.Clone(releases), nil
	}
	releases, err := d.Driver.Query(labels)
	if err != nil {
		return nil, err
	}
	if releases, err = d.withoutDamaged(releases); err != nil {
		return nil, err
	}
	d.found[key] = slices.Clone(releases)
	return releases, nil
}

func queryKey(labels map[string]string) string {
	var key strings.Builder
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		key.WriteString(name + "=" + labels[name] + ",")
	}
	return key.String()
}

// knows makes the storage answer with these revisions of a release, until something is written. The newest one, which is
// the last, is deployed, and only that one is whole.
func (d *passDriver) knows(revisions []*release.Release) {
	newest := revisions[len(revisions)-1]
	all := map[string]string{"name": newest.Name, "owner": "helm"}
	d.found[queryKey(all)] = revisions
	all["status"] = release.StatusDeployed.String()
	d.found[queryKey(all)] = []*release.Release{newest}
}

// Create stores a new revision, or only notes it if it has just begun.
func (d *passDriver) Create(key string, rel *release.Release) error {
	if rel.Info.Status.IsPending() && rel.Labels[rollout.Label] == rollout.Requested {
		d.begun[key] = true
		return nil
	}
	return d.write(func() error { return d.secrets.create(key, compact(rel)) })
}

// Update stores a revision over an older state of it.
func (d *passDriver) Update(key string, rel *release.Release) error {
	switch {
	case rel.Chart == nil:
		return fmt.Errorf("of revision %s not all is known, so it is not stored", key)
	case d.begun[key] && d.facts.conflicted:
		// Its manifest lists what somebody else has made, and all that it lists would be
		// deleted with it.
		delete(d.begun, key)
		return nil
	case d.begun[key]:
		delete(d.begun, key)
		return d.write(func() error { return d.secrets.create(key, compact(rel)) })
	case rel.Info.Status == release.StatusUninstalling:
		// The finalizer of the BarqCluster says so already.
		return nil
	default:
		return d.write(func() error { return d.secrets.update(key, compact(rel)) })
	}
}

// Delete removes a revision. Helm's own would read it from the API server first.
func (d *passDriver) Delete(key string) (*release.Release, error) {
	for _, releases := range d.found {
		for _, found := range releases {
			if keyOf(found.Name, found.Version) == key {
				return found, d.write(func() error {
					err := d.secrets.Delete(context.Background(), key, metav1.DeleteOptions{})
					return client.IgnoreNotFound(err)
				})
			}
		}
	}
	var deleted *release.Release
	err := d.write(func() (err error) {
		deleted, err = d.Driver.Delete(key)
		return err
	})
	return deleted, err
}

// write changes what is stored, and forgets what was read.
func (d *passDriver) write(change func() error) error {
	d.facts.nothingStored = false
	clear(d.found)
	err := change()
	if err != nil {
		d.failed = err
	}
	return err
}

// compact leaves the templates out of a revision of the operator's, which are most of it.
// They are in the operator's image, and what they gave is in the revision.
func compact(rel *release.Release) *release.Release {
	if rel.Chart == nil || !isOurs(rel) {
		return rel
	}
	small := *rel
	small.Chart = &chart.Chart{Metadata: rel.Chart.Metadata, Values: rel.Chart.Values}
	return &small
}

// keyOf names the Secret of a revision.
func keyOf(name string, version int) string {
	return keyPrefix(name) + strconv.Itoa(version)
}

// keyPrefix begins the names of the Secrets in which Helm stores a release.
func keyPrefix(name string) string { return keyStart + name + versionStart }

// A Secret in which Helm stores a release is named sh.helm.release.v1.NAME.vVERSION.
const (
	keyStart     = storage.HelmStorageType + "."
	versionStart = ".v"
)
