package backupstore

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/backupstore"
	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/fairqueue"
	"github.com/barq-db/barq-operator/internal/message"
	"github.com/barq-db/barq-operator/internal/secrets"
)

// +kubebuilder:rbac:groups=barq.db,resources=barqbackupstores,verbs=get;list;watch
// +kubebuilder:rbac:groups=barq.db,resources=barqbackupstores/status,verbs=patch
// +kubebuilder:rbac:groups="",resources=pods,verbs=create;delete;list;watch
// +kubebuilder:rbac:groups="",resources=secrets,verbs=get;list;watch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// soon is how long the controller waits for the cache to show a pod that it has created.
const soon = 5 * time.Second

// part is what the controller owns of a BarqBackupStore.
var part = clusters.Part{
	Owner:      "barq-operator-backupstore",
	Fields:     []string{"observedGeneration", "observedSecrets", "lastProbeTime"},
	Conditions: []string{v1alpha1.ConditionReady},
}

// Reconciler has BarqBackupStores tried, and reports what came of it.
type Reconciler struct {
	// Client reads from caches, and writes.
	Client client.Client
	// Secrets looks up what the specs refer to.
	Secrets *secrets.Resolver
	// Image is the image of the agent. With an empty one no store is tried.
	Image string
	// Events records what a person has to know.
	Events events.EventRecorder
	// Clock gives the times of probes and transitions.
	Clock clock.PassiveClock

	written clusters.Writes
}

// SetupWithManager registers the controller. workers is how many BarqBackupStores are reconciled concurrently, and changes enqueues those
// whose Secrets change.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager, workers int, changes source.Source) error {
	err := ctrl.NewControllerManagedBy(mgr).Named("barqbackupstore").
		For(&v1alpha1.BarqBackupStore{}).
		Owns(&corev1.Pod{}).
		WatchesRawSource(changes).
		WithOptions(fairqueue.Options(workers)).
		Complete(r)
	if err != nil {
		return fmt.Errorf("setting up the controller of BarqBackupStores: %w", err)
	}
	return nil
}

// Reconcile has one BarqBackupStore tried if that is due, or reports what came of it.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	store := &v1alpha1.BarqBackupStore{}
	if err := r.Client.Get(ctx, request.NamespacedName, store); apierrors.IsNotFound(err) {
		r.written.Forget(request.NamespacedName)
		return ctrl.Result{}, nil
	} else if err != nil {
		return ctrl.Result{}, err
	}
	if store.DeletionTimestamp != nil || r.written.AheadOf(store) {
		// Kubernetes deletes its pods. Or the cache is about to get what was written, which starts another reconcile.
		return ctrl.Result{}, nil
	}
	if r.Image == "" {
		return r.hold(ctx, store, "", backupstore.Outcome{Reason: v1alpha1.ReasonAgentImageMissing, Message: "the agent tries the store, and the operator was installed " +
			"without its image; set the variable RELATED_IMAGE_BARQ_AGENT of the operator"})
	}
	resolution, err := r.Secrets.ResolveStore(ctx, store)
	if err != nil {
		return ctrl.Result{}, err
	}
	if len(resolution.Problems) > 0 {
		return r.hold(ctx, store, resolution.Checksum, backupstore.Outcome{Reason: v1alpha1.ReasonSecretMissing, Message: resolution.Message()})
	}
	wanted := backupstore.Pod(store, r.Image, resolution.Checksum)
	running, err := r.tidy(ctx, store, wanted.Name)
	switch {
	case err != nil:
		return ctrl.Result{}, err
	case running != nil:
		return r.follow(ctx, store, resolution.Checksum, running)
	}
	return r.begin(ctx, store, resolution.Checksum, wanted)
}

// hold reports why the store cannot be tried.
func (r *Reconciler) hold(ctx context.Context, store *v1alpha1.BarqBackupStore, checksum string, why backupstore.Outcome) (ctrl.Result, error) {
	if _, err := r.tidy(ctx, store, ""); err != nil {
		return ctrl.Result{}, err
	}
	return ctrl.Result{}, r.report(ctx, store, checksum, why, false)
}

// tidy deletes the pods of a BarqBackupStore except the one with a name, and returns that one, or nil.
func (r *Reconciler) tidy(ctx context.Context, store *v1alpha1.BarqBackupStore, keep string) (*corev1.Pod, error) {
	var pods corev1.PodList
	err := r.Client.List(ctx, &pods, client.InNamespace(store.Namespace), client.MatchingLabels(backupstore.Labels()), client.UnsafeDisableDeepCopy)
	if err != nil {
		return nil, fmt.Errorf("listing pods: %w", err)
	}
	var kept *corev1.Pod
	for i := range pods.Items {
		pod := &pods.Items[i]
		switch {
		case !metav1.IsControlledBy(pod, store):
		case pod.Name == keep:
			kept = pod
		case pod.DeletionTimestamp == nil:
			if _, err := r.remove(ctx, pod); err != nil {
				return nil, err
			}
		}
	}
	return kept, nil
}

// remove deletes a pod. It reports false if the pod is gone already.
func (r *Reconciler) remove(ctx context.Context, pod *corev1.Pod) (bool, error) {
	// The copy is because the cache shares the pod.
	err := r.Client.Delete(ctx, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: pod.Name}}, client.Preconditions{UID: &pod.UID})
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		return false, nil
	}
	return err == nil, err
}

// begin creates the pod if a probe is due.
func (r *Reconciler) begin(ctx context.Context, store *v1alpha1.BarqBackupStore, checksum string, pod *corev1.Pod) (ctrl.Result, error) {
	if left := backupstore.Next(store, checksum).Sub(r.Clock.Now()); left > 0 {
		return ctrl.Result{RequeueAfter: left}, nil
	}
	err := r.Client.Create(ctx, pod)
	switch {
	case apierrors.IsAlreadyExists(err):
		// The cache will show it.
		return ctrl.Result{RequeueAfter: soon}, nil
	case apierrors.IsForbidden(err), apierrors.IsInvalid(err), apierrors.IsBadRequest(err):
		return r.conclude(ctx, store, checksum, backupstore.Outcome{Reason: v1alpha1.ReasonProbeFailed, Message: fmt.Sprintf("the API server refused the pod of the probe: %v", err)})
	case err != nil:
		return ctrl.Result{}, fmt.Errorf("creating the pod of a probe: %w", err)
	}
	if backupstore.IsKnown(store, checksum) {
		return ctrl.Result{RequeueAfter: backupstore.Patience}, nil
	}
	return ctrl.Result{RequeueAfter: backupstore.Patience}, r.report(ctx, store, "", backupstore.Outcome{
		Reason: v1alpha1.ReasonProbing, Message: fmt.Sprintf("pod %s tries whether the store can be used", pod.Name),
	}, false)
}

// follow waits for the end of a probe and reports it. The pod goes first, so that no other reconcile reports it again.
func (r *Reconciler) follow(ctx context.Context, store *v1alpha1.BarqBackupStore, checksum string, pod *corev1.Pod) (ctrl.Result, error) {
	if pod.DeletionTimestamp != nil {
		return ctrl.Result{}, nil
	}
	now := r.Clock.Now()
	outcome, over := backupstore.OutcomeOf(pod, now)
	if !over {
		return ctrl.Result{RequeueAfter: max(pod.CreationTimestamp.Add(backupstore.Patience).Sub(now), time.Second)}, nil
	}
	if removed, err := r.remove(ctx, pod); err != nil || !removed {
		return ctrl.Result{}, err
	}
	return r.conclude(ctx, store, checksum, outcome)
}

// conclude reports what came of a probe.
func (r *Reconciler) conclude(ctx context.Context, store *v1alpha1.BarqBackupStore, checksum string, outcome backupstore.Outcome) (ctrl.Result, error) {
	if err := r.report(ctx, store, checksum, outcome, true); err != nil {
		return ctrl.Result{}, err
	}
	return ctrl.Result{RequeueAfter: max(backupstore.Next(store, checksum).Sub(r.Clock.Now()), time.Second)}, nil
}

// report writes the status if it changed, and records an event about what is newly bad. probed is whether a probe has just ended.
func (r *Reconciler) report(ctx context.Context, store *v1alpha1.BarqBackupStore, checksum string, outcome backupstore.Outcome, probed bool) error {
	now := r.Clock.Now()
	before := meta.FindStatusCondition(store.Status.Conditions, v1alpha1.ConditionReady).DeepCopy()
	computed := v1alpha1.BarqBackupStoreStatus{
		ObservedGeneration: store.Generation, ObservedSecrets: checksum, LastProbeTime: store.Status.LastProbeTime,
	}
	if before != nil {
		computed.Conditions = []metav1.Condition{*before}
	}
	if probed {
		computed.LastProbeTime = ptr.To(metav1.NewTime(now.Truncate(time.Second)))
	}
	if outcome.Reason == v1alpha1.ReasonProbing {
		// They are of the last probe that ended.
		computed.ObservedGeneration, computed.ObservedSecrets = store.Status.ObservedGeneration, store.Status.ObservedSecrets
	}
	meta.SetStatusCondition(&computed.Conditions, backupstore.Condition(store, outcome, now))
	if equality.Semantic.DeepEqual(store.Status, computed) {
		return nil
	}
	if err := clusters.ApplyStatus(ctx, r.Client.Status(), store, part, &computed); err != nil {
		return client.IgnoreNotFound(err)
	}
	r.written.Remember(store)
	store.Status = computed
	ready := computed.Conditions[0]
	if ready.Status == metav1.ConditionFalse && (before == nil || before.Reason != ready.Reason) {
		r.Events.Eventf(store, nil, corev1.EventTypeWarning, ready.Reason, "Probe", "%s", message.Bound(ready.Message, message.EventLimit))
	}
	return nil
}
