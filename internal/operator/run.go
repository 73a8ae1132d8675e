package operator

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/agentcert"
	"github.com/barq-db/barq-operator/internal/agentclient"
	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/controller/backupstore"
	"github.com/barq-db/barq-operator/internal/controller/database"
	"github.com/barq-db/barq-operator/internal/controller/lease"
	"github.com/barq-db/barq-operator/internal/controller/recovery"
	"github.com/barq-db/barq-operator/internal/controller/release"
	"github.com/barq-db/barq-operator/internal/controller/rollout"
	"github.com/barq-db/barq-operator/internal/controller/status"
	"github.com/barq-db/barq-operator/internal/controller/volumes"
	"github.com/barq-db/barq-operator/internal/helm/records"
	"github.com/barq-db/barq-operator/internal/ownership"
	"github.com/barq-db/barq-operator/internal/protection"
	"github.com/barq-db/barq-operator/internal/recorder"
	"github.com/barq-db/barq-operator/internal/secrets"
	"github.com/barq-db/barq-operator/internal/secrets/inventory"
	"github.com/barq-db/barq-operator/internal/signing"
	"github.com/barq-db/barq-operator/internal/version"
	"github.com/barq-db/barq-operator/internal/watches"
)

// Run runs the operator until the context ends.
func Run(ctx context.Context, settings Settings) error {
	log := ctrl.Log.WithName("operator")
	log.Info("Starting", "version", version.Version, "commit", version.Commit, "date", version.Date)

	watch, err := watches.Load(settings.WatchesFile, v1alpha1.BarqClusterKind)
	if err != nil {
		return err
	}
	config, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("finding the API server: %w", err)
	}
	operator, err := lease.OperatorName(settings.LeaderElectionNamespace, leaderElectionID)
	if err != nil {
		return err
	}
	mgr, err := newManager(config, settings, operator)
	if err != nil {
		return err
	}
	key, err := loadRecordKey(ctx, mgr, lease.OperatorNamespace(settings.LeaderElectionNamespace))
	if err != nil {
		return err
	}
	if err := addControllers(ctx, mgr, watch, key, settings, operator); err != nil {
		return err
	}
	return mgr.Start(ctx)
}

// loadRecordKey reads the key that signs the records of releases from the operator's namespace, with the permissions of
// config/rbac/record_key_role.yaml. Outside of Kubernetes and without a namespace, an operator signs with a key that
// lives as long as the process.
func loadRecordKey(ctx context.Context, mgr ctrl.Manager, namespace string) (*signing.Key, error) {
	if namespace == "" {
		ctrl.Log.WithName("operator").Info("Signing the records of releases with a key that ends with this process, " +
			"because the operator's namespace is unknown; give --leader-election-namespace")
		return signing.NewRandom()
	}
	core, err := corev1client.NewForConfigAndClient(mgr.GetConfig(), mgr.GetHTTPClient())
	if err != nil {
		return nil, fmt.Errorf("setting up the client of the key for release records: %w", err)
	}
	return signing.Load(ctx, core.Secrets(namespace))
}

// newAgentAuthority returns the authority that signs the certificates of the agents.
func newAgentAuthority(key *signing.Key) (*agentcert.Authority, error) {
	seed, err := key.Derive("barq.db/agents/v1", agentcert.SeedSize)
	if err != nil {
		return nil, fmt.Errorf("deriving the authority of the agents: %w", err)
	}
	return agentcert.New(seed)
}

// addControllers registers the release controller and the other controllers.
func addControllers(ctx context.Context, mgr ctrl.Manager, watch *watches.Watch, key *signing.Key, settings Settings, operator string) error {
	if err := secrets.IndexReferences(ctx, mgr.GetFieldIndexer()); err != nil {
		return fmt.Errorf("indexing the Secrets that BarqClusters refer to: %w", err)
	}
	if err := ownership.Index(ctx, mgr.GetFieldIndexer()); err != nil {
		return fmt.Errorf("indexing pods and PVCs by their BarqCluster: %w", err)
	}
	known, err := newInventory(mgr)
	if err != nil {
		return err
	}
	stored, err := newReleaseMetadataCache(ctx, mgr)
	if err != nil {
		return err
	}
	accounts, err := newAccountInventory(mgr)
	if err != nil {
		return err
	}
	resolver := secrets.NewResolver(known, mgr.GetAPIReader())
	resolver.Accounts = accounts
	rollouts := &rollout.Queue{
		Limit:   settings.UnrequestedRollouts,
		Objects: mgr.GetClient(),
		Secrets: stored,
		Key:     key,
		Live:    mgr.GetAPIReader(),
		Clock:   clock.RealClock{},
	}
	if err := rollouts.SetupWithManager(mgr, stored); err != nil {
		return err
	}

	statefulSets := &clusters.Versions{}
	translator := &release.Translator{
		Secrets: resolver, Cache: mgr.GetClient(), DefaultImage: settings.DefaultImage, AgentImage: settings.AgentImage,
		OperatorNamespace: lease.OperatorNamespace(settings.LeaderElectionNamespace),
	}
	if err := release.SetupWithManager(mgr, watch, translator, key, stored, statefulSets, rollouts, secrets.Watch(known, mgr.GetClient()), secrets.WatchAccounts(accounts, mgr.GetClient()), records.Lost(stored), rollouts.Releases()); err != nil {
		return err
	}

	told := recorder.New(mgr.GetEventRecorder("barq-operator"), mgr.GetScheme(), clock.RealClock{})
	if err := (&lease.Reconciler{
		Cache:    mgr.GetCache(),
		Statuses: mgr.GetClient().Status(),
		Operator: operator,
		Events:   told,
		Clock:    clock.RealClock{},
	}).SetupWithManager(mgr, watch.MaxConcurrentReconciles); err != nil {
		return err
	}
	policy, err := newDeletionPolicy(mgr, settings.DeletionPolicy)
	if err != nil {
		return err
	}
	if err := (&status.Reconciler{
		Client:  mgr.GetClient(),
		Live:    mgr.GetAPIReader(),
		Secrets: resolver,
		Events:  told,
		Clock:   clock.RealClock{},
		Queue:   rollouts,
		Kinds:   translator,

		Protection:   policy,
		StatefulSets: statefulSets,
	}).SetupWithManager(mgr, watch.MaxConcurrentReconciles,
		secrets.Watch(known, mgr.GetClient()), secrets.WatchAccounts(accounts, mgr.GetClient()), rollouts.Statuses(), protection.Watch(policy, mgr.GetClient())); err != nil {
		return err
	}
	if err := (&recovery.Reconciler{
		Client: mgr.GetClient(),
		Live:   mgr.GetAPIReader(),
		Events: told,
		Clock:  clock.RealClock{},
	}).SetupWithManager(mgr, watch.MaxConcurrentReconciles); err != nil {
		return err
	}
	authority, err := newAgentAuthority(key)
	if err != nil {
		return err
	}
	if err := (&database.Reconciler{
		Client:    mgr.GetClient(),
		Live:      mgr.GetAPIReader(),
		Agents:    &agentclient.Client{Authority: authority},
		Authority: authority,
		Image:     settings.AgentImage,
		Events:    told,
		Clock:     clock.RealClock{},
	}).SetupWithManager(mgr, watch.MaxConcurrentReconciles); err != nil {
		return err
	}
	if err := (&volumes.Reconciler{
		Client: mgr.GetClient(),
		Live:   mgr.GetAPIReader(),
		Events: told,
		Clock:  clock.RealClock{},
	}).SetupWithManager(mgr, watch.MaxConcurrentReconciles); err != nil {
		return err
	}
	return addBackupStores(ctx, mgr, &backupstore.Reconciler{
		Client:  mgr.GetClient(),
		Secrets: resolver,
		Image:   settings.AgentImage,
		Events:  told,
		Clock:   clock.RealClock{},
	}, watch.MaxConcurrentReconciles, known)
}

// addBackupStores registers the controller of BarqBackupStores. Without the kind, which an older installation does not have, there is
// none: databases must not wait for it.
func addBackupStores(ctx context.Context, mgr ctrl.Manager, reconciler *backupstore.Reconciler, workers int, known *inventory.Inventory) error {
	kind := v1alpha1.BarqBackupStoreKind
	if _, err := mgr.GetRESTMapper().RESTMapping(kind.GroupKind(), kind.Version); meta.IsNoMatchError(err) {
		ctrl.Log.WithName("operator").Info("No BarqBackupStore is tried, because the API server does not know the kind; install its CRD and start the operator again")
		return nil
	} else if err != nil {
		return fmt.Errorf("asking whether the API server knows BarqBackupStores: %w", err)
	}
	if err := secrets.IndexStores(ctx, mgr.GetFieldIndexer()); err != nil {
		return fmt.Errorf("indexing the Secrets that BarqBackupStores refer to: %w", err)
	}
	return reconciler.SetupWithManager(mgr, workers, secrets.WatchForStores(known, mgr.GetClient()))
}
