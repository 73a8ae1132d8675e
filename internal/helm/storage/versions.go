package storage

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"helm.sh/helm/v3/pkg/release"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"k8s.io/utils/clock"
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

// ReleaseOf returns the name of the release that a Secret stores; none if it stores no release.
func ReleaseOf(secret client.Object) []string {
	rest, stores := strings.CutPrefix(secret.GetName(), keyStart)
	if end := strings.LastIndex(rest, versionStart); stores && end >= 0 {
		return []string{rest[:end]}
	}
	return nil
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

// writesAwaited is how long a cache may need to show a write. After that the cache is believed: another writer has
// undone the write.
const writesAwaited = 30 * time.Second

// Writes remembers what a reconcile wrote until the cache shows it. The next reconcile often begins before that, and
// must not take a release that was just created for a missing one.
type Writes struct {
	clock clock.PassiveClock
	lock  sync.Mutex
	known map[types.UID]awaitedWrites
}

type awaitedWrites struct {
	versions map[string]string
	since    time.Time
}

// NewWrites returns an empty Writes.
func NewWrites(now clock.PassiveClock) *Writes {
	return &Writes{clock: now, known: map[types.UID]awaitedWrites{}}
}

// Note remembers the writes of a reconcile.
func (w *Writes) Note(cluster types.UID, versions map[string]string) {
	if len(versions) == 0 {
		return
	}
	w.lock.Lock()
	defer w.lock.Unlock()
	all := maps.Clone(versions)
	for name, version := range w.known[cluster].versions {
		if _, again := all[name]; !again {
			all[name] = version
		}
	}
	w.known[cluster] = awaitedWrites{versions: all, since: w.clock.Now()}
}

// Onto returns the versions that the cache will have once it has seen all writes.
func (w *Writes) Onto(cluster types.UID, cached Versions) Versions {
	w.lock.Lock()
	defer w.lock.Unlock()
	awaited, ok := w.known[cluster]
	if !ok {
		return cached
	}
	maps.DeleteFunc(awaited.versions, func(name, version string) bool { return shows(cached[name], version) })
	if len(awaited.versions) == 0 || w.clock.Since(awaited.since) > writesAwaited {
		delete(w.known, cluster)
		return cached
	}
	return cached.With(awaited.versions)
}

// Forget removes what is remembered of a BarqCluster that is deleted.
func (w *Writes) Forget(cluster types.UID) {
	w.lock.Lock()
	defer w.lock.Unlock()
	delete(w.known, cluster)
}

// shows reports whether a cache with the first version has seen the write that resulted in the second. An empty version
// means that the Secret does not exist.
func shows(cached, written string) bool {
	if cached == "" || written == "" {
		return cached == written
	}
	order, err := resourceversion.CompareResourceVersion(cached, written)
	// If the versions cannot be compared, the cache is believed, because it is right in the end.
	return err != nil || order >= 0
}
