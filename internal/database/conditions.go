package database

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	agentapi "github.com/barq-db/barq-operator/internal/agentapi/v1"
	"github.com/barq-db/barq-operator/internal/message"
)

const (
	// silence is how long an agent may be silent before the status says so. A node that is busy answers late.
	silence = time.Minute
	// syncPatience is how long a write may wait for its sync. The longest interval is a minute.
	syncPatience = 2 * time.Minute
	// soon is how long before a disk is full the status warns.
	soon = 24 * time.Hour
	// littleSpace is the part of a disk below which little is left: one of so many.
	littleSpace = 20
	// nearLimit is how many tenths of its limit of memory are too many.
	nearLimit = 9
)

// AgentReachable returns status, reason and message of the condition of that name.
func AgentReachable(o Observation) metav1.Condition {
	if o.Refused != nil {
		return metav1.Condition{
			Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonCertificatesRefused,
			Message: message.Bound(fmt.Sprintf(
				"the Secret %s with the certificates of the agents cannot be written: %v. The databases are not affected; what the status says of the data is old",
				SecretName(o.Cluster.Name), o.Refused), message.ConditionLimit),
		}
	}
	var silent []Agent
	for _, agent := range o.Agents {
		if agent.Said == nil && o.Now.Sub(agent.Since) >= silence {
			silent = append(silent, agent)
		}
	}
	if len(silent) > 0 {
		first := silent[0]
		return metav1.Condition{
			Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonAgentSilent,
			Message: message.Bound(fmt.Sprintf(
				"%s. The databases are not affected; what the status says of their data is old. Let the operator reach TCP port %d of the pods; the first failure is of pod %s: %s",
				podsDo(silent, "agent of pod %s does not answer the operator", "agents of %d pods do not answer the operator"),
				agentapi.Port, first.Pod, first.Problem), message.ConditionLimit),
		}
	}
	return metav1.Condition{
		Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonAgentAnswers, Message: "the agent of each running pod answers the operator",
	}
}

// podsDo says what the agents of one pod or of several do.
func podsDo(agents []Agent, one, several string) string {
	if len(agents) == 1 {
		return "the " + fmt.Sprintf(one, agents[0].Pod)
	}
	return "the " + fmt.Sprintf(several, len(agents))
}

// LogIntact returns status, reason and message of the condition of that name. It is nil while nothing is known.
func LogIntact(o Observation) *metav1.Condition {
	if len(o.Blocked) > 0 {
		first := o.Blocked[0]
		return &metav1.Condition{
			Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonLogNotIntact,
			Message: message.Bound(fmt.Sprintf("the database of pod %s does not start, because of %s in collection %s of tenant %s. %s",
				first.Pod, placeOf(first.Said.File, first.Said.Line), first.Said.Collection, first.Said.Tenant, first.Said.Message), message.ConditionLimit),
		}
	}
	answers := o.Answers()
	for _, agent := range answers {
		if quarantine := agent.Said.Log.Quarantine; quarantine != nil {
			return &metav1.Condition{
				Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonWritesQuarantined,
				Message: message.Bound(quarantined(agent.Pod, *quarantine), message.ConditionLimit),
			}
		}
	}
	for _, agent := range answers {
		if oldest := agent.Said.Log.OldestUnsynced; oldest != nil && o.Now.Sub(*oldest) >= syncPatience && o.isSynced() {
			return &metav1.Condition{
				Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonSyncFails,
				Message: message.Bound(fmt.Sprintf(
					"writes of pod %s since %s are not synced to the disk, so a crash of the node loses them. Look at the volume and its node%s",
					agent.Pod, oldest.UTC().Format(time.RFC3339), after(": ", agent.Said.Log.Problem)), message.ConditionLimit),
			}
		}
	}
	if len(answers) == 0 || len(answers) < len(o.Agents) {
		return nil
	}
	return &metav1.Condition{
		Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonIntact, Message: "no acknowledged write was taken out of a log, or each was applied again or closed",
	}
}

// isSynced reports whether logs are synced while the database runs.
func (o Observation) isSynced() bool {
	return o.Cluster.Spec.Durability == nil || o.Cluster.Spec.Durability.Mode != v1alpha1.DurabilityNone
}

// quarantined says what was taken out of the log of a pod, and what to do.
func quarantined(pod string, found agentapi.Quarantine) string {
	command := "kubectl exec " + pod + " -- /opt/barq-agent/barq-agent quarantine "
	return fmt.Sprintf("%d acknowledged writes of pod %s were taken out of the log at a start, because Barq DB cannot read them. "+
		"The first was in collection %s of tenant %s, at %s (%s), on %s. They are kept on the volume. See them with: %sshow %s. Then correct and write them again, or end this warning with: %sclose %s",
		found.Lost, pod, found.First.Collection, found.First.Tenant, placeOf(found.First.File, found.First.Line), found.First.Kind,
		found.Time.UTC().Format(time.RFC3339), command, found.First.Quarantine, command, found.First.Quarantine)
}

func placeOf(file string, line int) string {
	if line == 0 {
		return file
	}
	return fmt.Sprintf("line %d of %s", line, file)
}

func after(separator, text string) string {
	if text == "" {
		return ""
	}
	return separator + message.OneLine(text)
}

// SpaceAvailable returns status, reason and message of the condition of that name. It is nil while nothing is known.
func SpaceAvailable(o Observation) *metav1.Condition {
	var measured []Agent
	for _, agent := range o.Answers() {
		if agent.Said.Disk.Size > 0 {
			measured = append(measured, agent)
		}
	}
	for _, agent := range measured {
		if disk := agent.Said.Disk; disk.Free < disk.Reserve {
			return &metav1.Condition{
				Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonWritesRefused,
				Message: fmt.Sprintf("the disk of pod %s is full, so its agent refuses writes with 507. The last %d MiB are for deletions and compactions. Raise spec.storage.size, or delete documents", agent.Pod, disk.Reserve>>20),
			}
		}
	}
	for _, agent := range measured {
		if disk := agent.Said.Disk; disk.Free < disk.Size/littleSpace {
			return &metav1.Condition{
				Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonLittleSpace,
				Message: fmt.Sprintf("less than a twentieth of the disk of pod %s is free. On a full disk Barq DB refuses writes. Raise spec.storage.size", agent.Pod),
			}
		}
	}
	filling := slices.DeleteFunc(slices.Clone(measured), func(agent Agent) bool {
		return agent.Said.Disk.Full == nil || agent.Said.Disk.Full.Sub(o.Now) >= soon
	})
	if len(filling) > 0 {
		first := slices.MinFunc(filling, func(a, b Agent) int {
			return cmp.Or(a.Said.Disk.Full.Compare(*b.Said.Disk.Full), strings.Compare(a.Pod, b.Pod))
		})
		return &metav1.Condition{
			Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonFillsSoon,
			Message: fmt.Sprintf("at the growth of the last hours the disk of pod %s is full within a day; status.database.fullTime says when. Raise spec.storage.size", first.Pod),
		}
	}
	if len(measured) == 0 || len(measured) < len(o.Agents) {
		return nil
	}
	return &metav1.Condition{
		Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonSpaceLeft, Message: "each disk has space for more than a day, at the growth of the last hours",
	}
}

// MemoryTight returns status, reason and message of the condition of that name. It is nil while nothing is known.
func MemoryTight(o Observation) *metav1.Condition {
	known := 0
	var estimated *metav1.Condition
	for _, agent := range o.Answers() {
		memory := agent.Said.Memory
		if taken := max(memory.Used, memory.Before); memory.Limit > 0 && taken*10 >= memory.Limit*nearLimit {
			return &metav1.Condition{
				Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonNearLimit,
				Message: fmt.Sprintf("the database of pod %s takes nine tenths of its limit of memory, or did before its last end. At the limit the kernel ends it, also while it reads its log. Raise spec.resources.limits.memory", agent.Pod),
			}
		}
		if agent.Said.Served == nil && memory.Limit > 0 && memory.Estimate*10 >= memory.Limit*nearLimit {
			estimated = &metav1.Condition{
				Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonEstimateNearLimit,
				Message: fmt.Sprintf("the database of pod %s reads its log, and takes about %d MiB of memory once it has read all, by an estimate. Its limit is %d MiB, at which the kernel ends it. Raise spec.resources.limits.memory",
					agent.Pod, memory.Estimate>>20, memory.Limit>>20),
			}
		}
		if memory.Limit == 0 || memory.Used > 0 {
			known++
		}
	}
	if estimated != nil {
		return estimated
	}
	if known == 0 || known < len(o.Agents) {
		return nil
	}
	return &metav1.Condition{
		Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonBelowLimit, Message: "each database takes less than nine tenths of its limit of memory, or has none",
	}
}

// IndexesSound returns status, reason and message of the condition of that name. It is nil while nothing is known.
func IndexesSound(o Observation) *metav1.Condition {
	known := 0
	for _, agent := range o.Answers() {
		// Until it has measured the disk, the agent has not looked.
		if agent.Said.Disk.Size == 0 {
			continue
		}
		known++
		if unsound := agent.Said.Data.Unsound; unsound != nil {
			return &metav1.Condition{
				Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonFaultyIndex,
				Message: message.Bound(fmt.Sprintf(
					"searches of %d collections of pod %s give wrong documents, because of their index. The first is collection %s of tenant %s (%s). Rebuild it with the index Flat, or Ivf without pq",
					unsound.Collections, agent.Pod, unsound.Collection, unsound.Tenant, unsound.Index), message.ConditionLimit),
			}
		}
	}
	if known == 0 || known < len(o.Agents) {
		return nil
	}
	return &metav1.Condition{
		Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonNoFaultyIndex, Message: "no collection has an index that gives wrong documents",
	}
}
