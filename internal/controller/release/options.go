package release

import (
	"fmt"

	helmclient "github.com/operator-framework/helm-operator-plugins/pkg/client"
	"github.com/operator-framework/helm-operator-plugins/pkg/reconciler"
	"github.com/operator-framework/helm-operator-plugins/pkg/values"
	"helm.sh/helm/v3/pkg/kube"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/internal/adoption"
	"github.com/barq-db/barq-operator/internal/apply"
	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/helm/capabilities"
	"github.com/barq-db/barq-operator/internal/helm/kubeclient"
	"github.com/barq-db/barq-operator/internal/helm/library"
	"github.com/barq-db/barq-operator/internal/helm/owned"
	"github.com/barq-db/barq-operator/internal/helm/releasestatus"
	"github.com/barq-db/barq-operator/internal/helm/session"
	"github.com/barq-db/barq-operator/internal/helm/storage"
	"github.com/barq-db/barq-operator/internal/retention"
	"github.com/barq-db/barq-operator/internal/signing"
	"github.com/barq-db/barq-operator/internal/watches"
)

// The library's finalizer is written by server-side apply. An owner reference that blocks the deletion of a BarqCluster
// needs barqclusters/finalizers where the API server enforces that.
// +kubebuilder:rbac:groups=barq.db,resources=barqclusters,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=barq.db,resources=barqclusters/status,verbs=patch
// +kubebuilder:rbac:groups=barq.db,resources=barqclusters/finalizers,verbs=update

// Releases are stored in Secrets. Helm reads, creates, supersedes and prunes them.
// +kubebuilder:rbac:groups="",resources=secrets,verbs=get;list;create;update;delete

// Helm compares, creates, patches and deletes what the chart renders. The dependent watches list and watch it.
// +kubebuilder:rbac:groups="",resources=configmaps;services;serviceaccounts,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=apps,resources=statefulsets,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=networking.k8s.io,resources=networkpolicies,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=policy,resources=poddisruptionbudgets,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=monitoring.coreos.com,resources=podmonitors;servicemonitors,verbs=get;list;watch;create;patch;delete

// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// options lists every option of the library's reconciler for the kind that watch names; see SetupWithManager.
func options(watch *watches.Watch, translator values.Translator, getter helmclient.ActionClientGetter, writer client.Client) []reconciler.Option {
	return []reconciler.Option{
		reconciler.WithGroupVersionKind(watch.GroupVersionKind),
		reconciler.WithChart(*watch.Chart),

		// The scheme has the typed BarqCluster. The library would register an unstructured one in its place.
		reconciler.SkipPrimaryGVKSchemeRegistration(true),

		// The library replaces the whole status and copies the manifest into it. This client merges the status, and
		// leaves the manifest out.
		reconciler.WithClient(writer),

		// A session refuses foreign releases, recovers interrupted ones, and never rolls back. It sends the API server
		// no request when nothing has changed.
		reconciler.WithActionClientGetter(getter),

		reconciler.WithValueTranslator(translator),

		// The library's own handlers would also pause a deletion.
		reconciler.WithPauseReconcileHandler(pausedUnlessDeleted),

		// No worker waits until a BarqCluster is deleted.
		reconciler.WithWaitForDeletionTimeout(deletionTimeout),

		// dependents does once what the library would do in every reconcile.
		reconciler.SkipDependentWatches(true),
		reconciler.WithReconcilePeriod(watch.ReconcilePeriod.Duration),
		reconciler.WithMaxReleaseHistory(storage.History),
		reconciler.WithLog(ctrl.Log.WithName("release")),
	}
}

// newSessions creates what the sessions of this process share.
func newSessions(
	mgr ctrl.Manager, watch *watches.Watch, key *signing.Key, secretMetadata client.Reader, statefulSets *clusters.Versions, rollouts session.Rollouts,
	remembered *capabilities.Cache, reasons *releasestatus.Reasons,
) (*session.Sessions, error) {
	secrets, err := corev1client.NewForConfigAndClient(mgr.GetConfig(), mgr.GetHTTPClient())
	if err != nil {
		return nil, fmt.Errorf("setting up the client of the release storage: %w", err)
	}
	// Helm creates the objects, under the same field manager.
	kube.ManagedFieldsManager = apply.Manager
	now := clock.RealClock{}
	objects := &owned.Objects{Cache: mgr.GetClient(), Live: mgr.GetAPIReader(), Writer: mgr.GetClient()}
	repairs := kubeclient.NewRepairs(now)
	return session.New(session.Options{
		Helm: &library.Library{
			Config: mgr.GetConfig(), Mapper: mgr.GetRESTMapper(), Secrets: secrets, Key: key,
			Objects: objects, StatefulSets: statefulSets, Repairs: repairs, Capabilities: remembered,
		},
		Chart: watch.Chart, Secrets: secretMetadata, Owned: objects,
		Objects:      session.Live{DryRun: adoption.DryRun{Live: objects.Live, Writer: objects.Writer}, Owned: objects, Repairs: repairs},
		Capabilities: remembered, StatefulSets: statefulSets, Rollouts: rollouts,
		Retention: &retention.Settler{Live: mgr.GetAPIReader(), Writer: mgr.GetClient()},
		Events:    mgr.GetEventRecorder("barq-operator"), Reasons: reasons,
	}, now), nil
}
