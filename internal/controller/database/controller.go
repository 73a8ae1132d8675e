package database

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	agentapi "github.com/barq-db/barq-operator/internal/agentapi/v1"
	"github.com/barq-db/barq-operator/internal/agentcert"
	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/database"
	"github.com/barq-db/barq-operator/internal/fairqueue"
	"github.com/barq-db/barq-operator/internal/ownership"
	"github.com/barq-db/barq-operator/internal/workload"
)

// +kubebuilder:rbac:groups=barq.db,resources=barqclusters,verbs=get;list;watch
// +kubebuilder:rbac:groups=barq.db,resources=barqclusters/status,verbs=patch
// +kubebuilder:rbac:groups=apps,resources=statefulsets,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=pods,verbs=list;watch
// +kubebuilder:rbac:groups="",resources=secrets,verbs=get;list;watch;create;update
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

const (
	// interval is the time between two questions to an agent, and patience the longest time, for one that is silent.
	interval = 30 * time.Second
	patience = 5 * time.Minute
	// withTiers is interval where the agent manages tiers, so that the status says within half a minute why a bucket fails.
	withTiers = 10 * time.Second
	// pause is the shortest time. The start of a pod wakes the controller several times.
	pause = 5 * time.Second
	// early is how long the first status may wait for a database to serve, so that a start is one write.
	early = 15 * time.Second
	// parallel is how many agents of a BarqCluster are asked concurrently.
	parallel = 10
	// factor is how many BarqClusters are reconciled for each worker of another controller, because most of the time here is spent
	// waiting for agents.
	factor = 4
)

// Agents answers for the agents. *agentclient.Client does.
type Agents interface {
	// Status asks the agent of a pod of the BarqCluster with the given UID.
	Status(ctx context.Context, address string, cluster types.UID) (*agentapi.Status, error)
}

// Reconciler asks the agents of BarqClusters, and reports what they say.
type Reconciler struct {
	// Client reads from caches, and writes.
	Client client.Client
	// Live reads from the API server itself.
	Live client.Reader
	// Agents answers for the agents.
	Agents Agents
	// Authority signs the certificates of the agents.
	Authority *agentcert.Authority
	// Image is the image that a BarqCluster gets its agent from; with an empty one it gets none.
	Image string
	// Events records what a person has to know.
	Events events.EventRecorder
	// Clock gives the times of answers and transitions.
	Clock clock.PassiveClock

	written clusters.Writes
	lock    sync.Mutex
	// memories has what is remembered of each BarqCluster. A restarted operator asks anew.
	memories map[types.NamespacedName]memory
}

// memory is what is remembered of the agents of a BarqCluster.
type memory struct {
	// first and last are when they were asked first and last.
	first, last time.Time
	// silent has the pods whose agent does not answer, and since when.
	silent map[types.UID]time.Time
	// failures counts how often in a row one of them did not.
	failures int
}

// SetupWithManager registers the controller. workers is how many BarqClusters other controllers reconcile concurrently.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager, workers int) error {
	err := ctrl.NewControllerManagedBy(mgr).Named("barqcluster-database").
		For(clusters.Object(), builder.WithPredicates(clusters.Concerns(clusters.DatabasePart))).
		Owns(&appsv1.StatefulSet{}).
		Owns(&corev1.Secret{}, builder.OnlyMetadata).
		Watches(&corev1.Pod{}, handler.EnqueueRequestsFromMapFunc(ownership.Enqueue)).
		WithOptions(fairqueue.Options(workers * factor)).
		Complete(r)
	if err != nil {
		return fmt.Errorf("setting up the database controller: %w", err)
	}
	return nil
}

// Reconcile asks the agents of one BarqCluster and writes what has changed.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	if nothing, err := r.isWithoutAgent(ctx, request.NamespacedName); nothing || err != nil {
		return ctrl.Result{}, err
	}
	cluster, err := clusters.Get(ctx, r.Client, request.NamespacedName)
	if apierrors.IsNotFound(err) || err == nil && cluster.DeletionTimestamp != nil {
		r.forget(request.NamespacedName)
		r.written.Forget(request.NamespacedName)
		return ctrl.Result{}, nil
	}
	if err != nil {
		return ctrl.Result{}, err
	}
	if r.written.AheadOf(cluster) {
		// The cache is about to get what was written, which starts another reconcile.
		return ctrl.Result{}, nil
	}
	statefulSet, err := clusters.StatefulSet(ctx, r.Client, cluster)
	if err != nil {
		return ctrl.Result{}, err
	}
	runs := statefulSet != nil && workload.HasAgent(statefulSet.Spec.Template.Spec.Containers)
	observed := database.Observation{Cluster: cluster}
	if runs || r.Image != "" {
		if err := r.certify(ctx, cluster); isRefusal(err) {
			observed.Refused = err
		} else if err != nil {
			return ctrl.Result{}, err
		}
	}
	if !runs {
		r.forget(request.NamespacedName)
		return ctrl.Result{}, client.IgnoreNotFound(r.write(ctx, cluster, ownStatus{}))
	}
	return r.observe(ctx, observed, statefulSet)
}

// isWithoutAgent reports whether the operator has no agent for a BarqCluster, its pods run without one, and its status says
// nothing of one. It does not convert the BarqCluster, because without agents that is so for all of them at each event.
func (r *Reconciler) isWithoutAgent(ctx context.Context, name types.NamespacedName) (bool, error) {
	if r.Image != "" {
		return false, nil
	}
	stored, statefulSet := clusters.Object(), &appsv1.StatefulSet{}
	if err := r.Client.Get(ctx, name, stored, client.UnsafeDisableDeepCopy); err != nil {
		return false, client.IgnoreNotFound(err)
	}
	if err := r.Client.Get(ctx, name, statefulSet, client.UnsafeDisableDeepCopy); client.IgnoreNotFound(err) != nil {
		return false, err
	}
	for _, part := range clusters.DatabasePart.Of(stored) {
		if part != nil {
			return false, nil
		}
	}
	return !workload.HasAgent(statefulSet.Spec.Template.Spec.Containers), nil
}

// observe asks the agents of the pods, unless they were asked a moment ago, and reports what they say.
func (r *Reconciler) observe(ctx context.Context, observed database.Observation, statefulSet *appsv1.StatefulSet) (ctrl.Result, error) {
	name := client.ObjectKeyFromObject(observed.Cluster)
	observed.Now = r.Clock.Now()
	known := r.recall(name)
	if left := known.last.Add(pause).Sub(observed.Now); left > 0 {
		return ctrl.Result{RequeueAfter: left}, nil
	}
	pods, err := clusters.Pods(ctx, r.Client, ownership.InCache, observed.Cluster, statefulSet)
	if err != nil {
		return ctrl.Result{}, err
	}
	slices.SortFunc(pods, func(a, b corev1.Pod) int { return workload.ByOrdinal(a.Name, b.Name) })
	for i := range pods {
		if blocked, ok := database.BlockedBy(&pods[i]); ok {
			observed.Blocked = append(observed.Blocked, blocked)
		}
	}
	asked := slices.DeleteFunc(slices.Clone(pods), func(pod corev1.Pod) bool { return !database.IsAsked(&pod) })
	observed.Agents = r.ask(ctx, observed.Cluster, asked)
	if ctx.Err() != nil {
		return ctrl.Result{}, ctx.Err()
	}
	isFirst := known.last.IsZero()
	known = known.after(observed, asked)
	r.remember(name, known)
	again := ctrl.Result{}
	if len(asked) > 0 || observed.Refused != nil {
		again.RequeueAfter = known.askAgainAfter(isFirst, intervalOf(observed.Cluster))
	}
	if observed.IsEarly() && observed.Now.Sub(known.first) < early {
		again.RequeueAfter = pause
		return again, nil
	}
	return again, client.IgnoreNotFound(r.write(ctx, observed.Cluster, compute(observed)))
}

// ask asks the agents of pods.
func (r *Reconciler) ask(ctx context.Context, cluster *v1alpha1.BarqCluster, pods []corev1.Pod) []database.Agent {
	agents := make([]database.Agent, len(pods))
	var group errgroup.Group
	group.SetLimit(parallel)
	for i := range pods {
		group.Go(func() error {
			agents[i].Pod = pods[i].Name
			said, err := r.Agents.Status(ctx, pods[i].Status.PodIP, cluster.UID)
			agents[i].Said = said
			if err != nil {
				agents[i].Problem = err.Error()
			}
			return nil
		})
	}
	_ = group.Wait()
	return agents
}

// after returns what is remembered after the agents of pods were asked, and notes in the observation since when they are silent.
func (m memory) after(observed database.Observation, pods []corev1.Pod) memory {
	next := memory{first: m.first, last: observed.Now}
	if next.first.IsZero() {
		next.first = observed.Now
	}
	for i := range observed.Agents {
		agent := &observed.Agents[i]
		if agent.Said != nil {
			continue
		}
		since, known := m.silent[pods[i].UID]
		if !known {
			since = observed.Now
		}
		agent.Since = since
		if next.silent == nil {
			next.silent = map[types.UID]time.Time{}
		}
		next.silent[pods[i].UID] = since
	}
	// The first failures of a pod say that it starts.
	if len(next.silent) > 0 && observed.Now.Sub(oldestOf(next.silent)) >= patience {
		next.failures = m.failures + 1
	}
	return next
}

// intervalOf is the time between two questions to the agents of a BarqCluster.
func intervalOf(cluster *v1alpha1.BarqCluster) time.Duration {
	if cluster.Spec.IsArchived() {
		return withTiers
	}
	return interval
}

// askAgainAfter returns the time until the next question. A start of the operator asks all agents at once, so the time after the
// first question is any: else it would ask all of them at once each half minute.
func (m memory) askAgainAfter(isFirst bool, every time.Duration) time.Duration {
	if isFirst {
		return wait.Jitter(pause, float64(every-pause)/float64(pause))
	}
	return wait.Jitter(min(every<<min(m.failures, 10), patience), 0.1)
}

func oldestOf(times map[types.UID]time.Time) time.Time {
	var oldest time.Time
	for _, at := range times {
		if oldest.IsZero() || at.Before(oldest) {
			oldest = at
		}
	}
	return oldest
}

func (r *Reconciler) recall(name types.NamespacedName) memory {
	r.lock.Lock()
	defer r.lock.Unlock()
	return r.memories[name]
}

func (r *Reconciler) remember(name types.NamespacedName, known memory) {
	r.lock.Lock()
	defer r.lock.Unlock()
	if r.memories == nil {
		r.memories = map[types.NamespacedName]memory{}
	}
	r.memories[name] = known
}

func (r *Reconciler) forget(name types.NamespacedName) {
	r.lock.Lock()
	defer r.lock.Unlock()
	delete(r.memories, name)
}

// write writes the status if it changed, and records events about it.
func (r *Reconciler) write(ctx context.Context, cluster *v1alpha1.BarqCluster, computed ownStatus) error {
	stored := storedStatus(cluster)
	if equality.Semantic.DeepEqual(stored, computed) {
		return nil
	}
	if err := clusters.ApplyStatus(ctx, r.Client.Status(), cluster, clusters.DatabasePart, &computed); err != nil {
		return err
	}
	r.written.Remember(cluster)
	r.announce(cluster, stored, computed)
	return nil
}
