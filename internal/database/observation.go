package database

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	agentapi "github.com/barq-db/barq-operator/internal/agentapi/v1"
	"github.com/barq-db/barq-operator/internal/workload"
)

// Observation is what is known of the agents of a BarqCluster.
type Observation struct {
	Cluster *v1alpha1.BarqCluster
	// Agents are those of the running pods, by ordinal.
	Agents []Agent
	// Blocked are the databases that damage keeps from starting, by ordinal.
	Blocked []Blocked
	// Refused is why the certificates of the agents cannot be written; nil if they are.
	Refused error
	Now     time.Time
}

// Agent is the agent of a running pod.
type Agent struct {
	Pod string
	// Said is its answer, nil if there was none.
	Said *agentapi.Status
	// Problem is why there was none, and Since when that began.
	Problem string
	Since   time.Time
}

// Blocked is a database that does not start.
type Blocked struct {
	Pod  string
	Said agentapi.Termination
}

// IsAsked reports whether the agent of a pod can be asked: its container runs.
func IsAsked(pod *corev1.Pod) bool {
	return pod.DeletionTimestamp == nil && pod.Status.PodIP != "" && workload.HasAgent(pod.Spec.Containers) &&
		slices.ContainsFunc(pod.Status.ContainerStatuses, func(status corev1.ContainerStatus) bool {
			return status.Name == workload.Database && status.State.Running != nil
		})
}

// BlockedBy returns what keeps the database of a pod from starting, if that is damage about which a person has to decide.
func BlockedBy(pod *corev1.Pod) (Blocked, bool) {
	for i := range pod.Status.ContainerStatuses {
		status := &pod.Status.ContainerStatuses[i]
		if status.Name != workload.Database || status.Ready {
			continue
		}
		ended := status.State.Terminated
		if ended == nil {
			ended = status.LastTerminationState.Terminated
		}
		if ended == nil {
			continue
		}
		if said, ok := agentapi.DecodeTermination(ended.Message); ok && said.Reason == agentapi.ReasonLogNotIntact {
			return Blocked{Pod: pod.Name, Said: said}, true
		}
	}
	return Blocked{}, false
}

// Answers returns the agents that answered.
func (o Observation) Answers() []Agent {
	var answered []Agent
	for _, agent := range o.Agents {
		if agent.Said != nil {
			answered = append(answered, agent)
		}
	}
	return answered
}

// IsEarly reports whether no database serves yet and there is nothing that a person has to know, so that the first status can wait.
func (o Observation) IsEarly() bool {
	return o.Cluster.Status.Database == nil && o.Refused == nil && len(o.Blocked) == 0 &&
		!slices.ContainsFunc(o.Agents, func(agent Agent) bool {
			return agent.Said != nil && (agent.Said.Served != nil || agent.Said.Log.Quarantine != nil || restores(agent.Said.Archive))
		})
}

// restores reports whether an agent says that the data comes from the buckets first, or that it cannot.
func restores(said *agentapi.Archive) bool {
	return said != nil && said.Reason != "" && said.Reason != agentapi.ArchiveShipping
}
