package chaos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"time"

	"github.com/barq-db/barq-operator/test/machine"
	"github.com/barq-db/barq-operator/test/testbed"
)

// Names are those of all faults.
func Names() []string {
	var names []string
	for _, f := range faults() {
		names = append(names, f.name)
	}
	return names
}

// Run makes one fault after the other, and tells on out what it is at. The repository is the one with the top at root, and folder
// is where the run keeps logs and all else that it makes. What does not hold is in the results; an error is
// that the suite itself could not go on. keep gets the results so far whenever a row is done: a run takes an hour, and may be
// ended from outside, which leaves out the row that it was at.
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
	e, err := newEnvironment(ctx, root, folder, parameters.Faults, out)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, e.close()) }()

	results := &Results{Started: time.Now().UTC().Truncate(time.Second), Machine: described, Parameters: parameters}
	for _, f := range faults() {
		if !slices.Contains(parameters.Faults, f.name) {
			continue
		}
		row := &Row{Fault: f.name, Does: f.does, Clusters: parameters.Clusters}
		if f.name == killed {
			row.Clusters = parameters.Killed
		}
		err := e.runRow(ctx, &parameters, f, row)
		if err == nil || ctx.Err() == nil {
			results.Rows = append(results.Rows, row)
		}
		if err != nil {
			return results, fmt.Errorf("%s: %w", f.name, err)
		}
		if err := keep(results); err != nil {
			return results, err
		}
	}
	return results, nil
}

// runRow makes one fault.
func (e *environment) runRow(ctx context.Context, parameters *Parameters, f *fault, row *Row) (err error) {
	e.Say("%-18s %s", f.name, f.does)
	if err := e.forgetLeader(ctx); err != nil {
		return err
	}
	s, err := e.newStage(ctx, parameters, f, row)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.end(ctx, err != nil)) }()
	if f.before != nil {
		if err := f.before(ctx, s); err != nil {
			return err
		}
	}
	if err := s.warmUp(ctx); err != nil {
		return err
	}
	if row.Before, err = s.operators[0].holdings(ctx); err != nil {
		return err
	}
	works := s.lifecycle(row.Clusters)
	if f.work != nil {
		works = f.work(s)
	}
	for _, w := range works {
		if err := s.do(ctx, w); err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
	}
	if err := s.weigh(ctx); err != nil {
		return err
	}
	if f.after != nil {
		return f.after(ctx, s)
	}
	return nil
}

// warmUp has one BarqCluster installed and deleted, after which the operator has all that it keeps.
func (s *stage) warmUp(ctx context.Context) error {
	const name = "warm-up"
	s.pods.need(podName(name, 0))
	if err := s.create(ctx, testbed.NewCluster(s.namespace, name)); err != nil {
		return err
	}
	waiting, cancel := context.WithTimeout(ctx, s.parameters.Patience)
	defer cancel()
	if err := s.await(waiting, s.unready); err != nil {
		return err
	}
	if err := s.delete(ctx, name); err != nil {
		return err
	}
	return s.await(waiting, s.undeleted)
}

// weigh makes sure that the operator does not hold more than before all the work.
func (s *stage) weigh(ctx context.Context) error {
	waiting, cancel := context.WithTimeout(ctx, verifyTime)
	defer cancel()
	var failed error
	last := s.await(waiting, func(ctx context.Context) (string, error) {
		s.row.After, failed = s.operators[0].holdings(ctx)
		more := s.row.After.Goroutines - s.row.Before.Goroutines
		heap := s.row.After.HeapMiB - s.row.Before.HeapMiB
		if more > goroutineGrowth || heap > heapGrowthMiB {
			return fmt.Sprintf("%d goroutines and %.1f MiB of heap more than before the work", more, heap), nil
		}
		return "", failed
	})
	if failed != nil {
		return failed
	}
	if last != nil {
		s.violation("%v", last)
	}
	return nil
}
