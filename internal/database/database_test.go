package database_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	agentapi "github.com/barq-db/barq-operator/internal/agentapi/v1"
	"github.com/barq-db/barq-operator/internal/database"
)

var now = time.Date(2026, time.December, 1, 12, 0, 0, 0, time.UTC)

func observe(agents ...database.Agent) database.Observation {
	return database.Observation{
		Cluster: &v1alpha1.BarqCluster{ObjectMeta: metav1.ObjectMeta{Name: "vectors"}}, Agents: agents, Now: now,
	}
}

// answer is what the agent of a pod says, changed by change.
func answer(pod string, change func(*agentapi.Status)) database.Agent {
	said := &agentapi.Status{
		Agent: "0.1.0", Started: now.Add(-time.Hour), Served: ptr.To(now.Add(-time.Hour + 90*time.Second)),
		Data: agentapi.Data{Tenants: 1, Collections: 2, Documents: 100},
		Log:  agentapi.Log{Bytes: 1000}, Disk: agentapi.Disk{Size: 1000, Free: 500},
	}
	if change != nil {
		change(said)
	}
	return database.Agent{Pod: pod, Said: said}
}

func silent(pod string, since time.Duration) database.Agent {
	return database.Agent{Pod: pod, Problem: "connection refused", Since: now.Add(-since)}
}

func quarantine(said *agentapi.Status) {
	said.Log.Quarantine = &agentapi.Quarantine{Lost: 3, Time: now.Add(-time.Minute), First: agentapi.Loss{
		Tenant: "default", Collection: "things", File: "tenants/default/collections/things/wal.jsonl", Line: 7, Kind: "NoNumber", Quarantine: "20261201T115900Z-1",
	}}
}

func TestStatus(t *testing.T) {
	require.Nil(t, database.Status(observe(silent("vectors-0", time.Hour))))
	full := now.Add(30 * time.Hour)
	found := database.Status(observe(
		answer("vectors-0", func(said *agentapi.Status) { said.Agent, said.Disk.Full = "0.10.0", &full }),
		silent("vectors-1", time.Hour),
		answer("vectors-2", func(said *agentapi.Status) {
			quarantine(said)
			said.Agent, said.Disk.Free, said.Started, said.Served = "0.9.0", 20, now.Add(-time.Minute), nil
			said.Log.Superseded, said.Log.OldestUnsynced = 300, ptr.To(now.Add(-3*time.Minute))
			said.Log.Repair = &agentapi.Repair{Time: now.Add(-2 * time.Minute), Files: 1, Lost: 3}
		}),
	))
	require.Equal(t, &v1alpha1.DatabaseStatus{
		ObservedTime: metav1.NewTime(now), Pods: 2, AgentVersion: "0.9.0", Tenants: 2, Collections: 4, Documents: 200, LogBytes: 2000,
		SupersededBytes: 300, OldestUnsyncedTime: ptr.To(metav1.NewTime(now.Add(-3 * time.Minute))),
		FreeBytes: 20, FullTime: ptr.To(metav1.NewTime(full)), QuarantinedWrites: 3,
		LastRepair: &v1alpha1.DatabaseRepair{Pod: "vectors-2", Time: metav1.NewTime(now.Add(-2 * time.Minute)), Files: 1, LostWrites: 3},
		LastStart:  &v1alpha1.DatabaseStart{Pod: "vectors-2", Time: metav1.NewTime(now.Add(-time.Minute))},
	}, found)
	require.Equal(t, int64(90), *database.Status(observe(answer("vectors-0", nil))).LastStart.Seconds)
}

// An agent forgets a repair with the next start of its pod, and the status keeps it.
func TestTheLastRepairIsKept(t *testing.T) {
	repaired := func(pod string, before time.Duration) database.Agent {
		return answer(pod, func(said *agentapi.Status) { said.Log.Repair = &agentapi.Repair{Time: now.Add(-before), Files: 1} })
	}
	stored := database.Status(observe(repaired("vectors-0", time.Hour), repaired("vectors-1", time.Minute)))
	require.Equal(t, "vectors-1", stored.LastRepair.Pod, "the newest one")
	later := observe(repaired("vectors-0", time.Hour), answer("vectors-1", nil))
	later.Cluster.Status.Database = stored
	require.Equal(t, stored.LastRepair, database.Status(later).LastRepair)
	again := observe(repaired("vectors-0", time.Second))
	again.Cluster.Status.Database = stored
	require.Equal(t, "vectors-0", database.Status(again).LastRepair.Pod)
}

// What changes all the time must not be a write each time.
func TestNewer(t *testing.T) {
	stored := database.Status(observe(answer("vectors-0", nil)))
	for name, changes := range map[string]struct {
		change  func(*agentapi.Status)
		after   time.Duration
		written bool
	}{
		"nothing":                     {written: false},
		"a little more":               {change: func(said *agentapi.Status) { said.Data.Documents = 109 }},
		"nothing after an hour":       {after: time.Hour, written: true},
		"a little more after an hour": {change: func(said *agentapi.Status) { said.Data.Documents = 109 }, after: time.Hour, written: true},
		"a tenth more":                {change: func(said *agentapi.Status) { said.Data.Documents = 111 }, written: true},
		"much less":                   {change: func(said *agentapi.Status) { said.Log.Bytes = 10 }, written: true},
		"another version":             {change: func(said *agentapi.Status) { said.Agent = "0.2.0" }, written: true},
		"something in quarantine":     {change: quarantine, written: true},
		"a new start":                 {change: func(said *agentapi.Status) { said.Started = now }, written: true},
		"it will be full":             {change: func(said *agentapi.Status) { said.Disk.Full = ptr.To(now.Add(time.Hour)) }, written: true},
		"it serves, as it did before": {change: func(said *agentapi.Status) { said.Served = ptr.To(said.Served.Add(time.Millisecond)) }},
		"much less space on the disk": {change: func(said *agentapi.Status) { said.Disk.Free = 400 }, written: true},
		"a little less space":         {change: func(said *agentapi.Status) { said.Disk.Free = 470 }},
		"another collection of a few": {change: func(said *agentapi.Status) { said.Data.Collections = 3 }, written: true},
		"a repair":                    {change: func(said *agentapi.Status) { said.Log.Repair = &agentapi.Repair{Time: now} }, written: true},
		"a write that has waited for its sync": {
			change: func(said *agentapi.Status) { said.Log.OldestUnsynced = ptr.To(now.Add(-time.Hour)) }, written: true,
		},
		"much that is superseded":      {change: func(said *agentapi.Status) { said.Log.Superseded = 500 }, written: true},
		"a sync that is not yet there": {change: func(said *agentapi.Status) { said.Log.OldestUnsynced = &now }},
	} {
		t.Run(name, func(t *testing.T) {
			o := observe(answer("vectors-0", changes.change))
			o.Now = now.Add(changes.after)
			computed := database.Status(o)
			if got := database.Newer(stored, computed, o.Now); changes.written {
				require.Same(t, computed, got)
			} else {
				require.Same(t, stored, got)
			}
		})
	}
	require.Same(t, stored, database.Newer(stored, nil, now), "what was known is still known")
	require.Same(t, stored, database.Newer(nil, stored, now))
}

func TestAgentReachable(t *testing.T) {
	reachable := database.AgentReachable(observe(answer("vectors-0", nil), silent("vectors-1", 59*time.Second)))
	require.Equal(t, metav1.ConditionTrue, reachable.Status, "a pod that starts is silent for a while")
	found := database.AgentReachable(observe(answer("vectors-0", nil), silent("vectors-1", time.Minute)))
	require.Equal(t, []any{metav1.ConditionFalse, v1alpha1.ReasonAgentSilent}, []any{found.Status, found.Reason})
	require.Equal(t, "the agent of pod vectors-1 does not answer the operator. The databases are not affected; what the status says of their data is old. "+
		"Let the operator reach TCP port 7443 of the pods; the first failure is of pod vectors-1: connection refused", found.Message)
	require.Contains(t, database.AgentReachable(observe(silent("vectors-0", time.Hour), silent("vectors-1", time.Hour))).Message, "the agents of 2 pods do not answer")
	refused := observe()
	refused.Refused = errors.New("quota")
	found = database.AgentReachable(refused)
	require.Equal(t, []any{metav1.ConditionFalse, v1alpha1.ReasonCertificatesRefused}, []any{found.Status, found.Reason})
	require.Contains(t, found.Message, "the Secret vectors-barq-agent with the certificates of the agents cannot be written: quota")
}

func TestLogIntact(t *testing.T) {
	require.Nil(t, database.LogIntact(observe()), "nothing is known")
	require.Nil(t, database.LogIntact(observe(answer("vectors-0", nil), silent("vectors-1", 0))), "one of them may have lost something")
	require.Equal(t, metav1.ConditionTrue, database.LogIntact(observe(answer("vectors-0", nil))).Status)

	found := database.LogIntact(observe(silent("vectors-0", 0), answer("vectors-1", quarantine)))
	require.Equal(t, []any{metav1.ConditionFalse, v1alpha1.ReasonWritesQuarantined}, []any{found.Status, found.Reason})
	require.Equal(t, "3 acknowledged writes of pod vectors-1 were taken out of the log at a start, because Barq DB cannot read them. "+
		"The first was in collection things of tenant default, at line 7 of tenants/default/collections/things/wal.jsonl (NoNumber), on 2026-12-01T11:59:00Z. "+
		"They are kept on the volume. See them with: kubectl exec vectors-1 -- /opt/barq-agent/barq-agent quarantine show 20261201T115900Z-1. "+
		"Then correct and write them again, or end this warning with: kubectl exec vectors-1 -- /opt/barq-agent/barq-agent quarantine close 20261201T115900Z-1", found.Message)

	blocked := observe(answer("vectors-1", quarantine))
	blocked.Blocked = []database.Blocked{{Pod: "vectors-0", Said: agentapi.Termination{
		Reason: agentapi.ReasonLogNotIntact, Message: "Restore the file.", File: "wal.jsonl", Line: 3, Tenant: "default", Collection: "things",
	}}}
	found = database.LogIntact(blocked)
	require.Equal(t, v1alpha1.ReasonLogNotIntact, found.Reason, "a database that does not start comes first")
	require.Equal(t, "the database of pod vectors-0 does not start, because of line 3 of wal.jsonl in collection things of tenant default. Restore the file.", found.Message)

	unsynced := observe(answer("vectors-0", func(said *agentapi.Status) {
		said.Log.OldestUnsynced, said.Log.Problem = ptr.To(now.Add(-2*time.Minute)), "input/output error"
	}))
	found = database.LogIntact(unsynced)
	require.Equal(t, v1alpha1.ReasonSyncFails, found.Reason)
	require.Contains(t, found.Message, "writes of pod vectors-0 since 2026-12-01T11:58:00Z are not synced to the disk")
	require.Contains(t, found.Message, "input/output error")
	unsynced.Cluster.Spec.Durability = &v1alpha1.DurabilitySpec{Mode: v1alpha1.DurabilityNone}
	require.Equal(t, metav1.ConditionTrue, database.LogIntact(unsynced).Status, "nothing else is promised")
}

func TestSpaceAvailable(t *testing.T) {
	require.Nil(t, database.SpaceAvailable(observe(answer("vectors-0", func(said *agentapi.Status) { said.Disk = agentapi.Disk{} }))), "it was not measured yet")
	require.Equal(t, metav1.ConditionTrue, database.SpaceAvailable(observe(answer("vectors-0", nil))).Status)
	fills := func(pod string, in time.Duration) database.Agent {
		return answer(pod, func(said *agentapi.Status) { said.Disk.Full = ptr.To(now.Add(in)) })
	}
	require.Equal(t, metav1.ConditionTrue, database.SpaceAvailable(observe(fills("vectors-0", 24*time.Hour))).Status)
	found := database.SpaceAvailable(observe(fills("vectors-0", 23*time.Hour), fills("vectors-1", time.Hour)))
	require.Equal(t, []any{metav1.ConditionFalse, v1alpha1.ReasonFillsSoon}, []any{found.Status, found.Reason})
	require.Contains(t, found.Message, "the disk of pod vectors-1")
	found = database.SpaceAvailable(observe(fills("vectors-0", time.Hour), answer("vectors-1", func(said *agentapi.Status) { said.Disk.Free = 49 })))
	require.Equal(t, v1alpha1.ReasonLittleSpace, found.Reason)
	refuses := answer("vectors-1", func(said *agentapi.Status) {
		said.Disk = agentapi.Disk{Size: 64 << 20, Free: 2<<20 - 1, Reserve: 2 << 20}
	})
	found = database.SpaceAvailable(observe(answer("vectors-0", func(said *agentapi.Status) { said.Disk.Free = 49 }), refuses))
	require.Equal(t, v1alpha1.ReasonWritesRefused, found.Reason)
	require.Contains(t, found.Message, "the disk of pod vectors-1 is full")
	require.Contains(t, found.Message, "The last 2 MiB")
}

func TestMemoryTight(t *testing.T) {
	with := func(limit, used, before int64) *metav1.Condition {
		return database.MemoryTight(observe(answer("vectors-0", func(said *agentapi.Status) {
			said.Memory = agentapi.Memory{Limit: limit, Used: used, Before: before}
		})))
	}
	require.Equal(t, metav1.ConditionFalse, with(0, 0, 0).Status, "there is no limit")
	require.Nil(t, with(1000, 0, 0), "it was not measured yet")
	require.Equal(t, metav1.ConditionFalse, with(1000, 899, 0).Status)
	require.Equal(t, metav1.ConditionTrue, with(1000, 900, 0).Status)
	require.Equal(t, metav1.ConditionTrue, with(1000, 0, 900).Status, "it is about to take as much again")
	require.Contains(t, with(1000, 900, 0).Message, "the database of pod vectors-0 takes nine tenths of its limit of memory")

	estimated := func(served bool) *metav1.Condition {
		return database.MemoryTight(observe(answer("vectors-0", func(said *agentapi.Status) {
			said.Memory = agentapi.Memory{Limit: 100 << 20, Estimate: 120 << 20}
			if !served {
				said.Served = nil
			}
		})))
	}
	require.Equal(t, []any{metav1.ConditionTrue, v1alpha1.ReasonEstimateNearLimit}, []any{estimated(false).Status, estimated(false).Reason})
	require.Contains(t, estimated(false).Message, "takes about 120 MiB of memory once it has read all, by an estimate. Its limit is 100 MiB")
	require.Nil(t, estimated(true), "what it takes will be measured in a moment")
}

func TestIndexesSound(t *testing.T) {
	faulty := func(said *agentapi.Status) {
		said.Data.Unsound = &agentapi.Unsound{Collections: 2, Tenant: "shop", Collection: "things", Index: "Hnsw"}
	}
	require.Equal(t, v1alpha1.ReasonNoFaultyIndex, database.IndexesSound(observe(answer("vectors-0", nil))).Reason)
	found := database.IndexesSound(observe(answer("vectors-0", nil), answer("vectors-1", faulty)))
	require.Equal(t, []any{metav1.ConditionFalse, v1alpha1.ReasonFaultyIndex}, []any{found.Status, found.Reason})
	require.Equal(t, "searches of 2 collections of pod vectors-1 give wrong documents, because of their index. The first is collection things of tenant shop (Hnsw). "+
		"Rebuild it with the index Flat, or Ivf without pq", found.Message)
	require.Nil(t, database.IndexesSound(observe(answer("vectors-0", nil), silent("vectors-1", time.Hour))), "it may have one")
	require.Nil(t, database.IndexesSound(observe(answer("vectors-0", func(said *agentapi.Status) { said.Disk = agentapi.Disk{} }))), "it has not looked")
}

func TestWhatIsAskedAndWhatIsBlocked(t *testing.T) {
	pod := func(change func(*corev1.Pod)) *corev1.Pod {
		found := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: "vectors-0"},
			Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "barq-db", Ports: []corev1.ContainerPort{{Name: "agent"}}}}},
			Status: corev1.PodStatus{PodIP: "10.0.0.1", ContainerStatuses: []corev1.ContainerStatus{{
				Name: "barq-db", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}, Started: ptr.To(false), Ready: false,
			}}},
		}
		change(found)
		return found
	}
	require.True(t, database.IsAsked(pod(func(*corev1.Pod) {})), "also while it starts, because a restore takes long")
	for name, change := range map[string]func(*corev1.Pod){
		"it leaves":         func(p *corev1.Pod) { p.DeletionTimestamp = &metav1.Time{} },
		"it has no address": func(p *corev1.Pod) { p.Status.PodIP = "" },
		"it has no agent":   func(p *corev1.Pod) { p.Spec.Containers[0].Ports = nil },
		"it does not run":   func(p *corev1.Pod) { p.Status.ContainerStatuses[0].State = corev1.ContainerState{} },
	} {
		require.False(t, database.IsAsked(pod(change)), name)
	}

	said, err := json.Marshal(agentapi.Termination{Reason: agentapi.ReasonLogNotIntact, Message: "Restore the file."})
	require.NoError(t, err)
	ended := corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Message: string(said)}}
	blocked, ok := database.BlockedBy(pod(func(p *corev1.Pod) { p.Status.ContainerStatuses[0].LastTerminationState = ended }))
	require.True(t, ok)
	require.Equal(t, "Restore the file.", blocked.Said.Message)
	_, ok = database.BlockedBy(pod(func(p *corev1.Pod) {
		p.Status.ContainerStatuses[0].LastTerminationState, p.Status.ContainerStatuses[0].Ready = ended, true
	}))
	require.False(t, ok, "it has started since")
	ended.Terminated.Message = `{"reason": "Memory", "message": "It was refused memory."}`
	_, ok = database.BlockedBy(pod(func(p *corev1.Pod) { p.Status.ContainerStatuses[0].State = ended }))
	require.False(t, ok)
}

// The first status waits for a database that starts, but not for one that gets its data from buckets.
func TestARestoreIsToldAtOnce(t *testing.T) {
	early := func(reason string) bool {
		return observe(answer("vectors-0", func(said *agentapi.Status) {
			said.Served, said.Archive = nil, &agentapi.Archive{Reason: reason}
		})).IsEarly()
	}
	require.True(t, early(""))
	require.True(t, early(agentapi.ArchiveShipping))
	require.False(t, early(agentapi.ArchiveRestoring))
	require.False(t, early(agentapi.TierBucketMissing))
}
