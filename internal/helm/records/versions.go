package records

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"helm.sh/helm/v3/pkg/release"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/internal/helm/labels"
)

// Index is the name of the index of the cache of the metadata of Secrets. It finds those that store a release.
const Index = "helm.sh/release"

// IndexReleases lets the cache of the metadata of Secrets find the Secrets that store a release. Without it, each
// reconcile would look at all Secrets of the namespace.
func IndexReleases(ctx context.Context, secrets client.FieldIndexer) error {
	return secrets.IndexField(ctx, SecretMetadata(), Index, ReleaseOf)
}

// SecretMetadata returns the empty metadata of a Secret, in the form that the cache keeps.
func SecretMetadata() *metav1.PartialObjectMetadata {
	metadata := &metav1.PartialObjectMetadata{}
	metadata.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Secret"))
	return metadata
}

// Versions are the resourceVersions of the Secrets in which Helm stores a release,
// by the names of the Secrets.
type Versions map[string]string

// Cached reads them from a cache of the metadata of Secrets. deployed has those of the operator's with the status
// deployed in their labels.
func Cached(ctx context.Context, secrets client.Reader, name types.NamespacedName) (versions Versions, deployed map[string]bool, err error) {
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("SecretList"))
	err = secrets.List(ctx, list, client.InNamespace(name.Namespace), client.MatchingFields{Index: name.Name}, client.UnsafeDisableDeepCopy)
	if err != nil {
		return nil, nil, fmt.Errorf("listing the stored revisions of Helm release %q: %w", name.Name, err)
	}
	versions, deployed = Versions{}, map[string]bool{}
	for i := range list.Items {
		one := &list.Items[i]
		versions[one.Name] = one.ResourceVersion
		if one.Labels[labels.ManagedBy] == labels.Operator && one.Labels["status"] == release.StatusDeployed.String() {
			deployed[one.Name] = true
		}
	}
	return versions, deployed, nil
}

// String returns a text that is the same for the same versions.
func (v Versions) String() string {
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(v)) {
		text.WriteString(name + "@" + v[name] + ",")
	}
	return text.String()
}

// With returns the versions after writes; an empty version means deleted.
func (v Versions) With(writes map[string]string) Versions {
	after := maps.Clone(v)
	for name, version := range writes {
		if version == "" {
			delete(after, name)
		} else {
			after[name] = version
		}
	}
	return after
}
