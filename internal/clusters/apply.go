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

// UninstallFinalizer is the Helm library's; it keeps a BarqCluster until its release is uninstalled.
const UninstallFinalizer = "uninstall-helm-release"

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

// RemoveFinalizer takes a finalizer out of a BarqCluster, also if another field manager owns it. One that was restored, or applied from a file that
// has the finalizer, shares it with another field manager, and an apply without it would change nothing.
//
// The patch fails if the finalizers are not those that the reader gave, which may lag behind: then it is to be tried again.
func RemoveFinalizer(ctx context.Context, kubernetes client.Client, cluster client.Object, finalizer string, owner client.FieldOwner) error {
	stored := Object()
	if err := kubernetes.Get(ctx, client.ObjectKeyFromObject(cluster), stored); err != nil {
		return err
	}
	patch := []operation{{Op: "test", Path: "/metadata/uid", Value: string(cluster.GetUID())}}
	// The last one first, so that no index moves.
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
