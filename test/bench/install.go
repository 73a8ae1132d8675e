package bench

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/test/testbed"
	"github.com/barq-db/barq-operator/test/wait"
)

// measureInstall has all clusters installed, until they are Ready and until the contender has nothing more to do.
func (s *session) measureInstall(ctx context.Context) error {
	before, err := s.usage()
	if err != nil {
		return err
	}
	s.began = before.at
	work := make(chan error, 1)
	go func() { work <- s.create(ctx) }()
	readyAt, err := s.seen.await(ctx, "all StatefulSets to be Ready", func(o *observer) bool { return o.allReady(s.clusters) })
	if err != nil {
		return err
	}
	ready, err := s.usage()
	if err != nil {
		return err
	}
	if err := <-work; err != nil {
		return err
	}
	if s.agents != nil {
		if err := s.awaitAnswers(ctx); err != nil {
			return err
		}
	}
	quiet, err := s.awaitQuiet(ctx)
	if err != nil {
		return err
	}
	memory, err := s.program.memory()
	if err != nil {
		return err
	}
	if err := s.checkObjects(ctx); err != nil {
		return err
	}

	s.record("install/ready/seconds", readyAt.Sub(before.at).Seconds())
	s.recordWork("install/ready", s.clusters, before, ready)
	if s.inFirstPeriod(quiet.at) {
		s.recordWork("install/quiet", s.clusters, before, quiet)
	} else {
		// The stock operator's, with 1,000: the first clusters are looked at again before it has looked at the last ones.
		s.progress("install/quiet is left out: passes of the next period fell into the %.0f s that it took", quiet.at.Sub(before.at).Seconds())
	}
	s.record("install/memory/MiB", mebibytes(memory.Peak))
	return nil
}

// awaitAnswers returns when each BarqCluster says what its agent said.
func (s *session) awaitAnswers(ctx context.Context) error {
	for i := range s.clusters {
		name := testbed.ClusterName(i)
		err := wait.For(ctx, "the agent of "+name+" to be asked", func(ctx context.Context) (bool, error) {
			cluster, err := clusters.Get(ctx, s.Admin, client.ObjectKey{Namespace: s.namespace, Name: name})
			return err == nil && meta.IsStatusConditionTrue(cluster.Status.Conditions, v1alpha1.ConditionAgentReachable) &&
				cluster.Status.Database != nil, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// recordWork records what was used between two moments, for each of a number of clusters.
func (s *session) recordWork(phase string, count int, before, after usage) {
	requests := after.requests.Since(before.requests)
	s.record(phase+"/cpu-seconds-per-cluster", (after.cpu-before.cpu).Seconds()/float64(count))
	s.record(phase+"/requests-per-cluster", float64(requests.Total())/float64(count))
	s.record(phase+"/writes-per-cluster", float64(requests.Writes())/float64(count))
	s.recordRequests(phase, requests)
}

func mebibytes(bytes int64) float64 { return float64(bytes) / (1 << 20) }

// measureDelete has all clusters deleted, until the StatefulSets, Services and resources are gone. It is done at the end of
// every session, measured or not, but for the last one.
func (s *session) measureDelete(ctx context.Context) error {
	before, err := s.usage()
	if err != nil {
		return err
	}
	if err := s.delete(ctx); err != nil {
		return err
	}
	gone, err := s.seen.await(ctx, "all StatefulSets and Services to be gone", func(o *observer) bool {
		return len(o.sets)+len(o.services) == 0
	})
	if err != nil {
		return err
	}
	if s.contender != Limit {
		if err := s.awaitGone(ctx); err != nil {
			return err
		}
		gone = time.Now()
	}
	quiet, err := s.awaitQuiet(ctx)
	if err != nil || !s.parameters.measures(Delete) {
		return err
	}
	s.record("delete/gone/seconds", gone.Sub(before.at).Seconds())
	s.recordWork("delete/quiet", s.clusters, before, quiet)
	return nil
}
