package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"time"

	"github.com/barq-db/barq-operator/test/machine"
)

// Run measures, and tells on out what it is at. The repository is the one with the top at root, and folder is where the
// run keeps logs and all else that it makes. What was measured before an error is in the results too. keep gets the results so
// far whenever a contender is done: a run takes hours, and may be ended from outside.
func Run(ctx context.Context, root, folder string, parameters Parameters, out io.Writer, keep func(*Results) error) (_ *Results, err error) {
	if err := parameters.Validate(); err != nil {
		return nil, err
	}
	if root, err = filepath.Abs(root); err != nil {
		return nil, err
	}
	described, err := machine.Describe(root)
	if err != nil {
		return nil, err
	}
	e, err := newEnvironment(ctx, root, folder, parameters.Contenders, out)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, e.close()) }()

	results := &Results{Started: time.Now().UTC().Truncate(time.Second), Machine: described, Parameters: parameters}
	for _, s := range sessions(e, &parameters, results) {
		if err := s.run(ctx); err != nil {
			return results, fmt.Errorf("%s with %d clusters, round %d: %w", s.contender, s.clusters, s.round, err)
		}
		if err := keep(results); err != nil {
			return results, err
		}
	}
	return results, nil
}

// sessions are those of a run, in their order.
func sessions(e *environment, parameters *Parameters, results *Results) []*session {
	var all []*session
	for round := 1; round <= parameters.Rounds; round++ {
		for _, clusters := range slices.Concat(parameters.Clusters, parameters.InstallOnly) {
			for _, contender := range inTurn(parameters.Contenders, round) {
				if parameters.leavesOut(contender, clusters) {
					continue
				}
				all = append(all, &session{
					environment: e, contender: contender, clusters: clusters, round: round, parameters: parameters, results: results,
					namespace: fmt.Sprintf("bench-%s-%d-%d", contender, clusters, round),
				})
			}
		}
	}
	if len(all) > 0 {
		all[len(all)-1].isLast = true
	}
	return all
}

// inTurn lets another contender begin in each round, because the API server grows and slows down as a run goes on.
func inTurn(contenders []string, round int) []string {
	first := (round - 1) % len(contenders)
	return slices.Concat(contenders[first:], contenders[:first])
}

// run measures one contender with one number of clusters.
func (s *session) run(ctx context.Context) (err error) {
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.end(ctx, err != nil || s.isLast)) }()
	phases := append([]phase{s.settle, s.withProfile(Install, s.measureInstall)}, s.phases()...)
	if !s.isLast || s.parameters.measures(Delete) {
		phases = append(phases, s.measureDelete)
	}
	for _, measure := range phases {
		if err := inTime(ctx, measure); err != nil {
			return err
		}
	}
	return nil
}

// settle waits until the contender has started: what that costs is measured with a restart, and is not in the profile of an
// install.
func (s *session) settle(ctx context.Context) error {
	_, err := s.awaitQuiet(ctx)
	return err
}

// few is how many clusters are measured where the stock operator takes longest: a no-op of each of them, and a restart among
// them.
const few = 200

// phase is a measurement.
type phase func(context.Context) error

// inTime ends a phase that will never end by itself, as when a contender is stuck.
func inTime(ctx context.Context, measure phase) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("not done after %s", patience))
	defer cancel()
	return measure(ctx)
}

// phases are what is measured of clusters that are installed, as far as it makes sense of the contender: the limit makes
// objects, which are edited themselves, and the stock operator knows no Secrets, and with the watches file of ours does not watch
// what it made (docs/benchmarks.md). What unrelated objects take is held to a number and not to the stock operator, for which
// two more starts among a thousand clusters would be a quarter of an hour. Its restart and no-ops are measured with few clusters
// alone: the one takes as long, and with a thousand it is never done with the passes that are made after each reconcile period.
func (s *session) phases() []phase {
	operators, ours, all := []string{Operator, Asking, Stock}, []string{Operator}, Contenders()
	if slices.Contains(s.parameters.InstallOnly, s.clusters) {
		return nil
	}
	// Once is enough for what takes long.
	once := map[string]bool{
		Idle:   s.round == 1,
		Memory: s.round == 1 && s.clusters == slices.Max(s.parameters.Clusters),
	}
	var phases []phase
	for _, candidate := range []struct {
		measurement string
		of          []string
		run         phase
	}{
		{NoOp, operators, s.measureNoOp},
		{Drift, ours, s.measureDrift},
		{Rotate, ours, s.measureRotation},
		{Restart, operators, s.measureRestart},
		{Edit, all, s.withProfile(Edit, s.measureEdits)},
		{Edit, []string{Operator, Limit}, s.measureBusyEdits},
		// After the edits, which the stock operator's passes after a reconcile period would slow down.
		{Idle, operators, s.withProfile(Idle, s.measureIdle)},
		{Memory, ours, s.measureUnrelated},
	} {
		if !s.parameters.measures(candidate.measurement) || !slices.Contains(candidate.of, s.contender) {
			continue
		}
		if slices.Contains([]string{NoOp, Restart}, candidate.measurement) && s.contender == Stock && s.clusters > few {
			continue
		}
		if measured, restricted := once[candidate.measurement]; restricted && !measured {
			continue
		}
		phases = append(phases, candidate.run)
	}
	return phases
}

// begin makes a namespace, and starts the contender.
func (s *session) begin(ctx context.Context) (err error) {
	s.progress("starts")
	if err := s.NewNamespace(ctx, s.namespace); err != nil {
		return err
	}
	if s.values, err = s.environment.values(ctx, s.contender); err != nil {
		return err
	}
	if s.results.Objects, err = s.writeRendered(s.renderedFile(s.namespace), s.namespace, s.clusters, s.values); err != nil {
		return err
	}
	if s.seen, err = observe(ctx, s.Testbed, s.namespace); err != nil {
		return err
	}
	if s.contender == Asking {
		if s.agents, err = s.startAgents(ctx); err != nil {
			s.seen.stop()
			return err
		}
	}
	if s.program, err = s.start(ctx, s.contender, s.namespace, s.parameters); err != nil {
		s.seen.stop()
		return errors.Join(err, s.agents.stop())
	}
	return nil
}

// end stops the contender. When the run is over, what there is stays, because the cluster goes with it.
func (s *session) end(ctx context.Context, isOver bool) error {
	s.seen.stop()
	s.program.Stop(stopGrace)
	err := s.agents.stop()
	if isOver {
		return err
	}
	return errors.Join(err, s.RemoveNamespace(ctx, s.namespace))
}
