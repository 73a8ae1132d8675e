package release

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage/driver"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// damaged is the error of a Secret with a revision that Helm cannot have written.
func damaged(secret, damage string) error {
	return fmt.Errorf("the Secret %s, in which Helm stores a revision of a release, is damaged: %s; restore it, or delete it", secret, damage)
}

// damageOf says why Helm cannot have written a stored revision; empty if it can. Helm reads
// whatever JSON there is, and would go on with a nil pointer, write to the Secret of another
// release, or change and delete objects of another namespace. The operator may do that
// everywhere, and whoever can write a Secret in one namespace may not.
func damageOf(found *release.Release, namespace string) string {
	switch {
	case found.Info == nil:
		return "it has no status"
	case found.Chart == nil || found.Chart.Metadata == nil:
		return "it names no chart"
	case found.Labels["name"] != "" && found.Labels["name"] != found.Name:
		return fmt.Sprintf("it is of release %q", found.Name)
	case found.Labels["version"] != "" && found.Labels["version"] != strconv.Itoa(found.Version):
		return fmt.Sprintf("it is revision %d", found.Version)
	case found.Namespace != "" && found.Namespace != namespace:
		return fmt.Sprintf("it is of namespace %q", found.Namespace)
	}
	if other := otherNamespaceIn(found.Manifest, namespace); other != "" && isOurs(found) {
		return fmt.Sprintf("it lists an object of namespace %q", other)
	}
	return ""
}

// otherNamespaceIn gives the first namespace in a manifest that is not the given one. What
// cannot be read fails where it is used.
func otherNamespaceIn(manifest, namespace string) string {
	documents := utilyaml.NewYAMLOrJSONDecoder(strings.NewReader(manifest), 1024)
	for {
		var object metav1.PartialObjectMetadata
		if err := documents.Decode(&object); errors.Is(err, io.EOF) || err != nil {
			return ""
		}
		if object.Namespace != "" && object.Namespace != namespace {
			return object.Namespace
		}
	}
}

// withoutDamaged looks for Secrets that were listed and that have no revision in them that
// Helm can have written. Helm passes over those that it cannot read: the revision before would
// be taken for the newest, and the next one could never be stored under the name that is taken.
//
// One that the operator has stored is removed. What it said is in the BarqCluster and in the
// objects, and the next pass stores it anew. One of a person's is theirs to restore.
func (d *passDriver) withoutDamaged(releases []*release.Release) ([]*release.Release, error) {
	damage := map[string]string{}
	for name := range d.secrets.listed {
		damage[name] = "it cannot be read"
	}
	for _, found := range releases {
		damage[secretOf(found)] = damageOf(found, d.namespace)
	}
	for name, why := range damage {
		switch {
		case why == "":
		case !d.secrets.listed[name]:
			return nil, damaged(name, why)
		default:
			ctrl.Log.WithName("release").Info("Removing a Secret that stores no revision of a release any more",
				"namespace", d.namespace, "secret", name, "because", why)
			if err := d.secrets.Delete(context.Background(), name, metav1.DeleteOptions{}); client.IgnoreNotFound(err) != nil {
				return nil, fmt.Errorf("removing the damaged Secret %s: %w", name, err)
			}
		}
	}
	whole := slices.DeleteFunc(releases, func(found *release.Release) bool { return damage[secretOf(found)] != "" })
	if len(whole) == 0 {
		return nil, driver.ErrReleaseNotFound
	}
	return whole, nil
}

// secretOf names the Secret that a revision was read from, by its labels: what the revision
// says of itself may be damaged.
func secretOf(found *release.Release) string {
	return keyPrefix(found.Labels["name"]) + found.Labels["version"]
}
