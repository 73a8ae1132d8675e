package clusters

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// UninstallFinalizer is the Helm library's finalizer. It keeps a BarqCluster until its release is
// uninstalled.
const UninstallFinalizer = "uninstall-helm-release"

// Onto begins a server-side apply to a BarqCluster that exists, or to an object whose kind it says. Because of the UID, the apply
// neither creates a deleted one again nor changes a new one of the same name.
func Onto(cluster client.Object) *unstructured.Unstructured {
	apply := Object()
	if kind := cluster.GetObjectKind().GroupVersionKind(); !kind.Empty() {
		apply.SetGroupVersionKind(kind)
	}
	apply.SetNamespace(cluster.GetNamespace())
	apply.SetName(cluster.GetName())
	apply.SetUID(cluster.GetUID())
	return apply
}

// Apply makes owner the field manager of the fields, whichever manager wrote them before. It removes
// fields that owner applied before and leaves out now.
func Apply(ctx context.Context, writer client.Writer, fields *unstructured.Unstructured, owner client.FieldOwner) error {
	return writer.Apply(ctx, client.ApplyConfigurationFromUnstructured(fields), owner, client.ForceOwnership)
}

// RemoveFinalizer removes a finalizer from a BarqCluster, even if another field manager owns it. A
// BarqCluster that was restored, or applied from a file with the finalizer, shares it with another
// field manager. An apply without the finalizer would change nothing there.
//
// The patch fails if the finalizers differ from those of the reader, which may lag behind; the caller
// then tries again.
func RemoveFinalizer(ctx context.Context, kubernetes client.Client, cluster client.Object, finalizer string, owner client.FieldOwner) error {
	stored := Object()
	if err := kubernetes.Get(ctx, client.ObjectKeyFromObject(cluster), stored); err != nil {
		return err
	}
	patch := []operation{{Op: "test", Path: "/metadata/uid", Value: string(cluster.GetUID())}}
	// Remove the last one first, so that no index changes.
	for i, name := range slices.Backward(stored.GetFinalizers()) {
		if name == finalizer {
			path := fmt.Sprintf("/metadata/finalizers/%d", i)
			patch = append(patch, operation{Op: "test", Path: path, Value: name}, operation{Op: "remove", Path: path})
		}
	}
	if len(patch) == 1 {
		return nil
	}
	content, err := json.Marshal(patch)
	if err != nil {
		return err
	}
	if err := kubernetes.Patch(ctx, Onto(cluster), client.RawPatch(types.JSONPatchType, content), owner); err != nil {
		return fmt.Errorf("removing the finalizer %s of %s: %w", finalizer, client.ObjectKeyFromObject(cluster), err)
	}
	return nil
}
