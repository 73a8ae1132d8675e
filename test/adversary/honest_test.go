package adversary

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/test/tenant"
)

// inTime is how long an edit of an honest tenant may take, the start of an operator that was killed included.
const inTime = 15 * time.Second

// honest is a tenant who edits her BarqCluster all the time.
type honest struct {
	cancel context.CancelFunc
	done   sync.WaitGroup

	lock     sync.Mutex
	edits    int
	most     time.Duration
	problems []string
}

// beHonest begins to edit, until the test ends.
func beHonest(t *testing.T, alice *tenant.Tenant) *honest {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	h := &honest{cancel: cancel}
	h.done.Go(func() {
		for number := 1; ctx.Err() == nil; number++ {
			took, err := edit(ctx, alice, 1+number%1000)
			if ctx.Err() == nil {
				h.note(took, err)
			}
			select {
			case <-ctx.Done():
			case <-time.After(500 * time.Millisecond):
			}
		}
	})
	t.Cleanup(h.stop)
	return h
}

func (h *honest) stop() {
	h.cancel()
	h.done.Wait()
}

// edit changes a field that restarts nothing, and gives how long it took until the StatefulSet has it.
func edit(ctx context.Context, alice *tenant.Tenant, seconds int) (time.Duration, error) {
	began := time.Now()
	if err := alice.Patch(ctx, "honest", fmt.Sprintf(`{"spec":{"minReadySeconds":%d}}`, seconds)); err != nil {
		return 0, err
	}
	for {
		set := &appsv1.StatefulSet{}
		if err := admin.Get(ctx, client.ObjectKey{Namespace: alice.Namespace, Name: "honest"}, set); err != nil {
			return 0, err
		}
		if took := time.Since(began); set.Spec.MinReadySeconds == int32(seconds) {
			return took, nil
		} else if took > inTime {
			return took, fmt.Errorf("an honest edit has not arrived after %s", inTime)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (h *honest) note(took time.Duration, err error) {
	h.lock.Lock()
	defer h.lock.Unlock()
	h.edits, h.most = h.edits+1, max(h.most, took)
	if err != nil {
		h.problems = append(h.problems, err.Error())
	}
}

// late gives what went wrong.
func (h *honest) late() []string {
	h.lock.Lock()
	defer h.lock.Unlock()
	return h.problems
}

func (h *honest) longest() time.Duration {
	h.lock.Lock()
	defer h.lock.Unlock()
	return h.most
}

func (h *honest) count() int {
	h.lock.Lock()
	defer h.lock.Unlock()
	return h.edits
}
