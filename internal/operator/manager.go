package operator

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/go-logr/logr"
	helmmanager "github.com/operator-framework/helm-operator-plugins/pkg/manager"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/metrics/filters"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/controller/lease"
	"github.com/barq-db/barq-operator/internal/helm/labels"
	"github.com/barq-db/barq-operator/internal/helm/records"
	"github.com/barq-db/barq-operator/internal/protection"
	"github.com/barq-db/barq-operator/internal/secrets/inventory"
	"github.com/barq-db/barq-operator/internal/signing"
)

// leaderElectionID is the name of the Lease.
const leaderElectionID = "barq-operator.barq.db"

// newManager creates the manager with its caches, probes and metrics. operator is the name of this operator. The
// manager's client hides the BarqClusters that this operator does not hold.
func newManager(config *rest.Config, settings Settings, operator string) (ctrl.Manager, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, fmt.Errorf("registering types: %w", err)
		}
	}

	options := ctrl.Options{
		Scheme:                  scheme,
		HealthProbeBindAddress:  settings.HealthAddress,
		PprofBindAddress:        settings.ProfilesAddress,
		LeaderElection:          settings.LeaderElection,
		LeaderElectionID:        leaderElectionID,
		LeaderElectionNamespace: settings.LeaderElectionNamespace,
		// An operator that stops in order hands over at once. One that is killed holds its Lease until the Lease
		// expires.
		LeaderElectionReleaseOnCancel: true,
		Metrics: metricsserver.Options{
			BindAddress:    settings.MetricsAddress,
			SecureServing:  true,
			FilterProvider: filters.WithAuthenticationAndAuthorization,
		},
		Cache: limitedCache(),
		Client: client.Options{Cache: &client.CacheOptions{
			// BarqClusters are read unstructured, and from the cache, so a reconcile with nothing to do does not ask
			// the API server for them.
			Unstructured: true,
		}},
		NewClient: func(config *rest.Config, options client.Options) (client.Client, error) {
			all, err := client.New(config, options)
			return &lease.View{Client: all, Operator: operator}, err
		},
	}
	helmmanager.ConfigureWatchNamespaces(&options, ctrl.Log.WithName("manager"))

	// The API server warns about the name of the Helm library's finalizer on every write. One such line in the log is
	// enough.
	config.WarningHandlerWithContext = log.NewKubeAPIWarningLogger(log.KubeAPIWarningLoggerOptions{Deduplicate: true})

	mgr, err := ctrl.NewManager(config, options)
	if err != nil {
		return nil, fmt.Errorf("setting up the manager: %w", err)
	}
	if err := mgr.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return nil, err
	}
	if err := mgr.AddReadyzCheck("ping", healthz.Ping); err != nil {
		return nil, err
	}
	return mgr, nil
}

// newReleaseMetadataCache creates a cache of the metadata of the Secrets in which Helm stores releases, without their
// contents, with the index of the releases. It covers the namespaces that the manager watches. It is separate from the
// manager's cache, which has one set of limits for all forms of a kind.
func newReleaseMetadataCache(ctx context.Context, mgr ctrl.Manager) (cache.Cache, error) {
	releases, err := cache.New(mgr.GetConfig(), cache.Options{
		HTTPClient:           mgr.GetHTTPClient(),
		Scheme:               mgr.GetScheme(),
		Mapper:               mgr.GetRESTMapper(),
		DefaultNamespaces:    watchedNamespaces(),
		DefaultFieldSelector: fields.OneTermEqualSelector("type", inventory.ReleaseType),
		// Only the name and the resourceVersion are used, and, for the operator's own releases, the labels and their
		// signature.
		DefaultTransform: func(object any) (any, error) {
			if metadata, ok := object.(*metav1.PartialObjectMetadata); ok {
				metadata.ManagedFields, metadata.OwnerReferences = nil, nil
				signing.StripAnnotations(metadata)
				if metadata.Labels[labels.Rollout] == "" {
					metadata.Labels = nil
				}
			}
			return object, nil
		},
	})
	if err != nil {
		return nil, fmt.Errorf("setting up the cache of the metadata of stored releases: %w", err)
	}
	if err := mgr.Add(releases); err != nil {
		return nil, fmt.Errorf("adding the cache of the metadata of stored releases: %w", err)
	}
	if err := records.IndexReleases(ctx, releases); err != nil {
		return nil, fmt.Errorf("indexing the stored releases: %w", err)
	}
	return releases, nil
}

// newInventory creates an inventory of the Secrets in the namespaces that the manager watches.
func newInventory(mgr ctrl.Manager) (*inventory.Inventory, error) {
	found, err := inventory.NewOfSecrets(mgr.GetConfig(), mgr.GetHTTPClient(), slices.Sorted(maps.Keys(watchedNamespaces())))
	if err != nil {
		return nil, err
	}
	if err := mgr.Add(found); err != nil {
		return nil, fmt.Errorf("adding the inventory of Secrets: %w", err)
	}
	return found, nil
}

// newAccountInventory creates an inventory of the ServiceAccounts there.
func newAccountInventory(mgr ctrl.Manager) (*inventory.Inventory, error) {
	found, err := inventory.NewOfAccounts(mgr.GetConfig(), mgr.GetHTTPClient(), slices.Sorted(maps.Keys(watchedNamespaces())))
	if err != nil {
		return nil, err
	}
	if err := mgr.Add(found); err != nil {
		return nil, fmt.Errorf("adding the inventory of ServiceAccounts: %w", err)
	}
	return found, nil
}

// newDeletionPolicy creates the watch of the admission policy of that name.
func newDeletionPolicy(mgr ctrl.Manager, name string) (*protection.Policy, error) {
	policy, err := protection.New(mgr.GetConfig(), mgr.GetHTTPClient(), name)
	if err != nil {
		return nil, err
	}
	if err := mgr.Add(policy); err != nil {
		return nil, fmt.Errorf("adding the watch of the admission policy: %w", err)
	}
	return policy, nil
}

// watchedNamespaces returns the namespaces that the manager watches; none means all.
func watchedNamespaces() map[string]cache.Config {
	options := ctrl.Options{}
	helmmanager.ConfigureWatchNamespaces(&options, logr.Discard())
	return options.Cache.DefaultNamespaces
}
