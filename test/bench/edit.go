package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/barq-db/barq-operator/test/bench/statistics"
	"github.com/barq-db/barq-operator/test/testbed"
)

// measureEdits changes the replicas of one cluster after the other, each when the pods of the one before are Ready, so that
// it is among clusters in which nothing happens.
func (s *session) measureEdits(ctx context.Context) error {
	before, err := s.usage()
	if err != nil {
		return err
	}
	latencies, err := s.timeEdits(ctx, 2, func() bool { return true })
	if err != nil {
		return err
	}
	after, err := s.awaitQuiet(ctx)
	if err != nil {
		return err
	}
	if s.contender == Stock && !s.inFirstPeriod(after.at) {
		// They are what ours are held to, so they are to be among clusters in which nothing happens.
		s.progress("edits are left out: passes of the next period fell into them")
		return nil
	}
	s.recordLatencies("edit", latencies)
	if s.contender == Limit {
		// It is edited for, by the one request that there is.
		return nil
	}
	requests := after.requests.Since(before.requests)
	s.record("edit/cpu-seconds-per-edit", (after.cpu-before.cpu).Seconds()/float64(s.parameters.Edits))
	s.record("edit/requests-per-edit", float64(requests.Total())/float64(s.parameters.Edits))
	s.recordRequests("edit", requests)
	return nil
}

// timeEdits gives the seconds from each edit until the StatefulSet has changed, as long as it is to go on. It asks for that
// many replicas, and for one more in every other edit of the same cluster. Between two edits it waits until the one before is
// done for Kubernetes too.
func (s *session) timeEdits(ctx context.Context, replicas int, goesOn func() bool) ([]float64, error) {
	var latencies []float64
	for i := range s.parameters.Edits {
		if !goesOn() {
			break
		}
		name := testbed.ClusterName(i % s.clusters)
		wanted := replicas + (i/s.clusters)%2
		generation := s.seen.generation(name)
		began := time.Now()
		if err := s.patch(ctx, name, fmt.Sprintf(`{"spec":{"replicas":%d}}`, wanted)); err != nil {
			return nil, err
		}
		changed, err := s.seen.await(ctx, "StatefulSet "+name+" to change", func(o *observer) bool {
			set := o.sets[name]
			return set != nil && set.Generation > generation && int(*set.Spec.Replicas) == wanted
		})
		if err != nil {
			return nil, err
		}
		latencies = append(latencies, changed.Sub(began).Seconds())
		if _, err := s.seen.await(ctx, "StatefulSet "+name+" to be Ready", func(o *observer) bool {
			return o.sets[name] != nil && isReady(o.sets[name])
		}); err != nil {
			return nil, err
		}
	}
	return latencies, nil
}

func (s *session) recordLatencies(figure string, seconds []float64) {
	for _, percent := range []int{50, 95, 99} {
		s.record(fmt.Sprintf("%s/p%d-seconds", figure, percent), statistics.Quantile(seconds, float64(percent)/100))
	}
}

// measureBusyEdits edits in the same way while as many clusters again are being installed, in a namespace beside.
func (s *session) measureBusyEdits(ctx context.Context) (err error) {
	busy := *s
	busy.namespace = s.namespace + "-more"
	if err := s.NewNamespace(ctx, busy.namespace); err != nil {
		return err
	}
	if busy.seen, err = observe(ctx, s.Testbed, busy.namespace); err != nil {
		return err
	}
	defer busy.seen.stop()
	if s.contender == Limit {
		if err := busy.startAnother(ctx); err != nil {
			return err
		}
		defer busy.program.Stop(stopGrace)
	}

	work := make(chan error, 1)
	go func() { work <- busy.create(ctx) }()
	latencies, err := s.timeEdits(ctx, 4, func() bool { return busy.seen.countReady() < s.clusters })
	if err := errors.Join(err, <-work); err != nil {
		return err
	}
	installed := busy.seen.countReady()
	s.recordLatencies("edit-while-installing", latencies)
	s.record("edit-while-installing/edits", float64(len(latencies)))
	s.record("edit-while-installing/installed-by-the-end", float64(installed))
	if _, err := busy.seen.await(ctx, "the other clusters to be Ready", func(o *observer) bool { return o.allReady(s.clusters) }); err != nil {
		return err
	}
	if err := busy.delete(ctx); err != nil {
		return err
	}
	if err := busy.awaitGone(ctx); err != nil {
		return err
	}
	_, err = s.awaitQuiet(ctx)
	return errors.Join(err, s.RemoveNamespace(ctx, busy.namespace))
}

// startAnother starts the program of the limit for the namespace of the session: one has one namespace.
func (s *session) startAnother(ctx context.Context) (err error) {
	if _, err := s.writeRendered(s.renderedFile(s.namespace), s.namespace, s.clusters, s.values); err != nil {
		return err
	}
	s.program, err = s.start(ctx, s.contender, s.namespace, s.parameters)
	return err
}
