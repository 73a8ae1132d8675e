package tiering

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	agentapi "github.com/barq-db/barq-operator/internal/agentapi/v1"
	"github.com/barq-db/barq-operator/internal/database"
	"github.com/barq-db/barq-operator/internal/message"
)

const (
	// moves is how old status.tiering may be while data is written to the buckets. That changes it all the time.
	moves = time.Minute
	// stands is how old it may be while only the time has moved until which the buckets have everything.
	stands = 10 * time.Minute
	// pathLimit is the longest path of an archive that is reported.
	pathLimit = 256
)

// archiving returns the agents that say something of the buckets.
func archiving(o database.Observation) []database.Agent {
	var found []database.Agent
	for _, agent := range o.Answers() {
		if agent.Said.Archive != nil && agent.Said.Archive.Reason != "" {
			found = append(found, agent)
		}
	}
	return found
}

// Status sums up what the agents say of the buckets. It is nil if none says something.
func Status(o database.Observation) *v1alpha1.TieringStatus {
	agents := archiving(o)
	if len(agents) == 0 {
		return nil
	}
	found := &v1alpha1.TieringStatus{
		ObservedTime: metav1.NewTime(o.Now), Pods: int32(len(agents)), //nolint:gosec // At most 100.
		RecoverableUntil: recoverable(o, agents), Restore: lastRestore(o, agents),
	}
	for _, agent := range agents {
		said := agent.Said.Archive
		found.Epoch = max(found.Epoch, said.Epoch)
		found.PendingBytes += said.PendingBytes
		if said.OldestUnshipped != nil {
			found.LagSeconds = max(found.LagSeconds, int64(o.Now.Sub(*said.OldestUnshipped).Seconds()))
		}
		if shipped := said.LastShipped; shipped != nil && (found.LastShippedTime == nil || shipped.After(found.LastShippedTime.Time)) {
			found.LastShippedTime = ptr.To(metav1.NewTime(shipped.Truncate(time.Second)))
		}
		for _, tier := range said.Tiers {
			switch tier.Name {
			case v1alpha1.TierWarm:
				found.Warm = plus(found.Warm, tier)
			case v1alpha1.TierCold:
				found.Cold = plus(found.Cold, tier)
			}
		}
	}
	return found
}

// plus returns what two buckets have together, of which the first may be missing.
func plus(sum *v1alpha1.TierStatus, tier agentapi.Tier) *v1alpha1.TierStatus {
	if sum == nil {
		sum = &v1alpha1.TierStatus{}
	}
	return &v1alpha1.TierStatus{Objects: sum.Objects + tier.Objects, Bytes: sum.Bytes + tier.Bytes}
}

// recoverable returns the time until which the buckets have the writes of all pods. Of a pod that says nothing they may have
// no more than was last known of all.
func recoverable(o database.Observation, agents []database.Agent) *metav1.Time {
	var oldest *metav1.Time
	for _, agent := range agents {
		until := agent.Said.Archive.RecoverableUntil
		if until == nil {
			return nil
		}
		oldest = database.Earlier(oldest, until)
	}
	if len(agents) >= int(o.Cluster.Spec.DesiredReplicas()) {
		return oldest
	}
	stored := o.Cluster.Status.Tiering
	if stored == nil || stored.RecoverableUntil == nil {
		return nil
	}
	return database.Earlier(oldest, &stored.RecoverableUntil.Time)
}

// lastRestore returns the newest restore. An agent forgets one with its next start, and the status does not.
func lastRestore(o database.Observation, agents []database.Agent) *v1alpha1.TieringRestore {
	var last *v1alpha1.TieringRestore
	if stored := o.Cluster.Status.Tiering; stored != nil {
		last = stored.Restore
	}
	for _, agent := range agents {
		said := agent.Said.Archive.Restore
		if said == nil || last != nil && said.Started.Truncate(time.Second).Before(last.StartTime.Time) {
			continue
		}
		last = &v1alpha1.TieringRestore{
			Pod: agent.Pod, From: message.Bound(message.OneLine(said.From), pathLimit), StartTime: metav1.NewTime(said.Started.Truncate(time.Second)),
			Until: metav1.NewTime(said.Until.Truncate(time.Second)), Bytes: said.Bytes, RestoredBytes: said.Done, EndTime: database.Earlier(nil, said.Ended),
		}
	}
	return last
}

// Newer returns the status to write: computed, or stored if what has changed since is not worth a write.
func Newer(stored, computed *v1alpha1.TieringStatus, now time.Time) *v1alpha1.TieringStatus {
	switch {
	case computed == nil:
		// What was known is old, and observedTime says so.
		return stored
	case stored == nil || archiveOf(stored) != archiveOf(computed):
		return computed
	}
	age := now.Sub(stored.ObservedTime.Time)
	if age >= stands || age >= moves && flowOf(stored) != flowOf(computed) {
		return computed
	}
	return stored
}

// archive is what of a status is written whenever it changes.
type archive struct {
	pods       int32
	epoch      int64
	warm, cold bool
	// known: there is a time until which the buckets have everything.
	known             bool
	restoring         string
	started, restored int64
}

func archiveOf(status *v1alpha1.TieringStatus) archive {
	found := archive{
		pods: status.Pods, epoch: status.Epoch, warm: status.Warm != nil, cold: status.Cold != nil, known: status.RecoverableUntil != nil,
	}
	if restore := status.Restore; restore != nil {
		found.restoring, found.started, found.restored = restore.Pod, restore.StartTime.Unix(), unix(restore.EndTime)
	}
	return found
}

// flow is what of a status changes while data is written to the buckets, or comes back from them.
type flow struct {
	warm, cold                      v1alpha1.TierStatus
	shipped, pending, lag, restored int64
}

func flowOf(status *v1alpha1.TieringStatus) flow {
	found := flow{
		warm: ptr.Deref(status.Warm, v1alpha1.TierStatus{}), cold: ptr.Deref(status.Cold, v1alpha1.TierStatus{}),
		shipped: unix(status.LastShippedTime), pending: status.PendingBytes, lag: status.LagSeconds,
	}
	if status.Restore != nil {
		found.restored = status.Restore.RestoredBytes
	}
	return found
}

// unix returns a time that can be compared, 0 for none.
func unix(at *metav1.Time) int64 {
	if at == nil {
		return 0
	}
	return at.Unix()
}
