package database

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

const (
	// refresh is how old status.database may be when a count has changed a little.
	refresh = time.Hour
	// tenth is what a count has to change by to be written at once: one of so many.
	tenth = 10
)

// SecretName returns the name of the Secret with the certificates of the agents of a BarqCluster.
func SecretName(cluster string) string { return cluster + "-barq-agent" }

// Status sums up the answers. It is nil if there are none.
func Status(o Observation) *v1alpha1.DatabaseStatus {
	answers := o.Answers()
	if len(answers) == 0 {
		return nil
	}
	found := &v1alpha1.DatabaseStatus{
		ObservedTime: metav1.NewTime(o.Now), Pods: int32(len(answers)), //nolint:gosec // At most 100.
		AgentVersion: oldest(answers), FreeBytes: answers[0].Said.Disk.Free, LastRepair: lastRepair(o),
	}
	for _, agent := range answers {
		said := agent.Said
		found.Tenants += int64(said.Data.Tenants)
		found.Collections += int64(said.Data.Collections)
		found.Documents += said.Data.Documents
		found.LogBytes += said.Log.Bytes
		found.FreeBytes = min(found.FreeBytes, said.Disk.Free)
		found.SupersededBytes += said.Log.Superseded
		found.OldestUnsyncedTime = Earlier(found.OldestUnsyncedTime, overdue(said.Log.OldestUnsynced, o.Now))
		if said.Log.Quarantine != nil {
			found.QuarantinedWrites += int64(said.Log.Quarantine.Lost)
		}
		found.FullTime = Earlier(found.FullTime, said.Disk.Full)
		if !said.Started.IsZero() && (found.LastStart == nil || said.Started.After(found.LastStart.Time.Time)) {
			found.LastStart = &v1alpha1.DatabaseStart{Pod: agent.Pod, Time: metav1.NewTime(said.Started.Truncate(time.Second))}
			if said.Served != nil {
				found.LastStart.Seconds = ptr.To(int64(said.Served.Sub(said.Started).Round(time.Second).Seconds()))
			}
		}
	}
	return found
}

// lastRepair returns the newest repair. An agent forgets one with the next start of its database, and the status does not.
func lastRepair(o Observation) *v1alpha1.DatabaseRepair {
	var last *v1alpha1.DatabaseRepair
	if stored := o.Cluster.Status.Database; stored != nil {
		last = stored.LastRepair
	}
	for _, agent := range o.Answers() {
		if done := agent.Said.Log.Repair; done != nil && (last == nil || done.Time.Truncate(time.Second).After(last.Time.Time)) {
			last = &v1alpha1.DatabaseRepair{
				Pod: agent.Pod, Time: metav1.NewTime(done.Time.Truncate(time.Second)), Files: int64(done.Files), LostWrites: int64(done.Lost),
			}
		}
	}
	return last
}

// Earlier returns the earlier of two times, of which either may be missing.
func Earlier(found *metav1.Time, other *time.Time) *metav1.Time {
	if other == nil || found != nil && !other.Before(found.Time) {
		return found
	}
	return ptr.To(metav1.NewTime(other.Truncate(time.Second)))
}

// overdue returns when the oldest write was made that is not synced, if that is long ago.
func overdue(oldest *time.Time, now time.Time) *time.Time {
	if oldest == nil || now.Sub(*oldest) < syncPatience {
		return nil
	}
	return oldest
}

// oldest returns the oldest of the agents' versions. One that cannot be read is older than any other.
func oldest(answers []Agent) string {
	return slices.MinFunc(answers, func(a, b Agent) int {
		first, err := version.ParseGeneric(a.Said.Agent)
		if err != nil {
			return -1
		}
		second, err := version.ParseGeneric(b.Said.Agent)
		if err != nil || second.LessThan(first) {
			return 1
		}
		if first.LessThan(second) {
			return -1
		}
		return 0
	}).Said.Agent
}

// Newer returns the status to write: computed, or stored if what has changed since is not worth a write.
func Newer(stored, computed *v1alpha1.DatabaseStatus, now time.Time) *v1alpha1.DatabaseStatus {
	switch {
	case computed == nil:
		// What was known is old, and observedTime says so.
		return stored
	case stored == nil || now.Sub(stored.ObservedTime.Time) >= refresh || identityOf(stored) != identityOf(computed):
		return computed
	}
	before, after := countsOf(stored, now), countsOf(computed, now)
	for i := range before {
		if differsMuch(before[i], after[i]) {
			return computed
		}
	}
	return stored
}

// identity is what of a status is written whenever it changes.
type identity struct {
	pods         int32
	agentVersion string
	quarantined  int64
	fills        bool
	unsynced     bool
	lastStart    start
	lastRepair   repair
}

func identityOf(status *v1alpha1.DatabaseStatus) identity {
	return identity{
		pods: status.Pods, agentVersion: status.AgentVersion, quarantined: status.QuarantinedWrites,
		fills: status.FullTime != nil, unsynced: status.OldestUnsyncedTime != nil, lastStart: started(status), lastRepair: repaired(status),
	}
}

// countsOf returns what of a status is written when it has changed much.
func countsOf(status *v1alpha1.DatabaseStatus, now time.Time) [7]int64 {
	return [7]int64{
		status.Tenants, status.Collections, status.Documents, status.LogBytes, status.SupersededBytes, status.FreeBytes, left(status.FullTime, now),
	}
}

// start is a DatabaseStart that can be compared.
type start struct {
	pod  string
	time int64
	// seconds is -1 while the database reads its log.
	seconds int64
}

// repair is a DatabaseRepair that can be compared.
type repair struct {
	pod  string
	time int64
}

func repaired(status *v1alpha1.DatabaseStatus) repair {
	if status.LastRepair == nil {
		return repair{}
	}
	return repair{pod: status.LastRepair.Pod, time: status.LastRepair.Time.Unix()}
}

func started(status *v1alpha1.DatabaseStatus) start {
	if status.LastStart == nil {
		return start{}
	}
	return start{pod: status.LastStart.Pod, time: status.LastStart.Time.Unix(), seconds: ptr.Deref(status.LastStart.Seconds, -1)}
}

// left returns how many hours are left until a time.
func left(until *metav1.Time, now time.Time) int64 {
	if until == nil {
		return 0
	}
	return int64(until.Sub(now).Hours())
}

// differsMuch reports whether a count has changed by more than a tenth.
func differsMuch(stored, computed int64) bool {
	distance := stored - computed
	if distance < 0 {
		distance = -distance
	}
	return distance*tenth > max(stored, 0)
}
