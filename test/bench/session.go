package bench

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/test/bench/audit"
	"github.com/barq-db/barq-operator/test/testbed"
	"github.com/barq-db/barq-operator/test/wait"
)

const (
	// patience is how long a phase may take.
	patience = 30 * time.Minute
	// quietShare is the share of a core that counts as nothing: a process in Go is never quite still.
	quietShare = 0.03
)

// session is a contender that has a number of clusters, in one round.
type session struct {
	*environment

	contender string
	clusters  int
	round     int
	// isLast tells that the run is over with it.
	isLast     bool
	parameters *Parameters
	results    *Results

	namespace string
	values    map[string]any
	program   *program
	seen      *observer
	// agents answers for the agents, nil if there are none.
	agents *agents
	// began is when the first cluster was made.
	began time.Time
}

func (s *session) progress(format string, arguments ...any) {
	s.Say("%-8s n=%-5d round %d  %s", s.contender, s.clusters, s.round, fmt.Sprintf(format, arguments...))
}

// usage is what a contender has used up to a moment.
type usage struct {
	at       time.Time
	cpu      time.Duration
	requests audit.Counts
}

func (s *session) usage() (usage, error) {
	cpu, err := s.program.cpu()
	if err != nil {
		return usage{}, fmt.Errorf("%w: %w", err, s.program.ended())
	}
	requests, err := s.log.Counts(user(s.contender))
	return usage{at: time.Now(), cpu: cpu, requests: requests}, err
}

// ended says how the program ended, if it did.
func (p *program) ended() error {
	if p.HasEnded() {
		return p.ExitError()
	}
	return nil
}

// inFirstPeriod tells that a moment is before the passes that come a reconcile period after the clusters were made.
func (s *session) inFirstPeriod(at time.Time) bool {
	return at.Sub(s.began) < s.parameters.ReconcilePeriod
}

// quietShare is the share of a core that counts as nothing.
func (s *session) quietShare() float64 {
	if s.agents == nil {
		return quietShare
	}
	return quietShare + float64(s.clusters)*questionCPU.Seconds()/interval.Seconds()
}

// awaitQuiet returns when the contender has done nothing for a while, with what it had used by then.
func (s *session) awaitQuiet(ctx context.Context) (usage, error) {
	still, err := s.usage()
	if err != nil {
		return usage{}, err
	}
	for {
		if err := wait.Sleep(ctx, 200*time.Millisecond); err != nil {
			return usage{}, fmt.Errorf("wait for %s to be quiet: %w", s.contender, err)
		}
		now, err := s.usage()
		if err != nil {
			return usage{}, err
		}
		idle := now.at.Sub(still.at)
		if now.requests.Total() != still.requests.Total() || (now.cpu-still.cpu).Seconds() > s.quietShare()*max(idle, time.Second).Seconds() {
			still = now
			continue
		}
		if idle >= s.parameters.QuietTime {
			return now, nil
		}
	}
}

// kinds are those of the resources that stand for a cluster. Of what the limit makes it is the one that is edited: nothing
// that changes a StatefulSet can do less than that.
var kinds = map[string]schema.GroupVersionKind{
	Operator: v1alpha1.BarqClusterKind,
	Asking:   v1alpha1.BarqClusterKind,
	Stock:    stockKind,
	Limit:    appsv1.SchemeGroupVersion.WithKind("StatefulSet"),
}

// object gives the resource that stands for a cluster, without what it says.
func (s *session) object(name string) *unstructured.Unstructured {
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(kinds[s.contender])
	object.SetNamespace(s.namespace)
	object.SetName(name)
	return object
}

// newObject gives the resource that makes the contender install a cluster.
func (s *session) newObject(name string) client.Object {
	if s.contender == Stock {
		return newStockCluster(s.namespace, name, s.values)
	}
	return s.newBarqCluster(s.contender, s.namespace, name)
}

// create makes the contender install all clusters.
func (s *session) create(ctx context.Context) error {
	if s.contender == Limit {
		return s.program.ask(ctx, "apply")
	}
	return testbed.Each(ctx, s.clusters, func(ctx context.Context, i int) error {
		return s.Admin.Create(ctx, s.newObject(testbed.ClusterName(i)))
	})
}

// delete makes the contender delete all clusters.
func (s *session) delete(ctx context.Context) error {
	if s.contender == Limit {
		return s.program.ask(ctx, "delete")
	}
	return testbed.Each(ctx, s.clusters, func(ctx context.Context, i int) error {
		return s.Admin.Delete(ctx, s.object(testbed.ClusterName(i)))
	})
}

// awaitGone returns when no resource that stands for a cluster is there.
func (s *session) awaitGone(ctx context.Context) error {
	return wait.For(ctx, "all resources to be gone", func(ctx context.Context) (bool, error) {
		left, err := s.remaining(ctx)
		return left == 0, err
	})
}

// patch changes a resource that stands for a cluster.
func (s *session) patch(ctx context.Context, name, patch string) error {
	return s.Admin.Patch(ctx, s.object(name), client.RawPatch(types.MergePatchType, []byte(patch)))
}

// remaining is how many resources that stand for clusters there are.
func (s *session) remaining(ctx context.Context) (int, error) {
	list := &metav1.PartialObjectMetadataList{}
	kind := s.object("").GroupVersionKind()
	kind.Kind += "List"
	list.SetGroupVersionKind(kind)
	err := s.Admin.List(ctx, list, client.InNamespace(s.namespace))
	return len(list.Items), err
}
