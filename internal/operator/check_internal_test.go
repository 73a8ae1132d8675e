package operator

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
)

const home = "barq-system"

func newLease(holder string) *coordinationv1.Lease {
	return &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Namespace: home, Name: leaderElectionID},
		Spec:       coordinationv1.LeaseSpec{HolderIdentity: &holder, RenewTime: ptr.To(metav1.NowMicro())},
	}
}

// A Lease that no operator renews is left over from one that no longer runs, whatever time it contains.
func TestCheckFailsWithoutALeader(t *testing.T) {
	for name, test := range map[string]struct {
		leases []client.Object
		want   string
	}{
		"no Lease":    {nil, `after 10s: reading the Lease barq-system/barq-operator.barq.db, which an operator holds: leases.coordination.k8s.io "barq-operator.barq.db" not found`},
		"given up":    {[]client.Object{newLease("")}, `after 10s: no operator holds the Lease barq-system/barq-operator.barq.db, so none is at work`},
		"not renewed": {[]client.Object{newLease("a")}, `after 10s: operator a holds the Lease barq-system/barq-operator.barq.db and does not renew it`},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, err := awaitRenewal(t.Context(), fake.NewClientBuilder().WithObjects(test.leases...).Build(), home, 10*time.Second)
				require.EqualError(t, err, test.want)
			})
		})
	}
}

func TestCheckWaitsForTheNextRenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		leases := fake.NewClientBuilder().Build()
		go func() {
			time.Sleep(3 * time.Second)
			lease := newLease("b")
			_ = leases.Create(t.Context(), lease)
			time.Sleep(2 * time.Second)
			lease.Spec.RenewTime = ptr.To(metav1.NowMicro())
			_ = leases.Update(t.Context(), lease)
		}()
		start := time.Now()
		leader, err := awaitRenewal(t.Context(), leases, home, time.Minute)
		require.NoError(t, err)
		require.Equal(t, "b", leader)
		require.InDelta(t, 5, time.Since(start).Seconds(), 1)
	})
}
