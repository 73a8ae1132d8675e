package progress

import (
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// State is what is shown of a BarqCluster.
type State struct {
	Phase          string
	Ready, Desired int32
	Message        string
}

// StateOf gives what a BarqCluster says of itself.
func StateOf(cluster *v1alpha1.BarqCluster) State {
	state := State{
		Phase:   string(cluster.Status.Phase),
		Ready:   cluster.Status.ReadyReplicas,
		Desired: cluster.Spec.DesiredReplicas(),
	}
	if ready := meta.FindStatusCondition(cluster.Status.Conditions, v1alpha1.ConditionReady); ready != nil {
		state.Message = ready.Message
	}
	switch {
	case state.Phase == "":
		state.Phase, state.Message = "-", "the operator has not reported yet"
	case hasArrivedOnce(cluster) && !Arrived(cluster):
		state.Message = "before the change, which the operator has not reported on yet"
	}
	return state
}

func (s State) String() string {
	return fmt.Sprintf("%-11s  %d/%d  %s", s.Phase, s.Ready, s.Desired, s.Message)
}

// Arrived tells whether a BarqCluster is Ready or Hibernated in its newest
// generation; a status about an older one says nothing.
func Arrived(cluster *v1alpha1.BarqCluster) bool {
	return hasArrivedOnce(cluster) && cluster.Status.ObservedGeneration >= cluster.Generation
}

func hasArrivedOnce(cluster *v1alpha1.BarqCluster) bool {
	return cluster.Status.Phase == v1alpha1.PhaseReady || cluster.Status.Phase == v1alpha1.PhaseHibernated
}
