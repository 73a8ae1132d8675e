package tiering_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	agentapi "github.com/barq-db/barq-operator/internal/agentapi/v1"
	"github.com/barq-db/barq-operator/internal/database"
	"github.com/barq-db/barq-operator/internal/tiering"
)

var now = time.Date(2026, time.December, 1, 12, 0, 0, 0, time.UTC)

// tiered is an observation of a BarqCluster with two tiers.
func tiered(agents ...database.Agent) database.Observation {
	o := database.Observation{
		Cluster: &v1alpha1.BarqCluster{ObjectMeta: metav1.ObjectMeta{Name: "vectors"}}, Agents: agents, Now: now,
	}
	o.Cluster.Spec.Replicas = ptr.To(int32(len(agents)))
	o.Cluster.Spec.Tiering = v1alpha1.TieringSpec{
		Enabled: true,
		Warm:    &v1alpha1.TierSpec{Provider: v1alpha1.ProviderS3, Bucket: "warm", CredentialsSecretRef: &v1alpha1.SecretReference{Name: "keys"}},
		Cold:    &v1alpha1.TierSpec{Provider: v1alpha1.ProviderAzure, Bucket: "cold", StorageAccount: "account"},
	}
	return o
}

// ships is what the agent of a pod says that writes to two buckets, changed by change.
func ships(pod string, change func(*agentapi.Archive)) database.Agent {
	said := &agentapi.Archive{
		Reason: agentapi.ArchiveShipping, Since: now.Add(-time.Hour), Epoch: 3, PendingBytes: 100,
		RecoverableUntil: ptr.To(now.Add(-5 * time.Second)), LastShipped: ptr.To(now.Add(-4 * time.Second)), OldestUnshipped: ptr.To(now.Add(-2 * time.Second)),
		Tiers: []agentapi.Tier{
			{Name: "warm", Provider: "s3", Reason: agentapi.TierReachable, Objects: 10, Bytes: 1000},
			{Name: "cold", Provider: "azure", Reason: agentapi.TierReachable, Objects: 1, Bytes: 5000},
		},
	}
	if change != nil {
		change(said)
	}
	return database.Agent{Pod: pod, Said: &agentapi.Status{Started: now, Served: &now, Archive: said}}
}

// silent is an agent that does not answer.
func silent(pod string) database.Agent { return database.Agent{Pod: pod, Since: now} }

func restores(pod string, done int64) database.Agent {
	agent := ships(pod, func(said *agentapi.Archive) {
		said.Reason, said.Epoch, said.RecoverableUntil, said.LastShipped, said.OldestUnshipped, said.PendingBytes = agentapi.ArchiveRestoring, 0, nil, nil, nil, 0
		said.Restore = &agentapi.Restore{From: "search/vectors/uid/0", Started: now.Add(-time.Minute), Until: now.Add(-time.Hour), Bytes: 300 << 20, Done: done}
	})
	agent.Said.Served = nil
	return agent
}

func TestTieringStatus(t *testing.T) {
	require.Nil(t, tiering.Status(tiered(database.Agent{Pod: "vectors-0", Said: &agentapi.Status{}}, silent("vectors-1"))), "agents of a former version")
	require.Nil(t, tiering.Status(tiered(ships("vectors-0", func(said *agentapi.Archive) { said.Reason = "" }))), "it has just started")
	found := tiering.Status(tiered(ships("vectors-0", nil), ships("vectors-1", func(said *agentapi.Archive) {
		said.Epoch, said.RecoverableUntil, said.OldestUnshipped = 4, ptr.To(now.Add(-time.Minute)), nil
		said.LastShipped, said.PendingBytes = ptr.To(now.Add(-time.Minute)), 11
		said.Restore = &agentapi.Restore{
			From: "search/former/uid/1", Started: now.Add(-time.Hour), Ended: ptr.To(now.Add(-50 * time.Minute)), Until: now.Add(-2 * time.Hour), Bytes: 70, Done: 70,
		}
	})))
	require.Equal(t, &v1alpha1.TieringStatus{
		ObservedTime: metav1.NewTime(now), Pods: 2, Epoch: 4, Warm: &v1alpha1.TierStatus{Objects: 20, Bytes: 2000}, Cold: &v1alpha1.TierStatus{Objects: 2, Bytes: 10000},
		LastShippedTime: ptr.To(metav1.NewTime(now.Add(-4 * time.Second))), RecoverableUntil: ptr.To(metav1.NewTime(now.Add(-time.Minute))), LagSeconds: 2, PendingBytes: 111,
		Restore: &v1alpha1.TieringRestore{
			Pod: "vectors-1", From: "search/former/uid/1", StartTime: metav1.NewTime(now.Add(-time.Hour)), EndTime: ptr.To(metav1.NewTime(now.Add(-50 * time.Minute))),
			Until: metav1.NewTime(now.Add(-2 * time.Hour)), Bytes: 70, RestoredBytes: 70,
		},
	}, found)
}

// What is recoverable must not look newer than it is.
func TestRecoverableUntil(t *testing.T) {
	of := func(o database.Observation) *metav1.Time { return tiering.Status(o).RecoverableUntil }
	require.Nil(t, of(tiered(ships("vectors-0", nil), restores("vectors-1", 0))), "one of them has written nothing yet")
	partly := tiered(ships("vectors-0", nil), silent("vectors-1"))
	require.Nil(t, of(partly), "that of the other is not known")
	known := metav1.NewTime(now.Add(-time.Hour))
	partly.Cluster.Status.Tiering = &v1alpha1.TieringStatus{RecoverableUntil: &known}
	require.Equal(t, &known, of(partly), "the other may be there still")
	known = metav1.NewTime(now.Add(time.Hour))
	require.Equal(t, now.Add(-5*time.Second), of(partly).Time, "and the one that answers is not further")
}

// An agent forgets a restore with its next start, and the status keeps it.
func TestTheLastRestoreIsKept(t *testing.T) {
	stored := tiering.Status(tiered(restores("vectors-0", 0)))
	require.Equal(t, "vectors-0", stored.Restore.Pod)
	require.Nil(t, stored.Restore.EndTime)
	later := tiered(ships("vectors-0", nil))
	later.Cluster.Status.Tiering = stored
	require.Equal(t, stored.Restore, tiering.Status(later).Restore)
	ended := restores("vectors-0", 300<<20)
	ended.Said.Archive.Restore.Ended = &now
	later = tiered(ended)
	later.Cluster.Status.Tiering = stored
	require.Equal(t, now, tiering.Status(later).Restore.EndTime.Time)
}

// What changes all the time is a write a minute at most.
func TestNewerTiering(t *testing.T) {
	stored := tiering.Status(tiered(ships("vectors-0", nil)))
	shipped := func(said *agentapi.Archive) { said.LastShipped = &now }
	moved := func(said *agentapi.Archive) { said.RecoverableUntil = &now }
	for name, changes := range map[string]struct {
		change  func(*agentapi.Archive)
		after   time.Duration
		written bool
	}{
		"nothing":                              {},
		"something is written":                 {change: shipped},
		"something is written, after 59 s":     {change: shipped, after: 59 * time.Second},
		"something is written, after a minute": {change: shipped, after: time.Minute, written: true},
		"nothing is written, after 9 minutes":  {change: moved, after: 9 * time.Minute},
		"nothing is written, after 10 minutes": {change: moved, after: 10 * time.Minute, written: true},
		"data moves to the cold tier":          {change: func(said *agentapi.Archive) { said.Tiers[1].Bytes = 9000 }, after: time.Minute, written: true},
		"another writer":                       {change: func(said *agentapi.Archive) { said.Epoch++ }, written: true},
		"another tier":                         {change: func(said *agentapi.Archive) { said.Tiers = said.Tiers[:1] }, written: true},
		"a restore": {
			change: func(said *agentapi.Archive) { said.Restore = &agentapi.Restore{From: "a", Started: now} }, written: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := tiered(ships("vectors-0", func(said *agentapi.Archive) {
				// Time that passes is no change of what the agent says.
				said.OldestUnshipped = ptr.To(said.OldestUnshipped.Add(changes.after))
				if changes.change != nil {
					changes.change(said)
				}
			}))
			o.Now = now.Add(changes.after)
			computed := tiering.Status(o)
			if got := tiering.Newer(stored, computed, o.Now); changes.written {
				require.Same(t, computed, got)
			} else {
				require.Same(t, stored, got)
			}
		})
	}
	require.Same(t, stored, tiering.Newer(stored, nil, now), "what was known is still known")
	require.Same(t, stored, tiering.Newer(nil, stored, now))

	half, more := tiering.Status(tiered(restores("vectors-0", 1))), tiering.Status(tiered(restores("vectors-0", 2)))
	require.Same(t, half, tiering.Newer(half, more, now))
	require.Same(t, more, tiering.Newer(half, more, now.Add(time.Minute)))
}

func TestTiersReachable(t *testing.T) {
	require.Nil(t, tiering.TiersReachable(tiered()), "nothing is known")
	require.Nil(t, tiering.TiersReachable(tiered(ships("vectors-0", nil), silent("vectors-1"))), "that one may not reach them")
	require.Nil(t, tiering.TiersReachable(tiered(ships("vectors-0", func(said *agentapi.Archive) { said.Tiers[1].Reason = "" }))), "it has not looked")
	require.Equal(t, []any{metav1.ConditionTrue, v1alpha1.ReasonReachable}, outcome(tiering.TiersReachable(tiered(ships("vectors-0", nil)))))

	former := tiered(ships("vectors-0", func(said *agentapi.Archive) { said.Tiers[1].Reason = agentapi.TierBucketMissing }))
	former.Cluster.Spec.Tiering.Cold = nil
	require.Equal(t, v1alpha1.ReasonReachable, tiering.TiersReachable(former).Reason, "the pod is of a former spec")

	const onDisk = "Writes go on, and are on the disk only; status.database.fullTime says when that is full."
	for reason, test := range map[string]struct {
		tier    int
		message string
	}{
		agentapi.TierUnreachable: {0, "pod vectors-1 cannot reach the warm tier (s3). " + onDisk + " Let the pod reach the store, and look whether the store works: said"},
		agentapi.TierCredentialsMissing: {0, "pod vectors-1 has no credentials for the warm tier (s3). " + onDisk +
			" Correct Secret keys; the agent reads it at each use, so no restart is needed: said"},
		agentapi.TierCredentialsRejected: {1, "the cold tier (azure) rejects the credentials of pod vectors-1. " + onDisk +
			" Correct the workload identity of service account vectors, and restart the pod, because clouds give it to a pod when it is made: said"},
		agentapi.TierAccessDenied: {1, "the cold tier (azure) denies pod vectors-1 what it has to do in the bucket. " + onDisk +
			" Give the identity of service account vectors the rights in docs/tiering.md: said"},
		agentapi.TierBucketMissing: {1, "the bucket of the cold tier (azure) of pod vectors-1 does not exist. " + onDisk +
			" Make the bucket, or correct spec.tiering.cold: said"},
		agentapi.TierUnconditional: {0, "the warm tier (s3) of pod vectors-1 replaces objects that must not be replaced, so two databases could overwrite each other. " + onDisk +
			" Use a store that has conditional writes: said"},
		agentapi.TierClockSkewed: {0, "the clock of pod vectors-1 is too far from that of the warm tier (s3). " + onDisk + " Set the clock of the node: said"},
	} {
		t.Run(reason, func(t *testing.T) {
			o := tiered(silent("vectors-0"), ships("vectors-1", func(said *agentapi.Archive) {
				said.Tiers[test.tier].Reason, said.Tiers[test.tier].Message = reason, "said\n"
			}))
			found := tiering.TiersReachable(o)
			require.Equal(t, []any{metav1.ConditionFalse, reason}, outcome(found))
			require.Equal(t, test.message, found.Message)
			o.Cluster.Spec.Durability = &v1alpha1.DurabilitySpec{Mode: v1alpha1.DurabilityArchived}
			require.Contains(t, tiering.TiersReachable(o).Message, "Until then no write is answered, because of durability.mode Archived.")
			o.Agents[1].Said.Started = time.Time{}
			require.Contains(t, tiering.TiersReachable(o).Message, "Until then its database does not start, because the disk is empty and the buckets may have its data.")
		})
	}
	require.Equal(t, []any{metav1.ConditionUnknown, v1alpha1.ReasonNotUnderstood}, outcome(tiering.TiersReachable(tiered(ships("vectors-0", func(said *agentapi.Archive) {
		said.Tiers[0].Reason = "Later"
	})))))
}

func outcome(condition *metav1.Condition) []any { return []any{condition.Status, condition.Reason} }

func TestArchiving(t *testing.T) {
	require.Nil(t, tiering.Archiving(tiered()), "nothing is known")
	require.Nil(t, tiering.Archiving(tiered(ships("vectors-0", nil), silent("vectors-1"))), "that one may lag")
	require.Equal(t, []any{metav1.ConditionTrue, v1alpha1.ReasonShipping}, outcome(tiering.Archiving(tiered(ships("vectors-0", nil)))))

	because := func(reason string) func(*agentapi.Archive) {
		return func(said *agentapi.Archive) { said.Reason, said.Message = reason, "said" }
	}
	for reason, message := range map[string]string{
		agentapi.ArchiveFenced:           "another database writes the archive of pod vectors-1",
		agentapi.ArchiveDamaged:          "an object in the archive of pod vectors-1 is gone",
		agentapi.ArchiveLagging:          "writes of pod vectors-1 have been waiting for the buckets for longer than spec.tiering.maxLag",
		agentapi.TierUnreachable:         "pod vectors-1 cannot write to a bucket; the condition TiersReachable says what to do",
		agentapi.TierCredentialsMissing:  "pod vectors-1 cannot write to a bucket",
		agentapi.TierCredentialsRejected: "pod vectors-1 cannot write to a bucket",
		agentapi.TierAccessDenied:        "pod vectors-1 cannot write to a bucket",
		agentapi.TierBucketMissing:       "pod vectors-1 cannot write to a bucket",
		agentapi.TierUnconditional:       "pod vectors-1 cannot write to a bucket",
		agentapi.TierClockSkewed:         "pod vectors-1 cannot write to a bucket",
	} {
		found := tiering.Archiving(tiered(restores("vectors-0", 0), ships("vectors-1", because(reason))))
		require.Equal(t, []any{metav1.ConditionFalse, reason}, outcome(found), "it is worse than a restore")
		require.Contains(t, found.Message, message)
		require.True(t, strings.HasSuffix(found.Message, ": said"), found.Message)
	}
	found := tiering.Archiving(tiered(restores("vectors-0", 135<<20)))
	require.Equal(t, []any{metav1.ConditionFalse, v1alpha1.ReasonRestoring}, outcome(found))
	require.Equal(t, "the data of pod vectors-0 comes back from the buckets, and its database serves nothing until it is complete: 40% of 300 MiB are on the disk", found.Message)
	require.Equal(t, found, tiering.Archiving(tiered(restores("vectors-0", 149<<20))), "tenths are enough")
	require.Equal(t, []any{metav1.ConditionUnknown, v1alpha1.ReasonNotUnderstood},
		outcome(tiering.Archiving(tiered(ships("vectors-0", nil), ships("vectors-1", because("Later"))))))
}

// Each answer of a store has a number of its own, which is no news.
func TestTheSameFailureIsTheSameMessage(t *testing.T) {
	denied := func(detail string) database.Observation {
		return tiered(ships("vectors-0", func(said *agentapi.Archive) {
			said.Tiers[0].Reason, said.Tiers[0].Message = agentapi.TierAccessDenied, detail
		}))
	}
	first := tiering.TiersReachable(denied("request 1"))
	first.Type = v1alpha1.ConditionTiersReachable
	again := denied("request 2")
	again.Cluster.Status.Conditions = []metav1.Condition{*first}
	require.Equal(t, first.Message, tiering.TiersReachable(again).Message)
	again.Agents[0].Said.Archive.Tiers[0].Reason = agentapi.TierCredentialsRejected
	require.Contains(t, tiering.TiersReachable(again).Message, "request 2")
}
