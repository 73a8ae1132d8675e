package inventory

import (
	"context"
	"fmt"
	"net/http"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

// ReleaseType is the type of the Secrets in which Helm stores releases.
const ReleaseType = "helm.sh/release.v1"

// Inventory knows from a watch which Secrets or ServiceAccounts exist, and in which version. It keeps
// nothing else of them: a cache of their metadata takes some hundred bytes for each. A Kubernetes
// cluster may have tens of thousands, and BarqClusters refer to a few. Secrets that store releases are
// left out.
type Inventory struct {
	client metadata.Interface
	// kind is the kind of the objects, with the selector that limits them.
	kind       kind
	namespaces []string

	lock sync.RWMutex
	// versions are the resourceVersions by namespace and name.
	versions map[string]map[string]string
	// changed are called for Secrets that were created, changed or deleted after the first list.
	changed []func(types.NamespacedName)
	// awaited is how many namespaces have not been listed yet; listed is closed when none is left.
	awaited int
	listed  chan struct{}
}

// NewOfSecrets returns an Inventory of the Secrets in the namespaces; none means all. It knows nothing
// before it is started.
func NewOfSecrets(config *rest.Config, client *http.Client, namespaces []string) (*Inventory, error) {
	secrets, err := metadata.NewForConfigAndClient(metadata.ConfigFor(config), client)
	if err != nil {
		return nil, fmt.Errorf("setting up the client of Secrets' metadata: %w", err)
	}
	return newInventory(secrets, namespaces), nil
}

// NewOfAccounts returns an Inventory of the ServiceAccounts.
func NewOfAccounts(config *rest.Config, client *http.Client, namespaces []string) (*Inventory, error) {
	accounts, err := metadata.NewForConfigAndClient(metadata.ConfigFor(config), client)
	if err != nil {
		return nil, fmt.Errorf("setting up the client of ServiceAccounts' metadata: %w", err)
	}
	inventory := newInventory(accounts, namespaces)
	inventory.kind = accountKind
	return inventory, nil
}

// kind is the kind of the objects in an Inventory.
type kind struct {
	resource schema.GroupVersionResource
	selector fields.Selector
}

var (
	secretKind = kind{
		resource: corev1.SchemeGroupVersion.WithResource("secrets"), selector: fields.OneTermNotEqualSelector("type", ReleaseType),
	}
	accountKind = kind{resource: corev1.SchemeGroupVersion.WithResource("serviceaccounts"), selector: fields.Everything()}
)

func newInventory(client metadata.Interface, namespaces []string) *Inventory {
	if len(namespaces) == 0 {
		namespaces = []string{metav1.NamespaceAll}
	}
	return &Inventory{
		client: client, kind: secretKind, namespaces: namespaces,
		versions: map[string]map[string]string{}, awaited: len(namespaces), listed: make(chan struct{}),
	}
}

// Version returns the resourceVersion of a Secret, empty if there is none.
func (i *Inventory) Version(secret types.NamespacedName) string {
	i.lock.RLock()
	defer i.lock.RUnlock()
	return i.versions[secret.Namespace][secret.Name]
}

// Start watches until the context ends. A manager calls it.
func (i *Inventory) Start(ctx context.Context) error {
	var running sync.WaitGroup
	for _, namespace := range i.namespaces {
		running.Go(func() {
			cache.NewReflectorWithOptions(i.listWatch(namespace), &metav1.PartialObjectMetadata{}, &watched{inventory: i, namespace: namespace},
				cache.ReflectorOptions{Name: i.kind.resource.Resource, TypeDescription: "metadata of " + i.kind.resource.Resource}).RunWithContext(ctx)
		})
	}
	running.Wait()
	return nil
}

// NeedLeaderElection returns false, so that a replica already knows the Secrets when it becomes the
// leader.
func (i *Inventory) NeedLeaderElection() bool { return false }

func (i *Inventory) listWatch(namespace string) cache.ListerWatcher {
	everywhere := i.client.Resource(i.kind.resource)
	resources := metadata.ResourceInterface(everywhere)
	if namespace != metav1.NamespaceAll {
		resources = everywhere.Namespace(namespace)
	}
	selector := i.kind.selector.String()
	return cache.ToListWatcherWithWatchListSemantics(&cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			options.FieldSelector = selector
			return resources.List(ctx, options)
		},
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			options.FieldSelector = selector
			return resources.Watch(ctx, options)
		},
	}, i.client)
}

// OnChange adds a function to call for changes from now on.
func (i *Inventory) OnChange(changed func(types.NamespacedName)) {
	i.lock.Lock()
	defer i.lock.Unlock()
	i.changed = append(i.changed, changed)
}

// AwaitListed waits for the first lists of all namespaces.
func (i *Inventory) AwaitListed(ctx context.Context) error {
	select {
	case <-i.listed:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for the list of %s: %w", i.kind.resource.Resource, context.Cause(ctx))
	}
}

// String returns what it is an inventory of.
func (i *Inventory) String() string { return i.kind.resource.Resource }

// note stores the version of a Secret, empty if it was deleted.
func (i *Inventory) note(secret types.NamespacedName, version string) {
	i.lock.Lock()
	before := i.versions[secret.Namespace][secret.Name]
	i.put(secret, version)
	told := i.changed
	i.lock.Unlock()
	if before != version {
		for _, changed := range told {
			changed(secret)
		}
	}
}

func (i *Inventory) put(secret types.NamespacedName, version string) {
	names := i.versions[secret.Namespace]
	switch {
	case version != "":
		if names == nil {
			names = map[string]string{}
			i.versions[secret.Namespace] = names
		}
		names[secret.Name] = version
	case len(names) == 1:
		if names[secret.Name] != "" {
			delete(i.versions, secret.Namespace)
		}
	default:
		delete(names, secret.Name)
	}
}

// begin stores the first list of a namespace, or of all. No controller has acted on earlier knowledge,
// so no function is called.
func (i *Inventory) begin(listed []metav1.Object) {
	i.lock.Lock()
	defer i.lock.Unlock()
	for _, secret := range listed {
		i.put(nameOf(secret), secret.GetResourceVersion())
	}
	i.awaited--
	if i.awaited == 0 {
		close(i.listed)
	}
}

// replace replaces what is known of a namespace, or of all, by the list that follows a broken watch.
func (i *Inventory) replace(namespace string, secrets []metav1.Object) {
	listed := make(map[types.NamespacedName]string, len(secrets))
	for _, secret := range secrets {
		listed[nameOf(secret)] = secret.GetResourceVersion()
	}
	i.lock.Lock()
	different := map[types.NamespacedName]bool{}
	for within, names := range i.versions {
		if namespace != metav1.NamespaceAll && namespace != within {
			continue
		}
		for name := range names {
			secret := types.NamespacedName{Namespace: within, Name: name}
			if _, there := listed[secret]; !there {
				different[secret] = true
			}
		}
	}
	for secret, version := range listed {
		if i.versions[secret.Namespace][secret.Name] != version {
			different[secret] = true
		}
	}
	for secret := range different {
		i.put(secret, listed[secret])
	}
	told := i.changed
	i.lock.Unlock()
	for secret := range different {
		for _, changed := range told {
			changed(secret)
		}
	}
}

// watched passes what one watch reports to the Inventory.
type watched struct {
	inventory *Inventory
	namespace string
	known     bool
}

var _ cache.TransformingStore = &watched{}

// Add implements cache.ReflectorStore.
func (w *watched) Add(object any) error {
	secret, err := meta.Accessor(object)
	if err == nil {
		w.inventory.note(nameOf(secret), secret.GetResourceVersion())
	}
	return err
}

// Update implements cache.ReflectorStore.
func (w *watched) Update(object any) error { return w.Add(object) }

// Delete implements cache.ReflectorStore.
func (w *watched) Delete(object any) error {
	secret, err := meta.Accessor(object)
	if err == nil {
		w.inventory.note(nameOf(secret), "")
	}
	return err
}

// Replace implements cache.ReflectorStore.
func (w *watched) Replace(objects []any, _ string) error {
	secrets := make([]metav1.Object, len(objects))
	for n, object := range objects {
		secret, err := meta.Accessor(object)
		if err != nil {
			return err
		}
		secrets[n] = secret
	}
	if !w.known {
		w.known = true
		w.inventory.begin(secrets)
		return nil
	}
	w.inventory.replace(w.namespace, secrets)
	return nil
}

// Resync implements cache.ReflectorStore.
func (w *watched) Resync() error { return nil }

// Transformer implements cache.TransformingStore: the reflector keeps the transformed objects of a
// list until the list is complete.
func (w *watched) Transformer() cache.TransformFunc {
	return func(object any) (any, error) {
		secret, err := meta.Accessor(object)
		if err != nil {
			return nil, err
		}
		return &version{NamespacedName: nameOf(secret), resourceVersion: secret.GetResourceVersion()}, nil
	}
}

// version is a Secret of an incomplete list. The reflector only asks for these fields.
type version struct {
	metav1.Object
	types.NamespacedName
	resourceVersion string
}

func (v *version) GetNamespace() string       { return v.Namespace }
func (v *version) GetName() string            { return v.Name }
func (v *version) GetResourceVersion() string { return v.resourceVersion }

func nameOf(secret metav1.Object) types.NamespacedName {
	return types.NamespacedName{Namespace: secret.GetNamespace(), Name: secret.GetName()}
}
