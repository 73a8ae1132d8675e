package ownership

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

const (
	nameLabel     = "app.kubernetes.io/name"
	nameValue     = "barq-db"
	instanceLabel = "app.kubernetes.io/instance"
)

// Selector matches the objects of all BarqClusters. It limits the caches, so that the operator's
// memory does not grow with the other objects of the Kubernetes cluster.
func Selector() labels.Selector {
	return labels.SelectorFromSet(labels.Set{nameLabel: nameValue})
}

// Labels returns the labels of an object of a BarqCluster that the chart does not render.
func Labels(cluster *v1alpha1.BarqCluster) map[string]string {
	return map[string]string{nameLabel: nameValue, instanceLabel: cluster.Name}
}

// Of returns the list options that find the objects of one BarqCluster. A database that a person
// installed by hand under the same name has the same labels.
func Of(cluster *v1alpha1.BarqCluster) []client.ListOption {
	return []client.ListOption{
		client.InNamespace(cluster.Namespace),
		client.MatchingLabels{nameLabel: nameValue, instanceLabel: cluster.Name},
	}
}

// Lookup returns the list options that find the objects of one BarqCluster: Of for the API server,
// InCache for a cache.
type Lookup func(cluster *v1alpha1.BarqCluster) []client.ListOption

// InstanceField is the field by which caches index the pods and PVCs of a BarqCluster, with
// IndexInstance.
const InstanceField = "metadata.labels[" + instanceLabel + "]"

// InCache is Of for a cache with InstanceField, which need not search all pods of a namespace for
// those of one BarqCluster.
func InCache(cluster *v1alpha1.BarqCluster) []client.ListOption {
	return append(Of(cluster), client.MatchingFields{InstanceField: cluster.Name})
}

// IndexInstance returns InstanceField of an object.
func IndexInstance(object client.Object) []string {
	if name := object.GetLabels()[instanceLabel]; name != "" {
		return []string{name}
	}
	return nil
}

// Index adds InstanceField to the caches of pods and PVCs.
func Index(ctx context.Context, indexer client.FieldIndexer) error {
	for _, object := range []client.Object{&corev1.Pod{}, &corev1.PersistentVolumeClaim{}} {
		if err := indexer.IndexField(ctx, object, InstanceField, IndexInstance); err != nil {
			return err
		}
	}
	return nil
}
