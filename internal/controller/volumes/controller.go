package volumes

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/fairqueue"
	"github.com/barq-db/barq-operator/internal/growth"
	"github.com/barq-db/barq-operator/internal/ownership"
	"github.com/barq-db/barq-operator/internal/pvcs"
	"github.com/barq-db/barq-operator/internal/requeue"
	"github.com/barq-db/barq-operator/internal/retention"
)

// +kubebuilder:rbac:groups=barq.db,resources=barqclusters,verbs=get;list;watch
// +kubebuilder:rbac:groups=barq.db,resources=barqclusters/status,verbs=patch
// +kubebuilder:rbac:groups=apps,resources=statefulsets,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=pods,verbs=list;watch
// +kubebuilder:rbac:groups="",resources=persistentvolumeclaims,verbs=list;watch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// Reconciler gives volumes the size that the spec asks for, and reports their state.
type Reconciler struct {
	// Client reads from caches, and writes.
	Client client.Client
	// Live reads from the API server itself.
	Live client.Reader
	// Events records what the operator asks of PVCs and pods, and the outcome.
	Events events.EventRecorder
	// Clock is the clock for the ages of restarts and refusals.
	Clock clock.PassiveClock

	// growthRefusals are refusals of resizes, and retainRefusals are refusals to set volumes to stay.
	growthRefusals, retainRefusals pvcs.Refusals
	written                        clusters.Writes
}

// SetupWithManager registers the controller. workers is how many BarqClusters are reconciled
// concurrently.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager, workers int) error {
	cluster := clusters.Object()
	// The applied spec is in the release controller's part.
	concerned := builder.WithPredicates(clusters.Concerns(clusters.VolumesPart, clusters.ReleasePart))
	err := ownership.Watch(ctrl.NewControllerManagedBy(mgr).Named("barqcluster-volumes").For(cluster, concerned), mgr, cluster).
		WithOptions(fairqueue.Options(workers)).
		Complete(r)
	if err != nil {
		return fmt.Errorf("setting up the volumes controller: %w", err)
	}
	return nil
}

// Reconcile compares the volumes of one BarqCluster with its spec. It is level triggered: if the
// operator stops at any point, the next reconcile continues.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	observed, err := pvcs.Observe(ctx, r.Client, ownership.InCache, request.NamespacedName)
	if apierrors.IsNotFound(err) || err == nil && observed.Cluster.DeletionTimestamp != nil {
		// Volumes that outlive a BarqCluster stay as they are.
		r.growthRefusals.Replace(request.NamespacedName, nil)
		r.retainRefusals.Replace(request.NamespacedName, nil)
		r.written.Forget(request.NamespacedName)
		return ctrl.Result{}, nil
	}
	if err != nil {
		return ctrl.Result{}, err
	}
	if r.written.AheadOf(observed.Cluster) {
		// The cache is about to get what was written, which starts another reconcile.
		return ctrl.Result{}, nil
	}
	now := r.Clock.Now()
	if err := errors.Join(r.retain(ctx, &observed), r.keep(ctx, &observed, now)); err != nil {
		return ctrl.Result{}, err
	}
	heardAgain, err := r.hear(ctx, &observed, now)
	if err != nil {
		return ctrl.Result{}, err
	}
	resizeErr := errors.Join(r.resize(ctx, &observed, now), r.inherit(ctx, observed))
	plan := growth.PlanRestarts(observed, now)
	var left time.Duration
	if !isEarly(observed) {
		if left, err = r.report(ctx, observed, plan, now); err != nil {
			return ctrl.Result{}, errors.Join(resizeErr, client.IgnoreNotFound(err))
		}
	}
	if resizeErr != nil {
		return ctrl.Result{}, resizeErr
	}
	left = requeue.Sooner(requeue.Sooner(left, heardAgain), plan.Left)
	for _, refusals := range []map[types.UID]pvcs.Refusal{observed.GrowthRefusals, observed.RetainRefusals} {
		for _, refused := range refusals {
			left = requeue.Sooner(left, refused.Until.Sub(now))
		}
	}
	return ctrl.Result{RequeueAfter: left}, r.remove(ctx, request.NamespacedName, observed, plan, now)
}

// remove deletes what stands in the way of the spec. Each of its steps asks the API server once more
// before it deletes.
func (r *Reconciler) remove(ctx context.Context, name types.NamespacedName, observed pvcs.Observation, plan growth.Restarts, now time.Time) error {
	if observed.OutdatedTemplate() != nil {
		return r.replace(ctx, name)
	}
	if len(retention.ScaledAway(observed)) > 0 {
		if err := r.deleteScaled(ctx, name); err != nil {
			return err
		}
	}
	if plan.Now != nil {
		return r.restart(ctx, name, now)
	}
	return nil
}

// report writes the status if it changed, or returns when to reconcile again if the write can wait.
func (r *Reconciler) report(ctx context.Context, observed pvcs.Observation, plan growth.Restarts, now time.Time) (again time.Duration, err error) {
	stored, computed := storedStatus(observed.Cluster), compute(observed, plan, now)
	if equality.Semantic.DeepEqual(stored, computed) {
		r.written.Settled(client.ObjectKeyFromObject(observed.Cluster))
		return 0, nil
	}
	if onlyAwaits(observed, computed) {
		if left := r.written.ProgressIn(observed.Cluster, now); left > 0 {
			return left, nil
		}
	}
	if err := clusters.ApplyStatus(ctx, r.Client.Status(), observed.Cluster, clusters.VolumesPart, &computed); err != nil {
		return 0, err
	}
	r.written.Remember(observed.Cluster)
	r.announce(observed.Cluster, stored.resized(), computed.resized())
	r.announceUnkept(observed.Cluster, stored.retained(), computed.retained())
	return 0, nil
}
