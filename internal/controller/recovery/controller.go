package recovery

import (
	"context"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/fairqueue"
	"github.com/barq-db/barq-operator/internal/ownership"
	"github.com/barq-db/barq-operator/internal/requeue"
)

// patience is how long Kubernetes may take to replace a pod by itself. That normally takes a fraction
// of a second.
const patience = 10 * time.Second

// +kubebuilder:rbac:groups=barq.db,resources=barqclusters,verbs=get;list;watch
// +kubebuilder:rbac:groups=apps,resources=statefulsets,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=pods,verbs=list;watch
// +kubebuilder:rbac:groups="",resources=persistentvolumeclaims,verbs=list;watch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// Reconciler replaces pods that are stuck on a former revision.
type Reconciler struct {
	// Client reads from caches, and deletes.
	Client client.Client
	// Live reads from the API server itself.
	Live client.Reader
	// Events records each pod that is deleted.
	Events events.EventRecorder
	// Clock measures how long a pod has been stuck.
	Clock clock.PassiveClock

	lock sync.Mutex
	// seen has the sighting of each BarqCluster with a stuck pod.
	seen map[types.NamespacedName]sighting
}

// sighting is what is remembered of a stuck pod. A restarted operator waits once more.
type sighting struct {
	pod types.UID
	// revision is the newest revision of the StatefulSet, which the pod should have.
	revision string
	since    time.Time
	// deleted has the names of the pods that were deleted for this revision. If Kubernetes creates one
	// of them in a former revision again, another deletion would not help.
	deleted map[string]bool
}

// SetupWithManager registers the controller. workers is how many BarqClusters are reconciled
// concurrently.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager, workers int) error {
	cluster := clusters.Object()
	// The plan waits while VolumesResized says that data is at risk.
	concerned := builder.WithPredicates(clusters.Concerns(clusters.VolumesPart))
	err := ownership.Watch(ctrl.NewControllerManagedBy(mgr).Named("barqcluster-recovery").For(cluster, concerned), mgr, cluster).
		WithOptions(fairqueue.Options(workers)).
		Complete(r)
	if err != nil {
		return fmt.Errorf("setting up the recovery controller: %w", err)
	}
	return nil
}

// Reconcile deletes the pod of one BarqCluster that has been stuck on a former revision for longer
// than Kubernetes takes to replace it.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	observed, err := r.observe(ctx, r.Client, ownership.InCache, request.NamespacedName)
	if err != nil {
		r.forget(request.NamespacedName)
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	now := r.Clock.Now()
	found := observed.plan(now)
	left, due := r.due(request.NamespacedName, observed, found, now)
	if !due {
		return ctrl.Result{RequeueAfter: requeue.Sooner(left, found.left)}, nil
	}
	return ctrl.Result{}, r.replace(ctx, request.NamespacedName, found, now)
}

// observe reads a BarqCluster and its objects through the given reader, with the lookup for that
// reader.
func (r *Reconciler) observe(ctx context.Context, reader client.Reader, lookup ownership.Lookup, name types.NamespacedName) (observation, error) {
	cluster, err := clusters.Get(ctx, reader, name)
	if err != nil {
		return observation{}, err
	}
	observed := observation{cluster: cluster, pods: map[string]*corev1.Pod{}, leaving: map[string]bool{}}
	observed.statefulSet, err = clusters.StatefulSet(ctx, reader, cluster)
	if err != nil || !observed.rollsOut() {
		return observed, err
	}
	pods, err := clusters.Pods(ctx, reader, lookup, cluster, observed.statefulSet)
	if err != nil {
		return observed, err
	}
	for i := range pods {
		observed.pods[pods[i].Name] = &pods[i]
	}
	var pvcs corev1.PersistentVolumeClaimList
	// The code only reads them.
	if err := reader.List(ctx, &pvcs, append(lookup(cluster), client.UnsafeDisableDeepCopy)...); err != nil {
		return observed, fmt.Errorf("listing PVCs: %w", err)
	}
	for i := range pvcs.Items {
		if pvcs.Items[i].DeletionTimestamp != nil {
			observed.leaving[pvcs.Items[i].Name] = true
		}
	}
	return observed, nil
}

// due reports whether the planned pod has been stuck for long enough, or how long that takes.
func (r *Reconciler) due(name types.NamespacedName, observed observation, found plan, now time.Time) (left time.Duration, due bool) {
	r.lock.Lock()
	defer r.lock.Unlock()
	before, known := r.seen[name]
	if !observed.rollsOut() {
		delete(r.seen, name)
		return 0, false
	}
	revision := observed.statefulSet.Status.UpdateRevision
	if known && before.revision != revision {
		before = sighting{}
	}
	switch {
	case found.pod == nil || before.deleted[found.pod.Name]:
		before.pod = ""
	case before.pod != found.pod.UID:
		before.pod, before.since = found.pod.UID, now
	}
	before.revision = revision
	if r.seen == nil {
		r.seen = map[types.NamespacedName]sighting{}
	}
	r.seen[name] = before
	if before.pod == "" {
		return 0, false
	}
	left = patience - now.Sub(before.since)
	return max(left, 0), left <= 0
}

func (r *Reconciler) forget(name types.NamespacedName) {
	r.lock.Lock()
	defer r.lock.Unlock()
	delete(r.seen, name)
}

// noteDeleted remembers that a pod was deleted for the newest revision.
func (r *Reconciler) noteDeleted(name types.NamespacedName, pod string) {
	r.lock.Lock()
	defer r.lock.Unlock()
	known, ok := r.seen[name]
	if !ok {
		return
	}
	if known.deleted == nil {
		known.deleted = map[string]bool{}
	}
	known.deleted[pod], known.pod = true, ""
	r.seen[name] = known
}

// +kubebuilder:rbac:groups="",resources=pods,verbs=delete

// replace deletes the pod, which its StatefulSet then creates again. The caches may be older than the
// loss of another pod or the first answer of this one. So the API server is asked for everything
// again, and the pod is deleted only if it is unchanged.
func (r *Reconciler) replace(ctx context.Context, name types.NamespacedName, expected plan, now time.Time) error {
	observed, err := r.observe(ctx, r.Live, ownership.Of, name)
	if err != nil {
		return client.IgnoreNotFound(err)
	}
	found := observed.plan(now)
	if found.pod == nil || found.pod.UID != expected.pod.UID {
		// The cache is about to get what stood in the way, which starts the next reconcile.
		return nil
	}
	err = r.Client.Delete(ctx, found.pod, client.Preconditions{UID: &found.pod.UID, ResourceVersion: &found.pod.ResourceVersion})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		// The pod may also have changed meanwhile; controller-runtime then retries.
		return fmt.Errorf("replacing pod %s, which is stuck on a former revision: %w", found.pod.Name, err)
	}
	r.noteDeleted(name, found.pod.Name)
	r.Events.Eventf(observed.cluster, found.pod, corev1.EventTypeNormal, v1alpha1.ReasonStuckPodReplaced, "Replace",
		"the operator deletes pod %s, and its StatefulSet creates it again from the newest spec. The pod is of a former spec and cannot start (%s), and Kubernetes has not replaced it for %s",
		found.pod.Name, found.reason, patience)
	return nil
}
