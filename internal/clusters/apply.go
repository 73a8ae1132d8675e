package clusters

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
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

// ApplyStatus does the same with fields of the status. part is a struct that has
// those of the owner, and no others. The BarqCluster is given the resourceVersion that
// it has afterwards.
func ApplyStatus(
	ctx context.Context, writer client.SubResourceWriter, cluster client.Object, part any, owner client.FieldOwner,
) error {
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(part)
	if err != nil {
		return fmt.Errorf("writing the status of %s: %w", client.ObjectKeyFromObject(cluster), err)
	}
	apply := Onto(cluster)
	apply.Object["status"] = fields
	if err := writer.Apply(ctx, client.ApplyConfigurationFromUnstructured(apply), owner, client.ForceOwnership); err != nil {
		return err
	}
	cluster.SetResourceVersion(apply.GetResourceVersion())
	return nil
}
