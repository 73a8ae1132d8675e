package clusters

import (
	"context"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Onto begins a server-side apply to a BarqCluster that exists. The UID keeps it from
// being made again if it was deleted, and from reaching a new one of the same name.
func Onto(cluster client.Object) *unstructured.Unstructured {
	apply := Object()
	apply.SetNamespace(cluster.GetNamespace())
	apply.SetName(cluster.GetName())
	apply.SetUID(cluster.GetUID())
	return apply
}

// Apply makes the fields those of their owner, whoever wrote them before. Fields
// that the owner applied before and leaves out now are removed.
func Apply(ctx context.Context, writer client.Writer, fields *unstructured.Unstructured, owner client.FieldOwner) error {
	return writer.Apply(ctx, client.ApplyConfigurationFromUnstructured(fields), owner, client.ForceOwnership)
}
