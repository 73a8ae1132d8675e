package pvcs

import (
	"context"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/ownership"
)

// Observation is everything that a reconcile decides upon.
type Observation struct {
	Cluster *v1alpha1.BarqCluster
	// PVCs are ordered by the number of their pod, and include those of pods that are gone.
	PVCs []PVC
	// StatefulSet of the BarqCluster; nil while there is none.
	StatefulSet *appsv1.StatefulSet
	// Pods of the StatefulSet by name; empty without one.
	Pods map[string]*corev1.Pod

	// GrowthRefusals are the resizes that the API server refused, by PVC.
	GrowthRefusals map[types.UID]Refusal
	// RetainRefusals are the refusals to set volumes to stay, by PVC.
	RetainRefusals map[types.UID]Refusal
	// Warnings are what provisioners say about PVCs that are not bound, by PVC.
	Warnings map[types.UID]string
}

// Observe reads a BarqCluster and its objects through the given reader, with the lookup for that
// reader.
func Observe(ctx context.Context, reader client.Reader, lookup ownership.Lookup, name types.NamespacedName) (Observation, error) {
	cluster, err := clusters.Get(ctx, reader, name)
	if err != nil {
		return Observation{}, err
	}
	observed := Observation{Cluster: cluster, Pods: map[string]*corev1.Pod{}, Warnings: map[types.UID]string{}}
	// Without a release of its own, PVCs that carry its name belong to a database that a person installed by hand.
	if cluster.Status.DeployedRelease == nil {
		return observed, nil
	}
	pvcs, err := clusters.PVCs(ctx, reader, lookup, cluster)
	if err != nil {
		return observed, err
	}
	for _, pvc := range pvcs {
		observed.PVCs = append(observed.PVCs, PVC{pvc})
	}
	if observed.StatefulSet, err = clusters.StatefulSet(ctx, reader, cluster); err != nil || observed.StatefulSet == nil {
		return observed, err
	}
	pods, err := clusters.Pods(ctx, reader, lookup, cluster, observed.StatefulSet)
	for i := range pods {
		observed.Pods[pods[i].Name] = &pods[i]
	}
	return observed, err
}

// InUse returns the PVCs whose size counts: those of the pods that the spec asks for. For a hibernated
// BarqCluster they are those of the pods that can wake.
func (o Observation) InUse() []PVC {
	if o.Cluster.Spec.DesiredReplicas() == 0 {
		return o.PVCs
	}
	return o.Desired()
}

// Desired returns the PVCs of the pods that the spec asks for.
func (o Observation) Desired() []PVC {
	var found []PVC
	for _, pvc := range o.PVCs {
		if pvc.Ordinal < o.Cluster.Spec.DesiredReplicas() {
			found = append(found, pvc)
		}
	}
	return found
}

// isUsed reports whether a pod runs, or will run, with the volume. If the pod stops, the StatefulSet
// creates it again, on a new volume if the PVC is gone by then.
func (o Observation) isUsed(pvc PVC) bool {
	pod := o.Pods[pvc.Pod]
	return pod != nil && pod.DeletionTimestamp == nil
}
