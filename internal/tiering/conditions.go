package tiering

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	agentapi "github.com/barq-db/barq-operator/internal/agentapi/v1"
	"github.com/barq-db/barq-operator/internal/database"
	"github.com/barq-db/barq-operator/internal/message"
)

// advice is why a pod cannot use the bucket of a tier, and what to do about it, by the reason. In the texts {identity} is where
// the credentials are, {correction} what to do about them, and {meanwhile} what becomes of writes.
var advice = map[string]string{
	v1alpha1.ReasonStoreUnreachable: "pod {pod} cannot reach the {tier} tier ({provider}). {meanwhile} " +
		"Let the pod reach the store, and look whether the store works",
	v1alpha1.ReasonCredentialsMissing:  "pod {pod} has no credentials for the {tier} tier ({provider}). {meanwhile} {correction}",
	v1alpha1.ReasonCredentialsRejected: "the {tier} tier ({provider}) rejects the credentials of pod {pod}. {meanwhile} {correction}",
	v1alpha1.ReasonAccessDenied: "the {tier} tier ({provider}) denies pod {pod} what it has to do in the bucket. {meanwhile} " +
		"Give the identity of {identity} the rights in docs/tiering.md",
	v1alpha1.ReasonBucketMissing: "the bucket of the {tier} tier ({provider}) of pod {pod} does not exist. {meanwhile} " +
		"Make the bucket, or correct spec.tiering.{tier}",
	v1alpha1.ReasonConditionalWritesUnsupported: "the {tier} tier ({provider}) of pod {pod} replaces objects that must not be replaced, so two databases could overwrite each other. " +
		"{meanwhile} Use a store that has conditional writes",
	v1alpha1.ReasonClockSkewed: "the clock of pod {pod} is too far from that of the {tier} tier ({provider}). {meanwhile} Set the clock of the node",
}

// TiersReachable returns status, reason and message of the condition of that name. It is nil while nothing is known.
func TiersReachable(o database.Observation) *metav1.Condition {
	agents := archiving(o)
	known := 0
	for _, agent := range agents {
		for _, tier := range o.Cluster.Spec.Tiering.Tiers() {
			at := slices.IndexFunc(agent.Said.Archive.Tiers, func(said agentapi.Tier) bool { return said.Name == tier.Name && said.Reason != "" })
			if at < 0 {
				continue
			}
			known++
			if said := agent.Said.Archive.Tiers[at]; said.Reason != agentapi.TierReachable {
				return withDetail(o, v1alpha1.ConditionTiersReachable, unusable(o, agent.Pod, tier, said.Reason), said.Message)
			}
		}
	}
	if known == 0 || known < len(o.Agents)*len(o.Cluster.Spec.Tiering.Tiers()) {
		return nil
	}
	return &metav1.Condition{
		Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonReachable, Message: "each pod can use the bucket of each tier",
	}
}

// unusable returns the condition about a tier that a pod cannot use.
func unusable(o database.Observation, pod string, tier v1alpha1.Tier, reason string) metav1.Condition {
	text, known := advice[reason]
	if !known {
		return notUnderstood(pod)
	}
	return metav1.Condition{Status: metav1.ConditionFalse, Reason: reason, Message: strings.NewReplacer(
		"{pod}", pod, "{tier}", tier.Name, "{provider}", string(tier.Provider), "{identity}", credentialsOf(o, tier),
		"{correction}", correction(o, tier), "{meanwhile}", meanwhile(o, pod),
	).Replace(text)}
}

// credentialsOf says what has the credentials of a tier.
func credentialsOf(o database.Observation, tier v1alpha1.Tier) string {
	if tier.CredentialsSecretRef != nil {
		return "Secret " + tier.CredentialsSecretRef.Name
	}
	return "service account " + cmp.Or(o.Cluster.Spec.ServiceAccount.Name, o.Cluster.Name)
}

// correction says what to do about the credentials of a tier.
func correction(o database.Observation, tier v1alpha1.Tier) string {
	where := credentialsOf(o, tier)
	if tier.CredentialsSecretRef != nil {
		return "Correct " + where + "; the agent reads it at each use, so no restart is needed"
	}
	return "Correct the workload identity of " + where + ", and restart the pod, because clouds give it to a pod when it is made"
}

// meanwhile says what becomes of writes to a pod while a bucket cannot be used.
func meanwhile(o database.Observation, pod string) string {
	for _, agent := range o.Agents {
		if agent.Pod == pod && agent.Said != nil && agent.Said.Started.IsZero() {
			return "Until then its database does not start, because the disk is empty and the buckets may have its data."
		}
	}
	if durability := o.Cluster.Spec.Durability; durability != nil && durability.Mode == v1alpha1.DurabilityArchived {
		return "Until then no write is answered, because of durability.mode Archived."
	}
	return "Writes go on, and are on the disk only; status.database.fullTime says when that is full."
}

func notUnderstood(pod string) metav1.Condition {
	return metav1.Condition{
		Status: metav1.ConditionUnknown, Reason: v1alpha1.ReasonNotUnderstood,
		Message: fmt.Sprintf("the agent of pod %s says what this version of the operator does not know. Install a newer one", pod),
	}
}

// severity has the reasons for which an archive does not grow, the worst one first.
var severity = []string{
	agentapi.ArchiveFenced, agentapi.ArchiveDamaged, agentapi.TierUnconditional, agentapi.TierBucketMissing, agentapi.TierAccessDenied,
	agentapi.TierCredentialsRejected, agentapi.TierCredentialsMissing, agentapi.TierClockSkewed, agentapi.TierUnreachable,
	agentapi.ArchiveLagging, agentapi.ArchiveRestoring,
}

// Archiving returns status, reason and message of the condition of that name. It is nil while nothing is known.
func Archiving(o database.Observation) *metav1.Condition {
	agents := archiving(o)
	for _, reason := range severity {
		for _, agent := range agents {
			if said := agent.Said.Archive; said.Reason == reason {
				return withDetail(o, v1alpha1.ConditionArchiving,
					metav1.Condition{Status: metav1.ConditionFalse, Reason: reason, Message: why(o, agent.Pod, *said)}, said.Message)
			}
		}
	}
	for _, agent := range agents {
		if agent.Said.Archive.Reason != agentapi.ArchiveShipping {
			condition := notUnderstood(agent.Pod)
			return &condition
		}
	}
	if len(agents) == 0 || len(agents) < len(o.Agents) {
		return nil
	}
	return &metav1.Condition{
		Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonShipping, Message: "what is written gets into the buckets of the tiers",
	}
}

// why says why the archive of a pod does not grow, and what to do.
func why(o database.Observation, pod string, said agentapi.Archive) string {
	switch said.Reason {
	case agentapi.ArchiveFenced:
		return fmt.Sprintf("another database writes the archive of pod %s, so this one no longer does. What was written since is on its disk only. "+
			"Look for a pod of this name that still runs, for instance on a node that was cut off, and stop it", pod)
	case agentapi.ArchiveDamaged:
		return fmt.Sprintf("an object in the archive of pod %s is gone, or is not what was written. Put it back, for instance a former version of it", pod)
	case agentapi.ArchiveLagging:
		return fmt.Sprintf("writes of pod %s have been waiting for the buckets for longer than spec.tiering.maxLag; status.tiering says for how long. %s "+
			"Look at the network and the store, or raise maxLag", pod, meanwhile(o, pod))
	case agentapi.ArchiveRestoring:
		return restoring(pod, said.Restore)
	}
	return fmt.Sprintf("pod %s cannot write to a bucket; the condition TiersReachable says what to do", pod)
}

// restoring says how far a restore is, in tenths, so that the text does not change all the time.
func restoring(pod string, restore *agentapi.Restore) string {
	text := fmt.Sprintf("the data of pod %s comes back from the buckets, and its database serves nothing until it is complete", pod)
	if restore == nil || restore.Bytes <= 0 {
		return text
	}
	return fmt.Sprintf("%s: %d0%% of %d MiB are on the disk", text, min(max(restore.Done, 0)*10/restore.Bytes, 10), restore.Bytes>>20)
}

// withDetail adds what an agent says of the cause. That has numbers of requests and other things which are different each time, so
// that the stored message stays as long as only they differ.
func withDetail(o database.Observation, name string, condition metav1.Condition, detail string) *metav1.Condition {
	if condition.Status == metav1.ConditionFalse && detail != "" {
		condition.Message += ": "
		stored := meta.FindStatusCondition(o.Cluster.Status.Conditions, name)
		if stored != nil && stored.Status == condition.Status && stored.Reason == condition.Reason && strings.HasPrefix(stored.Message, condition.Message) {
			condition.Message = stored.Message
			return &condition
		}
		condition.Message += message.OneLine(detail)
	}
	condition.Message = message.Bound(condition.Message, message.ConditionLimit)
	return &condition
}
