package release

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	helmclient "github.com/operator-framework/helm-operator-plugins/pkg/client"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage"
	"helm.sh/helm/v3/pkg/storage/driver"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// rememberingStorage makes the release storage of each pass remember what it
// found. One pass asks for the same releases up to five times, and each time all
// their Secrets are listed and unpacked.
func rememberingStorage(inner helmclient.ObjectToStorageDriverMapper) helmclient.ObjectToStorageDriverMapper {
	return func(ctx context.Context, object client.Object, config *rest.Config) (driver.Driver, error) {
		storage, err := inner(ctx, object, config)
		if err != nil {
			return nil, err
		}
		return &rememberingDriver{Driver: storage, found: map[string][]*release.Release{}}, nil
	}
}

// forget makes the storage of a pass look at the API server again.
func forget(releases *storage.Storage) {
	if remembering, ok := releases.Driver.(*rememberingDriver); ok {
		clear(remembering.found)
	}
}

// rememberingDriver lives for one pass over one BarqCluster, which a single
// worker makes, so it needs no lock. Whatever is written empties it.
type rememberingDriver struct {
	driver.Driver
	found map[string][]*release.Release
}

// Query gives the releases with the given labels.
func (d *rememberingDriver) Query(labels map[string]string) ([]*release.Release, error) {
	var key strings.Builder
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		key.WriteString(name + "=" + labels[name] + ",")
	}
	if releases, ok := d.found[key.String()]; ok {
		// Helm sorts what it is given in place.
		return slices.Clone(releases), nil
	}
	releases, err := d.Driver.Query(labels)
	if err != nil {
		return nil, err
	}
	for _, found := range releases {
		if err := whole(found); err != nil {
			return nil, err
		}
	}
	d.found[key.String()] = slices.Clone(releases)
	return releases, nil
}

// whole refuses a stored revision that Helm cannot have written. Helm reads whatever JSON
// there is, and would go on with a nil pointer, or write to the Secret of another release.
func whole(found *release.Release) error {
	damaged := ""
	switch {
	case found.Info == nil:
		damaged = "it has no status"
	case found.Chart == nil || found.Chart.Metadata == nil:
		damaged = "it names no chart"
	case found.Labels["name"] != "" && found.Labels["name"] != found.Name:
		damaged = fmt.Sprintf("it is of release %q", found.Name)
	case found.Labels["version"] != "" && found.Labels["version"] != strconv.Itoa(found.Version):
		damaged = fmt.Sprintf("it is revision %d", found.Version)
	}
	if damaged == "" {
		return nil
	}
	return fmt.Errorf("the Secret sh.helm.release.v1.%s.v%s, in which Helm stores a revision of a release, is damaged: %s; restore it, or delete it",
		found.Labels["name"], found.Labels["version"], damaged)
}

// Create stores a new release.
func (d *rememberingDriver) Create(key string, rel *release.Release) error {
	clear(d.found)
	return d.Driver.Create(key, rel)
}

// Update stores a release over an older state of it.
func (d *rememberingDriver) Update(key string, rel *release.Release) error {
	clear(d.found)
	return d.Driver.Update(key, rel)
}

// Delete removes a release.
func (d *rememberingDriver) Delete(key string) (*release.Release, error) {
	clear(d.found)
	return d.Driver.Delete(key)
}
