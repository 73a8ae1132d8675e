package bench

import (
	"context"
	"time"

	"github.com/barq-db/barq-operator/test/testbed"
	"github.com/barq-db/barq-operator/test/wait"
)

// measureNoOp labels clusters, which starts a pass over each with nothing to do.
func (s *session) measureNoOp(ctx context.Context) error {
	before, err := s.usage()
	if err != nil {
		return err
	}
	labelled := min(s.clusters, few)
	err = testbed.Each(ctx, labelled, func(ctx context.Context, i int) error {
		return s.patch(ctx, testbed.ClusterName(i), `{"metadata":{"labels":{"example.com/touched":"yes"}}}`)
	})
	if err != nil {
		return err
	}
	after, err := s.awaitQuiet(ctx)
	if err != nil {
		return err
	}
	s.recordWork("noop", labelled, before, after)
	return nil
}

// measureIdle does nothing at all.
func (s *session) measureIdle(ctx context.Context) error {
	asked := s.agents.questions()
	before, err := s.usage()
	if err != nil {
		return err
	}
	if err := wait.Sleep(ctx, s.parameters.IdleTime); err != nil {
		return err
	}
	after, err := s.usage()
	if err != nil {
		return err
	}
	requests := after.requests.Since(before.requests)
	minutes := after.at.Sub(before.at).Minutes()
	s.record("idle/cpu-seconds-per-minute", (after.cpu-before.cpu).Seconds()/minutes)
	s.record("idle/requests-per-minute", float64(requests.Total())/minutes)
	s.recordRequests("idle", requests)
	memory, err := s.program.memory()
	if err != nil {
		return err
	}
	s.record("idle/memory/MiB", mebibytes(memory.Resident))
	s.recordQuestions("idle", "minute", minutes, asked)
	return nil
}

// measureRestart ends the contender and starts it anew, which has it look at every cluster.
func (s *session) measureRestart(ctx context.Context) error {
	releases, err := s.countReleases(ctx)
	if err != nil {
		return err
	}
	asked := s.agents.questions()
	before, err := s.restart(ctx)
	if err != nil {
		return err
	}
	after, err := s.awaitQuiet(ctx)
	if err != nil {
		return err
	}
	more, err := s.countReleases(ctx)
	if err != nil {
		return err
	}
	memory, err := s.program.memory()
	if err != nil {
		return err
	}
	s.record("restart/seconds", (after.at.Sub(before.at) - s.parameters.QuietTime).Seconds())
	s.recordWork("restart", s.clusters, before, after)
	s.record("restart/writes", float64(after.requests.Since(before.requests).Writes()))
	s.record("restart/releases", float64(more-releases))
	s.record("restart/memory/MiB", mebibytes(memory.Peak))
	s.recordQuestions("restart", "cluster", float64(s.clusters), asked)
	return nil
}

// restart gives the usage at the moment of the start, of a process that has used nothing.
func (s *session) restart(ctx context.Context) (usage, error) {
	s.program.Stop(stopGrace)
	requests, err := s.log.Counts(user(s.contender))
	if err != nil {
		return usage{}, err
	}
	before := usage{at: time.Now(), requests: requests}
	started, err := s.start(ctx, s.contender, s.namespace, s.parameters)
	if err == nil {
		s.program = started
	}
	return before, err
}
