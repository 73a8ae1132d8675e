package status

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/barq-db/barq-operator/internal/absence"
	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/fairqueue"
	"github.com/barq-db/barq-operator/internal/ownership"
	"github.com/barq-db/barq-operator/internal/protection"
	"github.com/barq-db/barq-operator/internal/secrets"
	"github.com/barq-db/barq-operator/internal/status"
)

// +kubebuilder:rbac:groups=barq.db,resources=barqclusters,verbs=get;list;watch
// +kubebuilder:rbac:groups=barq.db,resources=barqclusters/status,verbs=patch
// +kubebuilder:rbac:groups=apps,resources=statefulsets,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=pods,verbs=list;watch
// +kubebuilder:rbac:groups="",resources=persistentvolumeclaims,verbs=list;watch

// Reconciler keeps the status of BarqClusters up to date.
type Reconciler struct {
	// Client reads from caches, and writes the status.
	Client client.Client
	// Live reads from the API server itself.
	Live client.Reader
	// Secrets finds what a spec refers to.
	Secrets *secrets.Resolver
	// Events records every change that a person would ask about.
	Events events.EventRecorder
	// Clock gives the transition times.
	Clock clock.PassiveClock
	// Queue knows the rollouts that are queued; nil means none.
	Queue Queue
	// Protection knows the effect of spec.deletionProtection; nil means unknown.
	Protection Protection
	// Kinds knows which kinds the Kubernetes cluster has; nil means unknown.
	Kinds Kinds
	// StatefulSets knows what the release controller last wrote; nil means unknown.
	StatefulSets *clusters.Versions

	written  clusters.Writes
	absences absence.Memory
}

// Queue holds back rollouts that the spec does not ask for.
type Queue interface {
	// Waiting says what the rollout of a BarqCluster waits for, in the words of a message to the user;
	// empty if none waits.
	Waiting(cluster types.UID) string
}

// Protection knows whether the API server refuses to delete what is protected. *protection.Policy does.
type Protection interface {
	// Effect returns the effect of spec.deletionProtection.
	Effect() protection.Effect
}

// Kinds knows which kinds the Kubernetes cluster has. *release.Translator does.
type Kinds interface {
	// PodMonitors and ServiceMonitors report whether the Kubernetes cluster has these kinds; nil while that is unknown.
	PodMonitors() *bool
	ServiceMonitors() *bool
}

// SetupWithManager registers the controller. workers is how many BarqClusters are reconciled
// concurrently. changes enqueue the BarqClusters that refer to a changed Secret, and those for which
// Queue or Protection has a new answer.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager, workers int, changes ...source.Source) error {
	cluster := clusters.Object()
	ofCluster := handler.EnqueueRequestForOwner(mgr.GetScheme(), mgr.GetRESTMapper(), cluster, handler.OnlyControllerOwner())
	builder := ctrl.NewControllerManagedBy(mgr).
		Named("barqcluster-status").
		For(cluster).
		Watches(&appsv1.StatefulSet{}, ofCluster).
		Watches(&corev1.Pod{}, handler.EnqueueRequestsFromMapFunc(ownership.Enqueue)).
		Watches(&corev1.Service{}, ofCluster).
		Watches(&networkingv1.NetworkPolicy{}, ofCluster).
		WithOptions(fairqueue.Options(workers))
	for _, change := range changes {
		builder = builder.WatchesRawSource(change)
	}
	if err := builder.Complete(r); err != nil {
		return fmt.Errorf("setting up the status controller: %w", err)
	}
	return nil
}

// Reconcile computes the status of one BarqCluster and stores it if it changed.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	cluster, err := clusters.Get(ctx, r.Client, request.NamespacedName)
	if err != nil {
		r.written.Forget(request.NamespacedName)
		r.absences.Forget(request.NamespacedName)
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if r.written.AheadOf(cluster) {
		// A status from an outdated one would repeat events. The cache is about to get the newer one,
		// which starts another reconcile.
		return ctrl.Result{}, nil
	}

	observed, err := r.observe(ctx, cluster, r.Client)
	if err != nil {
		return ctrl.Result{}, err
	}
	if r.isOutdated(observed.StatefulSet) {
		// The StatefulSet is about the former spec, and the status would report it as the newest. The
		// cache is about to get the newer one, which starts another reconcile.
		return ctrl.Result{RequeueAfter: time.Second}, nil
	}
	now := r.Clock.Now()
	computed := status.Compute(observed, now)
	if settles(&cluster.Status, &computed) && !r.isCurrent(observed.StatefulSet) {
		// The cache may still hold the StatefulSet from before the change that was just applied. Ask
		// the API server before the status calls the change done or impossible.
		observed, err = r.observe(ctx, cluster, r.Live)
		if err != nil {
			return ctrl.Result{}, err
		}
		computed = status.Compute(observed, now)
	}
	result := ctrl.Result{RequeueAfter: observed.LookAgainAfter(now)}
	stored := status.Own(&cluster.Status)
	if equality.Semantic.DeepEqual(stored, computed) {
		r.written.Settled(request.NamespacedName)
		return result, nil
	}
	if canWait(&stored, &computed) {
		if left := r.written.ProgressIn(cluster, now); left > 0 {
			return ctrl.Result{RequeueAfter: left}, nil
		}
	}
	if err := clusters.ApplyStatus(ctx, r.Client.Status(), cluster, clusters.StatusPart, &computed); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	r.written.Remember(cluster)
	r.announce(observed, &computed)
	return result, nil
}

// isOutdated reports whether a StatefulSet from the cache is older than what was applied.
func (r *Reconciler) isOutdated(cached *appsv1.StatefulSet) bool {
	return r.StatefulSets != nil && cached != nil && r.StatefulSets.Precedes(cached)
}

// isCurrent reports whether a StatefulSet from the cache includes what was applied.
func (r *Reconciler) isCurrent(cached *appsv1.StatefulSet) bool {
	return r.StatefulSets != nil && cached != nil && r.StatefulSets.Includes(cached)
}
