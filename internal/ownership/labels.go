package ownership

import (
	"context"

	"k8s.io/apimachinery/pkg/labels"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

const (
	nameLabel     = "app.kubernetes.io/name"
	nameValue     = "barq-db"
	instanceLabel = "app.kubernetes.io/instance"
)

// Selector matches what belongs to any BarqCluster. Caches are limited by it, so
// that the operator's memory does not grow with what others run.
func Selector() labels.Selector {
	return labels.SelectorFromSet(labels.Set{nameLabel: nameValue})
}

// Of gives the list options that find what belongs to one BarqCluster. A database
// that somebody installed by hand with the same name carries the same labels.
func Of(cluster *v1alpha1.BarqCluster) []client.ListOption {
	return []client.ListOption{
		client.InNamespace(cluster.Namespace),
		client.MatchingLabels{nameLabel: nameValue, instanceLabel: cluster.Name},
	}
}

// Enqueue maps a pod or a volume claim to its BarqCluster.
func Enqueue(_ context.Context, object client.Object) []ctrl.Request {
	name := object.GetLabels()[instanceLabel]
	if name == "" {
		return nil
	}
	return []ctrl.Request{{NamespacedName: client.ObjectKey{Namespace: object.GetNamespace(), Name: name}}}
}
