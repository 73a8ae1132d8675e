package status

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/ownership"
	"github.com/barq-db/barq-operator/internal/secrets"
)

// fieldOwner owns the fields of the status that this package writes.
const fieldOwner = client.FieldOwner("barq-operator-status")

// +kubebuilder:rbac:groups=barq.db,resources=barqclusters,verbs=get;list;watch
// +kubebuilder:rbac:groups=barq.db,resources=barqclusters/status,verbs=patch
// +kubebuilder:rbac:groups=apps,resources=statefulsets,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=pods;persistentvolumeclaims,verbs=list;watch

// Reconciler keeps the status of BarqClusters true.
type Reconciler struct {
	// Client reads from caches, and writes the status.
	Client client.Client
	// Live reads from the API server itself.
	Live client.Reader
	// Secrets finds what a spec refers to.
	Secrets *secrets.Resolver
	// Events is told of every change that a person would ask about.
	Events events.EventRecorder
	// Clock gives the transition times.
	Clock clock.PassiveClock
}

// SetupWithManager registers the controller. secretChanges enqueues the
// BarqClusters that refer to a Secret which changed; workers is how many
// BarqClusters are looked at concurrently.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager, secretChanges source.Source, workers int) error {
	cluster := unstructuredOf(v1alpha1.BarqClusterKind)
	err := ctrl.NewControllerManagedBy(mgr).
		Named("barqcluster-status").
		For(cluster).
		Watches(unstructuredOf(appsv1.SchemeGroupVersion.WithKind("StatefulSet")), handler.EnqueueRequestForOwner(
			mgr.GetScheme(), mgr.GetRESTMapper(), cluster, handler.OnlyControllerOwner())).
		Watches(&corev1.Pod{}, handler.EnqueueRequestsFromMapFunc(ownership.Enqueue)).
		Watches(&corev1.PersistentVolumeClaim{}, handler.EnqueueRequestsFromMapFunc(ownership.Enqueue)).
		WatchesRawSource(secretChanges).
		WithOptions(controller.Options{MaxConcurrentReconciles: workers}).
		Complete(r)
	if err != nil {
		return fmt.Errorf("setting up the status controller: %w", err)
	}
	return nil
}

// Reconcile computes the status of one BarqCluster and stores it if it changed.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	object := unstructuredOf(v1alpha1.BarqClusterKind)
	if err := r.Client.Get(ctx, request.NamespacedName, object); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	cluster, err := v1alpha1.FromUnstructured(object)
	if err != nil {
		return ctrl.Result{}, err
	}

	observed, err := r.observe(ctx, cluster, r.Client)
	if err != nil {
		return ctrl.Result{}, err
	}
	now := r.Clock.Now()
	computed := Compute(observed, now)
	if becomesReady(&cluster.Status, &computed) {
		// The cache may still hold the StatefulSet from before the change that was
		// just applied. Before saying that the change is done, ask the API server.
		observed, err = r.observe(ctx, cluster, r.Live)
		if err != nil {
			return ctrl.Result{}, err
		}
		computed = Compute(observed, now)
	}
	result := ctrl.Result{RequeueAfter: observed.LookAgainAfter(now)}
	stored := ownPart(&cluster.Status)
	if equality.Semantic.DeepEqual(stored, computed) {
		return result, nil
	}
	if err := r.write(ctx, cluster, &computed); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	r.announce(cluster, stored.Conditions, computed.Conditions)
	return result, nil
}

// observe reads what belongs to the BarqCluster, the StatefulSet through the given
// reader and the rest from the cache.
func (r *Reconciler) observe(ctx context.Context, cluster *v1alpha1.BarqCluster, statefulSets client.Reader) (Observation, error) {
	observed := Observation{Cluster: cluster}
	var err error
	if observed.Secrets, err = r.Secrets.Resolve(ctx, cluster); err != nil {
		return observed, err
	}
	if observed.StatefulSet, err = statefulSetOf(ctx, statefulSets, cluster); err != nil {
		return observed, err
	}

	if cluster.Status.DeployedRelease == nil {
		// Whatever carries its name belongs to a database that somebody installed by hand.
		return observed, nil
	}
	mine := ownership.Of(cluster)
	var claims corev1.PersistentVolumeClaimList
	if err := r.Client.List(ctx, &claims, mine...); err != nil {
		return observed, fmt.Errorf("listing volume claims: %w", err)
	}
	observed.Claims = claims.Items
	if observed.StatefulSet == nil {
		return observed, nil
	}
	var pods corev1.PodList
	if err := r.Client.List(ctx, &pods, mine...); err != nil {
		return observed, fmt.Errorf("listing pods: %w", err)
	}
	for i := range pods.Items {
		if metav1.IsControlledBy(&pods.Items[i], observed.StatefulSet) {
			observed.Pods = append(observed.Pods, pods.Items[i])
		}
	}
	return observed, nil
}

// statefulSetOf gives the BarqCluster's StatefulSet; one of the same name that
// belongs to somebody else is none.
func statefulSetOf(ctx context.Context, reader client.Reader, cluster *v1alpha1.BarqCluster) (*appsv1.StatefulSet, error) {
	object := unstructuredOf(appsv1.SchemeGroupVersion.WithKind("StatefulSet"))
	if err := reader.Get(ctx, client.ObjectKeyFromObject(cluster), object); err != nil {
		return nil, client.IgnoreNotFound(err)
	}
	if !metav1.IsControlledBy(object, cluster) {
		return nil, nil
	}
	statefulSet := &appsv1.StatefulSet{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, statefulSet); err != nil {
		return nil, fmt.Errorf("reading StatefulSet %s: %w", cluster.Name, err)
	}
	return statefulSet, nil
}

// write stores the status by server-side apply, so that the Helm side's fields stay.
func (r *Reconciler) write(ctx context.Context, cluster *v1alpha1.BarqCluster, status *v1alpha1.BarqClusterStatus) error {
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(status)
	if err != nil {
		return fmt.Errorf("writing the status: %w", err)
	}
	apply := &unstructured.Unstructured{Object: map[string]any{"status": fields}}
	apply.SetGroupVersionKind(v1alpha1.BarqClusterKind)
	apply.SetNamespace(cluster.Namespace)
	apply.SetName(cluster.Name)
	// Without it, the status of a BarqCluster that was deleted would be written onto
	// a new one of the same name.
	apply.SetUID(cluster.UID)
	return r.Client.Status().Apply(ctx, client.ApplyConfigurationFromUnstructured(apply), fieldOwner, client.ForceOwnership)
}

func unstructuredOf(kind schema.GroupVersionKind) *unstructured.Unstructured {
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(kind)
	return object
}
