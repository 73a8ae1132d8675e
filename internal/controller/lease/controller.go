package lease

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/fairqueue"
	"github.com/barq-db/barq-operator/internal/status"
)

// fieldOwner owns status.operator and status.takeover, and begins the rest of the status.
const fieldOwner = client.FieldOwner("barq-operator-claims")

// +kubebuilder:rbac:groups=barq.db,resources=barqclusters,verbs=get;list;watch
// +kubebuilder:rbac:groups=barq.db,resources=barqclusters/status,verbs=patch

// Reconciler takes the leases of BarqClusters, answers other operators that ask for them, and takes
// over the leases of operators that are gone.
type Reconciler struct {
	// Cache has all BarqClusters, whichever operator holds them.
	Cache client.Reader
	// Statuses writes leases.
	Statuses client.SubResourceWriter
	// Operator is the name under which this operator holds leases.
	Operator string
	// Events records when another operator insists on its leases.
	Events events.EventRecorder
	Clock  clock.PassiveClock

	lock   sync.Mutex
	rivals map[rivalKey]*rival
	told   map[types.NamespacedName]told
}

// told is what the log and the events have said about a BarqCluster of another operator.
type told struct {
	// holder is the operator that the log named.
	holder string
	// insists: an event says that the holder has answered.
	insists bool
}

// rivalKey has the namespace too, because an operator may watch one namespace and not another.
type rivalKey struct{ namespace, operator string }

// SetupWithManager registers the controller. workers is how many BarqClusters are reconciled
// concurrently.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager, workers int) error {
	err := ctrl.NewControllerManagedBy(mgr).
		Named("barqcluster-claims").
		For(clusters.Object(), builder.WithPredicates(r.contested())).
		WithOptions(fairqueue.Options(workers)).
		Complete(r)
	if err != nil {
		return fmt.Errorf("setting up the lease controller: %w", err)
	}
	return nil
}

// contested drops the changes of a BarqCluster that the operator holds and no other operator asks for.
func (r *Reconciler) contested() predicate.Funcs {
	return predicate.Funcs{UpdateFunc: func(changed event.UpdateEvent) bool {
		return !r.keeps(changed.ObjectOld) || !r.keeps(changed.ObjectNew)
	}}
}

func (r *Reconciler) keeps(object client.Object) bool {
	cluster, ok := object.(*unstructured.Unstructured)
	if !ok {
		return false
	}
	question, _, _ := unstructured.NestedString(cluster.Object, "status", "takeover")
	return clusters.HolderOf(cluster) == r.Operator && question == ""
}

// Reconcile makes sure that an operator holds the lease of one BarqCluster.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	cluster, err := clusters.Get(ctx, r.Cache, request.NamespacedName)
	if apierrors.IsNotFound(err) {
		r.forget(request.NamespacedName)
		return ctrl.Result{}, nil
	}
	if err != nil {
		return ctrl.Result{}, err
	}
	holder, question := cluster.Status.Operator, cluster.Status.Takeover
	if holder != "" && holder != r.Operator {
		return r.contend(ctx, cluster)
	}
	r.forget(request.NamespacedName)
	if holder == "" || question != "" {
		if question != "" {
			ctrl.LoggerFrom(ctx).Info("Telling another operator that this one holds the BarqCluster", "asked by", question)
		}
		return again(r.write(ctx, cluster, r.Operator, ""))
	}
	return ctrl.Result{}, nil
}

// contend deals with a BarqCluster of another operator.
func (r *Reconciler) contend(ctx context.Context, cluster *v1alpha1.BarqCluster) (ctrl.Result, error) {
	r.lock.Lock()
	defer r.lock.Unlock()
	other := r.rivalFor(ctx, cluster)
	todo, left := other.next(cluster, r.Operator, r.Clock.Now())
	switch todo {
	case ask:
		if err := r.write(ctx, cluster, cluster.Status.Operator, r.Operator); err != nil {
			return ctrl.Result{RequeueAfter: time.Second}, ignoreOvertaken(err)
		}
		other.wait(client.ObjectKeyFromObject(cluster), r.Clock.Now())
	case takeOver:
		delete(r.rivals, keyOf(cluster))
		return ctrl.Result{RequeueAfter: time.Second}, ignoreOvertaken(r.takeOver(ctx, cluster))
	case leave:
		if name := client.ObjectKeyFromObject(cluster); other.answered && !r.told[name].insists {
			r.told[name] = told{holder: cluster.Status.Operator, insists: true}
			r.Events.Eventf(cluster, nil, corev1.EventTypeWarning, v1alpha1.ReasonManagedElsewhere, "Claim",
				"operator %s is installed too, and leaves the BarqClusters of this namespace to operator %s, which holds them; remove one of the two",
				r.Operator, cluster.Status.Operator)
		}
	}
	return ctrl.Result{RequeueAfter: left}, nil
}

// rivalFor returns what is known of the operator that holds the BarqCluster. It logs once that this
// operator leaves the BarqCluster alone.
func (r *Reconciler) rivalFor(ctx context.Context, cluster *v1alpha1.BarqCluster) *rival {
	if r.rivals == nil {
		r.rivals, r.told = map[rivalKey]*rival{}, map[types.NamespacedName]told{}
	}
	name, holder := client.ObjectKeyFromObject(cluster), cluster.Status.Operator
	if r.told[name].holder != holder {
		r.noLongerAskedOn(name)
		r.told[name] = told{holder: holder}
		ctrl.LoggerFrom(ctx).Info("Leaving a BarqCluster alone that another operator holds", "operator", holder)
	}
	if r.rivals[keyOf(cluster)] == nil {
		r.rivals[keyOf(cluster)] = &rival{}
	}
	return r.rivals[keyOf(cluster)]
}

func keyOf(cluster *v1alpha1.BarqCluster) rivalKey {
	return rivalKey{namespace: cluster.Namespace, operator: cluster.Status.Operator}
}

// forget drops what is known of a BarqCluster that is gone, or that no other operator holds.
func (r *Reconciler) forget(name types.NamespacedName) {
	r.lock.Lock()
	defer r.lock.Unlock()
	delete(r.told, name)
	r.noLongerAskedOn(name)
}

// noLongerAskedOn ends the wait for an answer on a BarqCluster where no answer can come.
func (r *Reconciler) noLongerAskedOn(name types.NamespacedName) {
	for key, other := range r.rivals {
		if other.asked == name {
			delete(r.rivals, key)
		}
	}
}

// takeOver takes the leases of all BarqClusters that the silent operator holds in the namespace. It
// begins with the BarqCluster that carries the question, because that write fails if the operator has
// answered meanwhile.
func (r *Reconciler) takeOver(ctx context.Context, asked *v1alpha1.BarqCluster) error {
	silent := asked.Status.Operator
	ctrl.LoggerFrom(ctx).Info("Taking over from an operator that does not answer", "operator", silent)
	if err := r.write(ctx, asked, r.Operator, ""); err != nil {
		return err
	}
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(v1alpha1.BarqClusterKind.Kind + "List"))
	if err := r.Cache.List(ctx, list, client.InNamespace(asked.Namespace)); err != nil {
		return fmt.Errorf("listing BarqClusters: %w", err)
	}
	var errs []error
	for i := range list.Items {
		cluster, err := v1alpha1.FromUnstructured(&list.Items[i])
		if err == nil && cluster.Status.Operator == silent && cluster.UID != asked.UID {
			err = r.write(ctx, cluster, r.Operator, "")
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// write stores in the status which operator holds a BarqCluster, and which one asks for it. It fails
// with a conflict if the BarqCluster has changed since it was read: of two operators that write at
// once, only one succeeds.
//
// The first lease also begins the status, which the status controller then takes over. It says that
// the database is yet to be created and that no generation was reconciled yet. Programs that wait for
// an observedGeneration, such as kstatus, would take a status without one for done. Conditions that
// another program has written stay, because the patch would replace the whole list.
func (r *Reconciler) write(ctx context.Context, cluster *v1alpha1.BarqCluster, holder, question string) error {
	fields := map[string]any{"operator": holder, "takeover": nil}
	if question != "" {
		fields["takeover"] = question
	}
	if cluster.Status.Operator == "" && cluster.Status.Phase == "" {
		first := status.First(r.Clock.Now())
		fields["phase"], fields["observedGeneration"] = first.Phase, 0
		if len(cluster.Status.Conditions) == 0 {
			fields["conditions"] = first.Conditions
		}
	}
	patch, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"uid": cluster.UID, "resourceVersion": cluster.ResourceVersion},
		"status":   fields,
	})
	if err != nil {
		return err
	}
	written := clusters.Onto(cluster)
	if err := r.Statuses.Patch(ctx, written, client.RawPatch(types.MergePatchType, patch), fieldOwner); err != nil {
		return fmt.Errorf("taking the lease of BarqCluster %s: %w", client.ObjectKeyFromObject(cluster), err)
	}
	if clusters.HolderOf(written) != holder {
		return fmt.Errorf("taking the lease of BarqCluster %s: the CRD barqclusters.barq.db has no status.operator; apply the CRD of this version of the operator",
			client.ObjectKeyFromObject(cluster))
	}
	return nil
}

// again requeues a BarqCluster whose lease could not be written because the BarqCluster has changed or
// is gone. The change starts a reconcile too. But an API server or a proxy may report a conflict
// without a change, and then nothing else would start one.
func again(err error) (ctrl.Result, error) {
	if err != nil && ignoreOvertaken(err) == nil {
		return ctrl.Result{RequeueAfter: time.Second}, nil
	}
	return ctrl.Result{}, err
}

// ignoreOvertaken drops errors that mean that the BarqCluster has changed or is gone: the change
// starts another reconcile.
func ignoreOvertaken(err error) error {
	if apierrors.IsConflict(err) || apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
