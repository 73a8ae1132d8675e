package volumes

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/fairqueue"
	"github.com/barq-db/barq-operator/internal/ownership"
	"github.com/barq-db/barq-operator/internal/requeue"
)

// +kubebuilder:rbac:groups=barq.db,resources=barqclusters,verbs=get;list;watch
// +kubebuilder:rbac:groups=barq.db,resources=barqclusters/status,verbs=patch
// +kubebuilder:rbac:groups=apps,resources=statefulsets,verbs=get;list;watch;delete
// +kubebuilder:rbac:groups="",resources=pods,verbs=list;watch
// +kubebuilder:rbac:groups="",resources=persistentvolumeclaims,verbs=list;watch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// Reconciler gives volumes the size that the spec asks for, and reports it.
type Reconciler struct {
	// Client reads from caches, and writes.
	Client client.Client
	// Live reads from the API server itself.
	Live client.Reader
	// Events is told what is asked of claims and pods, and what comes of it.
	Events events.EventRecorder
	// Clock gives the times that restarts and refusals are measured by.
	Clock clock.PassiveClock

	// refusals are those of growths, and unkept those of volumes that are to stay.
	refusals, unkept refusals
	written          clusters.Writes
}

// SetupWithManager registers the controller. workers is how many BarqClusters are
// looked at concurrently.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager, workers int) error {
	cluster := clusters.Object()
	err := ctrl.NewControllerManagedBy(mgr).
		Named("barqcluster-volumes").
		For(cluster).
		Watches(&appsv1.StatefulSet{}, handler.EnqueueRequestForOwner(
			mgr.GetScheme(), mgr.GetRESTMapper(), cluster, handler.OnlyControllerOwner())).
		Watches(&corev1.Pod{}, handler.EnqueueRequestsFromMapFunc(ownership.Enqueue)).
		Watches(&corev1.PersistentVolumeClaim{}, handler.EnqueueRequestsFromMapFunc(ownership.Enqueue)).
		WithOptions(controller.Options{MaxConcurrentReconciles: workers, NewQueue: fairqueue.New(workers).NewQueue}).
		Complete(r)
	if err != nil {
		return fmt.Errorf("setting up the volumes controller: %w", err)
	}
	return nil
}

// Reconcile compares the volumes of one BarqCluster with its spec. It is level
// triggered: a stop at any point leaves what the next pass finishes.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	observed, err := r.observe(ctx, r.Client, ownership.InCache, request.NamespacedName)
	if apierrors.IsNotFound(err) || err == nil && observed.cluster.DeletionTimestamp != nil {
		// Volumes that outlive a BarqCluster stay as they are.
		r.refusals.replace(request.NamespacedName, nil)
		r.unkept.replace(request.NamespacedName, nil)
		r.written.Forget(request.NamespacedName)
		return ctrl.Result{}, nil
	}
	if err != nil {
		return ctrl.Result{}, err
	}
	if r.written.AheadOf(observed.cluster) {
		// The cache is about to get what was written, which starts another pass.
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
	plan := observed.planRestarts(now)
	var left time.Duration
	if !observed.early() {
		if left, err = r.report(ctx, observed, plan, now); err != nil {
			return ctrl.Result{}, errors.Join(resizeErr, client.IgnoreNotFound(err))
		}
	}
	if resizeErr != nil {
		return ctrl.Result{}, resizeErr
	}
	left = requeue.Sooner(requeue.Sooner(left, heardAgain), plan.left)
	for _, refused := range slices.Concat(slices.Collect(maps.Values(observed.refused)), slices.Collect(maps.Values(observed.unkept))) {
		left = requeue.Sooner(left, refused.until.Sub(now))
	}
	return ctrl.Result{RequeueAfter: left}, r.remove(ctx, request.NamespacedName, &observed, plan, now)
}

// remove deletes what a pass has found to be in the way of the spec, which each of these asks the API server for once more.
func (r *Reconciler) remove(ctx context.Context, name types.NamespacedName, observed *observation, plan restarts, now time.Time) error {
	if observed.outdatedTemplate() != nil {
		return r.replace(ctx, name)
	}
	if len(observed.scaledAway()) > 0 {
		if err := r.deleteScaled(ctx, name); err != nil {
			return err
		}
	}
	if plan.now != nil {
		return r.restart(ctx, name, now)
	}
	return nil
}

// observe reads a BarqCluster and what belongs to it through the given reader, by the lookup that is for that.
func (r *Reconciler) observe(ctx context.Context, reader client.Reader, lookup ownership.Lookup, name types.NamespacedName) (observation, error) {
	cluster, err := clusters.Get(ctx, reader, name)
	if err != nil {
		return observation{}, err
	}
	observed := observation{cluster: cluster, pods: map[string]*corev1.Pod{}, words: map[types.UID]string{}}
	// Without a release of its own, claims that carry its name belong to a database
	// that somebody installed by hand.
	if cluster.Status.DeployedRelease == nil {
		return observed, nil
	}
	claims, err := clusters.Claims(ctx, reader, lookup, cluster)
	if err != nil {
		return observed, err
	}
	for _, claim := range claims {
		observed.volumes = append(observed.volumes, volume{claim: claim.PersistentVolumeClaim, pod: claim.Pod, ordinal: claim.Ordinal})
	}
	if observed.statefulSet, err = clusters.StatefulSet(ctx, reader, cluster); err != nil || observed.statefulSet == nil {
		return observed, err
	}
	pods, err := clusters.Pods(ctx, reader, lookup, cluster, observed.statefulSet)
	for i := range pods {
		observed.pods[pods[i].Name] = &pods[i]
	}
	return observed, err
}

// resize asks for the size of the spec at every claim that asks for another one and
// was not refused it, and notes what is refused.
func (r *Reconciler) resize(ctx context.Context, observed *observation, now time.Time) error {
	cluster := observed.cluster
	if cluster.Spec.Paused {
		return nil
	}
	name := client.ObjectKeyFromObject(cluster)
	before := r.refusals.of(name)
	observed.refused = map[types.UID]refusal{}
	var failed []error
	for _, v := range observed.volumes {
		size, change := request(v, cluster.Spec.DesiredSize())
		if !change {
			continue
		}
		if refused, ok := before[v.claim.UID]; ok && refused.stands(v.claim, cluster.Generation, now) {
			observed.refused[v.claim.UID] = refused
			continue
		}
		err := r.ask(ctx, cluster, v, size)
		switch {
		case isRefusal(err):
			observed.refused[v.claim.UID] = newRefusal(err, v.claim, cluster.Generation, now)
		case client.IgnoreNotFound(err) != nil:
			failed = append(failed, fmt.Errorf("resizing claim %s to %s: %w", v.claim.Name, size.String(), err))
		}
	}
	r.refusals.replace(name, observed.refused)
	return errors.Join(failed...)
}

// +kubebuilder:rbac:groups="",resources=persistentvolumeclaims,verbs=patch

// ask makes one claim ask for the size.
func (r *Reconciler) ask(ctx context.Context, cluster *v1alpha1.BarqCluster, v volume, size resource.Quantity) error {
	if err := r.Client.Patch(ctx, requesting(v.claim, size),
		client.MergeFromWithOptions(v.claim, client.MergeFromWithOptimisticLock{})); err != nil {
		return err
	}
	before := v.asksFor()
	if before.Cmp(size) > 0 {
		r.Events.Eventf(cluster, v.claim, corev1.EventTypeNormal, v1alpha1.ReasonResizing, "Resize",
			"claim %s is asked to have %s instead of %s", v.claim.Name, size.String(), before.String())
		return nil
	}
	r.Events.Eventf(cluster, v.claim, corev1.EventTypeNormal, v1alpha1.ReasonResizing, "Resize",
		"claim %s is asked to have %s", v.claim.Name, size.String())
	return nil
}

// report writes the status if it changed, or tells when to look again if that can wait.
func (r *Reconciler) report(ctx context.Context, observed observation, plan restarts, now time.Time) (again time.Duration, err error) {
	stored, computed := storedStatus(observed.cluster), observed.compute(plan, now)
	if equality.Semantic.DeepEqual(stored, computed) {
		r.written.Settled(client.ObjectKeyFromObject(observed.cluster))
		return 0, nil
	}
	if observed.onlyAwaits(computed) {
		if left := r.written.ProgressIn(observed.cluster, now); left > 0 {
			return left, nil
		}
	}
	if err := clusters.ApplyStatus(ctx, r.Client.Status(), observed.cluster, clusters.VolumesPart, &computed); err != nil {
		return 0, err
	}
	r.written.Remember(observed.cluster)
	r.announce(observed.cluster, stored.resized(), computed.resized())
	r.announceUnkept(observed.cluster, stored.retained(), computed.retained())
	return 0, nil
}

// +kubebuilder:rbac:groups="",resources=pods,verbs=delete

// restart deletes a pod whose file system grows when it starts; its StatefulSet makes
// it again. The caches may hold what was before another pod went away, so the API
// server is asked for everything again, and the pod is deleted only as it was seen.
func (r *Reconciler) restart(ctx context.Context, name types.NamespacedName, now time.Time) error {
	observed, err := r.observe(ctx, r.Live, ownership.Of, name)
	if err != nil {
		return client.IgnoreNotFound(err)
	}
	plan := observed.planRestarts(now)
	if plan.now == nil || observed.cluster.DeletionTimestamp != nil {
		// What was in the way reaches the caches too, and starts the next pass.
		return nil
	}
	pod := observed.pods[plan.now.pod]
	err = r.Client.Delete(ctx, pod, client.Preconditions{UID: &pod.UID, ResourceVersion: &pod.ResourceVersion})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		// Also when the pod has changed meanwhile, which is tried again by itself.
		return fmt.Errorf("restarting pod %s for its file system: %w", pod.Name, err)
	}
	r.Events.Eventf(observed.cluster, pod, corev1.EventTypeNormal, v1alpha1.ReasonFileSystemResizePending, "Restart",
		"pod %s is restarted, because the file system of claim %s grows only when the pod starts", pod.Name, plan.now.claim.Name)
	return nil
}
