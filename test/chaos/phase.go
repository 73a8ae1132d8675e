package chaos

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/barq-db/barq-operator/test/wait"
)

// verifyTime is how long what follows a BarqCluster's being Ready may take, such as the removal of what was replaced.
const verifyTime = 30 * time.Second

// work is what a phase does with the BarqClusters.
type work struct {
	name string
	// begin makes all requests, and insists on them.
	begin func(ctx context.Context) error
	// unfinished says what is still to come; empty when nothing is.
	unfinished func(ctx context.Context) (string, error)
}

// do has the work done while the fault goes on, ends the fault, and looks at what came of it.
func (s *stage) do(ctx context.Context, w work) error {
	before := s.injected.Load()
	began := time.Now()
	faultContext, lift := context.WithTimeout(ctx, s.faultTime())
	defer lift()
	injecting := make(chan error, 1)
	go func() { injecting <- s.fault.inject(faultContext, s) }()
	err := w.begin(ctx)
	if err == nil {
		// It ends when the work was done in spite of it, or with its time.
		_ = s.await(faultContext, func(ctx context.Context) (string, error) {
			if wrong := s.injected.Load() - before; wrong == 0 || wrong < int64(s.fault.least*s.row.Clusters) {
				return fmt.Sprintf("%d times it went wrong yet", wrong), nil
			}
			return w.unfinished(ctx)
		})
	}
	lift()
	if err := errors.Join(err, <-injecting); err != nil {
		return err
	}
	lifted := time.Now()
	phase := Phase{Name: w.name, Seconds: lifted.Sub(began).Seconds()}
	if s.fault.afterwards != nil {
		if err := s.fault.afterwards(ctx, s); err != nil {
			return err
		}
	}
	if err := s.converge(ctx, w, &phase); err != nil {
		return err
	}
	phase.Converged = time.Since(lifted).Seconds()
	s.row.Phases = append(s.row.Phases, phase)
	s.row.Injected += int(s.injected.Load() - before)
	s.Say("%-18s %-8s fault of %5.1f s, %5d times; all as it should be after %5.1f s; %d under way, %d objects, %d restarts",
		s.fault.name, w.name, phase.Seconds, s.injected.Load()-before, phase.Converged, phase.UnderWay, phase.Objects, phase.Restarts)
	return nil
}

// faultTime is longer where there are more BarqClusters than in most rows, as the work is.
func (s *stage) faultTime() time.Duration {
	return s.parameters.FaultTime * time.Duration(max(1, s.row.Clusters/s.parameters.Clusters))
}

// converge waits until all is as it should be. What is not in the end is a violation.
func (s *stage) converge(ctx context.Context, w work, phase *Phase) error {
	waiting, cancel := context.WithTimeoutCause(ctx, s.parameters.Patience, fmt.Errorf("not done %s after the fault", s.parameters.Patience))
	defer cancel()
	if err := s.await(waiting, w.unfinished); err != nil {
		if ctx.Err() != nil {
			return err
		}
		s.violation("%s: %v", w.name, err)
	}
	found, err := s.verified(ctx, phase)
	if err != nil {
		return err
	}
	for _, problem := range found.problems {
		s.violation("%s: %s", w.name, problem)
	}
	return nil
}

// verified looks until nothing is wrong, or time is up, and gives what was found last.
func (s *stage) verified(ctx context.Context, phase *Phase) (*verification, error) {
	var last *verification
	deadline := time.Now().Add(verifyTime)
	for {
		found, err := s.verify(ctx, phase)
		if err == nil {
			last = found
		}
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case last != nil && (len(last.problems) == 0 || time.Now().After(deadline)):
			return last, nil
		case time.Now().After(deadline):
			return nil, err
		}
		if err := wait.Sleep(ctx, 250*time.Millisecond); err != nil {
			return nil, err
		}
	}
}

// await returns when nothing is unfinished any more. An error of the API server is one more reason to look again.
func (s *stage) await(ctx context.Context, unfinished func(ctx context.Context) (string, error)) error {
	for {
		left, err := unfinished(ctx)
		if err == nil && left == "" {
			return nil
		}
		if ended := wait.Sleep(ctx, 250*time.Millisecond); ended != nil {
			return fmt.Errorf("%w: %s", errors.Join(ended, err), left)
		}
	}
}
