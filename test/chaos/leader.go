package chaos

import (
	"context"
	"fmt"
	"syscall"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/test/operatorprocess"
)

// leaseName is that of the Lease of the operator's leader.
const leaseName = "barq-operator.barq.db"

// handover is how long a change of the leader may take: the Lease lasts 15 seconds, and a leader that sees that it has
// lost it ends.
const handover = time.Minute

// leaderLost has one of two replicas lead. It is stopped in whatever it does for so long that the other leads, and then goes
// on, without knowing.
func leaderLost() *fault {
	return &fault{
		name: "leader-lost", further: 1, arguments: []string{"--leader-elect"},
		does:   "Two replicas. The leader is stopped (SIGSTOP) in the midst of its work until the other one leads, and goes on then.",
		inject: repeat(stopLeader, 3*time.Second),
	}
}

func stopLeader(ctx context.Context, s *stage) error {
	leader, other := s.operators[0], s.operators[1]
	before, err := s.holder(ctx)
	if err != nil {
		return err
	}
	if err := leader.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	waiting, cancel := context.WithTimeout(ctx, handover)
	defer cancel()
	err = s.await(waiting, func(ctx context.Context) (string, error) {
		now, err := s.holder(ctx)
		if now == before {
			return before + " still leads", err
		}
		return "", err
	})
	if resumed := leader.Signal(syscall.SIGCONT); err == nil {
		err = resumed
	}
	if err != nil {
		return err
	}
	select {
	case <-leader.Done():
	case <-time.After(handover):
		return fmt.Errorf("%s has lost its Lease, and goes on after %s", before, handover)
	}
	s.operators[0], s.operators[1] = other, leader
	return leader.Start()
}

// holder is who leads, or empty.
func (s *stage) holder(ctx context.Context) (string, error) {
	lease := &coordinationv1.Lease{}
	lease.Namespace, lease.Name = operatorprocess.Namespace, leaseName
	err := s.Admin.Get(ctx, client.ObjectKeyFromObject(lease), lease)
	return ptr.Deref(lease.Spec.HolderIdentity, ""), client.IgnoreNotFound(err)
}

// forgetLeader spares the operator the time that the Lease of an earlier row still lasts.
func (e *environment) forgetLeader(ctx context.Context) error {
	lease := &coordinationv1.Lease{}
	lease.Namespace, lease.Name = operatorprocess.Namespace, leaseName
	return client.IgnoreNotFound(e.Admin.Delete(ctx, lease))
}

// twoOperators have the same rights and the same work, and know nothing of each other.
func twoOperators() *fault {
	return &fault{
		name: "two-operators", further: 1, inject: byItself,
		does: "Two operators work at once, without a leader, as when an administrator runs one by hand.",
	}
}
