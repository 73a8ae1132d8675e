package adversary

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/test/adversary/plan"
)

const (
	// batch is how many forgeries there are between two looks.
	batch = 15
	// pause is how long the operator has before each look.
	pause = time.Second
	// goes is how long a BarqCluster of the adversary's may take to go, with all others at once.
	goes = 60 * time.Second
)

// Whatever a tenant does, nothing that is not hers is touched, no other tenant waits for her, and the operator goes on.
func TestAnAdversary(t *testing.T) {
	t.Logf("seed %d; the same again: make adversary ADVERSARY_N=%d ADVERSARY_SEED=%d", *seed, *forgeries, *seed)
	s := newStage(t)
	steps := plan.New(*seed, s.world)
	forged := 0
	for number := 0; forged < *forgeries; number++ {
		var done []string
		for before := forged; forged < min(*forgeries, before+batch); {
			step := steps.Next()
			if s.do(t, step) && step.Deed == plan.Forge {
				forged++
			}
			done = append(done, step.String())
		}
		time.Sleep(pause)
		if problems := s.look(t); len(problems) > 0 {
			t.Fatalf("after %d forgeries: %s\nthe steps of the last batch:\n%s", forged, lines(problems), lines(done))
		}
	}
	require.Empty(t, s.leave(t))
	t.Logf("%d forgeries of %d that were stored; an honest edit took %s at most of %d; the operator had %d MiB at most, and its longest pass took at most %s",
		s.stored, forged, s.honest.longest().Round(time.Millisecond), s.honest.count(), s.peak>>20, s.slowest)
}

// do does a step. It gives false if there was nothing to do it to.
func (s *stage) do(t *testing.T, step plan.Step) bool {
	t.Helper()
	ctx := t.Context()
	switch step.Deed {
	case plan.Forge:
		if !s.forge(t, step) {
			return false
		}
		s.do(t, plan.Step{Deed: step.Then, Cluster: step.Cluster, Number: step.Number})
	case plan.Create:
		err := s.mallory.Client.Create(ctx, s.cluster(step))
		require.NoError(t, client.IgnoreAlreadyExists(err))
	case plan.Edit:
		return s.patch(t, step, fmt.Sprintf(`{"spec":{"minReadySeconds":%d}}`, step.Number))
	case plan.Adopt:
		return s.patch(t, step, fmt.Sprintf(`{"metadata":{"annotations":{"barq.db/adopt-release":%q}},"spec":{"minReadySeconds":%d}}`, step.Cluster, step.Number))
	case plan.HandBack:
		return s.patch(t, step, `{"metadata":{"annotations":{"barq.db/on-deletion":"keep-release"}}}`) && s.delete(t, step)
	case plan.Delete:
		return s.delete(t, step)
	case plan.RemoveRecords:
		s.removeRecords(t, step.Cluster)
	case plan.Bombs:
		return s.bombs(t, step)
	case plan.Kill, plan.Restart:
		s.examine(t)
		if step.Deed == plan.Kill {
			operator.Kill()
		} else {
			operator.Stop()
		}
		require.NoError(t, operator.Start())
	case plan.Nothing:
	}
	return true
}

// patch changes the BarqCluster of a step, if there is one.
func (s *stage) patch(t *testing.T, step plan.Step, patch string) bool {
	t.Helper()
	err := s.mallory.Patch(t.Context(), step.Cluster, patch)
	require.NoError(t, client.IgnoreNotFound(err))
	return err == nil
}

func (s *stage) delete(t *testing.T, step plan.Step) bool {
	t.Helper()
	err := s.mallory.Client.Delete(t.Context(), s.cluster(step))
	require.NoError(t, client.IgnoreNotFound(err))
	return !apierrors.IsNotFound(err)
}
