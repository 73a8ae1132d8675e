package volumes

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// observation is everything that a pass decides upon.
type observation struct {
	cluster *v1alpha1.BarqCluster
	// volumes by the number of their pod, also of pods that are gone.
	volumes []volume
	// refused are the resizes that the API server refused, by claim.
	refused map[types.UID]refusal
	// unkept are the volumes that could not be told to stay, by claim.
	unkept map[types.UID]refusal
	// words are what provisioners say about claims that are not bound, by claim.
	words map[types.UID]string
	// statefulSet of the BarqCluster; nil while there is none.
	statefulSet *appsv1.StatefulSet
	// pods of the StatefulSet by name; none without it.
	pods map[string]*corev1.Pod
}

// inUse are the volumes whose size counts: those of the pods that the spec asks for.
// While the BarqCluster sleeps, they are those of the pods that can wake.
func (o observation) inUse() []volume {
	if o.cluster.Spec.DesiredReplicas() == 0 {
		return o.volumes
	}
	return o.desired()
}

// desired are the volumes of the pods that the spec asks for.
func (o observation) desired() []volume {
	var found []volume
	for _, v := range o.volumes {
		if v.ordinal < o.cluster.Spec.DesiredReplicas() {
			found = append(found, v)
		}
	}
	return found
}
