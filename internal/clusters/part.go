package clusters

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// Part is what one writer owns of the status. After each of its writes these fields and conditions are
// as it wants them, whatever another field manager has written there.
type Part struct {
	// Owner is the field manager of the writer.
	Owner client.FieldOwner
	// Fields are the fields of the status without the conditions.
	Fields []string
	// Conditions are the types of conditions.
	Conditions []string
}

// The parts of the status that are written by server-side apply. The lease controller owns the rest
// (package lease).
var (
	// ReleasePart belongs to the release controller.
	ReleasePart = Part{
		Owner:  "barq-operator-release",
		Fields: []string{"deployedRelease"},
		// The library's Initialized is not one of them: it is True after every reconcile, or Irreconcilable says
		// why not.
		Conditions: []string{
			v1alpha1.ConditionDeployed, v1alpha1.ConditionReleaseFailed, v1alpha1.ConditionIrreconcilable, v1alpha1.ConditionPaused,
		},
	}
	// VolumesPart belongs to the volumes controller.
	VolumesPart = Part{
		Owner:      "barq-operator-volumes",
		Fields:     []string{"storage"},
		Conditions: []string{v1alpha1.ConditionVolumesResized, v1alpha1.ConditionVolumesRetained},
	}
	// DatabasePart belongs to the database controller.
	DatabasePart = Part{
		Owner:  "barq-operator-database",
		Fields: []string{"database", "tiering"},
		Conditions: []string{
			v1alpha1.ConditionAgentReachable, v1alpha1.ConditionLogIntact, v1alpha1.ConditionSpaceAvailable, v1alpha1.ConditionMemoryTight,
			v1alpha1.ConditionIndexesSound, v1alpha1.ConditionTiersReachable, v1alpha1.ConditionArchiving,
		},
	}
	// StatusPart belongs to the status controller.
	StatusPart = Part{
		Owner: "barq-operator-status",
		Fields: []string{
			"observedGeneration", "phase", "replicas", "readyReplicas", "updatedReplicas", "selector", "image", "endpoints", "appliedSpecHash",
		},
		Conditions: []string{
			v1alpha1.ConditionReady, v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled, v1alpha1.ConditionSecretsAvailable,
			v1alpha1.ConditionChangesPending, v1alpha1.ConditionDataRedundancy, v1alpha1.ConditionDeletionProtected,
			v1alpha1.ConditionMonitored,
		},
	}
)

// Stored returns the conditions of the part that a BarqCluster has, in the order of the part.
func (p Part) Stored(cluster *v1alpha1.BarqCluster) []metav1.Condition {
	var stored []metav1.Condition
	for _, name := range p.Conditions {
		if condition := meta.FindStatusCondition(cluster.Status.Conditions, name); condition != nil {
			stored = append(stored, *condition)
		}
	}
	return stored
}

// ApplyStatus sets the part of the status to content, a struct with exactly the fields and conditions
// of the part. stored is the BarqCluster as it was read; it gets the resourceVersion of the write.
//
// Server-side apply only removes what its manager applied before. So any surplus in the answer belongs
// to another manager, and a patch removes it. Most writes need no patch.
func ApplyStatus(ctx context.Context, writer client.SubResourceWriter, stored client.Object, part Part, content any) error {
	name := client.ObjectKeyFromObject(stored)
	desired, err := runtime.DefaultUnstructuredConverter.ToUnstructured(content)
	if err != nil {
		return fmt.Errorf("writing the status of %s: %w", name, err)
	}
	written, err := part.apply(ctx, writer, stored, desired)
	if apierrors.IsInvalid(err) {
		// Another manager owns a field inside of an object that content leaves out. The rest of that
		// object would be invalid, so the surplus is removed first.
		written, err = part.applyAfterRemoval(ctx, writer, stored, desired, err)
	}
	if err != nil {
		return err
	}
	found, _ := written.Object["status"].(map[string]any)
	if surplus := part.surplus(found, desired); len(surplus) > 0 {
		if written, err = part.remove(ctx, writer, written, surplus); err != nil {
			return fmt.Errorf("taking what another manager wrote out of the status of %s: %w", name, err)
		}
	}
	stored.SetResourceVersion(written.GetResourceVersion())
	return nil
}

func (p Part) apply(ctx context.Context, writer client.SubResourceWriter, stored client.Object, desired map[string]any) (*unstructured.Unstructured, error) {
	apply := Onto(stored)
	apply.Object["status"] = runtime.DeepCopyJSON(desired)
	err := writer.Apply(ctx, client.ApplyConfigurationFromUnstructured(apply), p.Owner, client.ForceOwnership)
	return apply, err
}

// applyAfterRemoval removes the surplus from the status as it was read, and repeats the refused apply.
func (p Part) applyAfterRemoval(
	ctx context.Context, writer client.SubResourceWriter, stored client.Object, desired map[string]any, refusal error,
) (*unstructured.Unstructured, error) {
	object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(stored)
	if err != nil {
		return nil, errors.Join(refusal, err)
	}
	found, _ := object["status"].(map[string]any)
	surplus := p.surplus(found, desired)
	if len(surplus) == 0 {
		return nil, refusal
	}
	if _, err := p.remove(ctx, writer, stored, surplus); err != nil {
		return nil, errors.Join(refusal, err)
	}
	return p.apply(ctx, writer, stored, desired)
}

// operation is one step of a JSON patch.
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value string `json:"value,omitempty"`
}

// remove removes paths from a BarqCluster, whichever field manager owns them. It fails with a conflict
// if the BarqCluster has another resourceVersion by now.
func (p Part) remove(ctx context.Context, writer client.SubResourceWriter, from client.Object, paths []string) (*unstructured.Unstructured, error) {
	patch := []operation{{Op: "replace", Path: "/metadata/resourceVersion", Value: from.GetResourceVersion()}}
	for _, path := range paths {
		patch = append(patch, operation{Op: "remove", Path: path})
	}
	content, err := json.Marshal(patch)
	if err != nil {
		return nil, err
	}
	written := Onto(from)
	return written, writer.Patch(ctx, written, client.RawPatch(types.JSONPatchType, content), p.Owner)
}

// surplus returns what the part has besides desired, as paths for a JSON patch that removes them in
// that order.
func (p Part) surplus(found, desired map[string]any) []string {
	var paths []string
	for _, name := range p.Fields {
		if value, ok := found[name]; ok {
			paths = append(paths, surplusOf("/status/"+name, value, desired[name])...)
		}
	}
	conditions, _ := found["conditions"].([]any)
	return append(paths, surplusItems("/status/conditions", conditions, desired["conditions"], func(key string) bool {
		return slices.Contains(p.Conditions, key)
	})...)
}

// surplusOf returns what a value has besides desired. A value that is not desired at all is one path.
func surplusOf(path string, found, desired any) []string {
	if desired == nil {
		return []string{path}
	}
	switch found := found.(type) {
	case map[string]any:
		wanted, _ := desired.(map[string]any)
		var paths []string
		for _, name := range slices.Sorted(maps.Keys(found)) {
			paths = append(paths, surplusOf(path+"/"+name, found[name], wanted[name])...)
		}
		return paths
	case []any:
		return surplusItems(path, found, desired, func(string) bool { return true })
	default:
		return nil
	}
}

// surplusItems returns what a list has besides desired, the last item first, so that no removal
// changes another path.
func surplusItems(path string, found []any, desired any, owned func(key string) bool) []string {
	wanted := map[string]any{}
	items, _ := desired.([]any)
	for _, item := range items {
		wanted[itemKey(item)] = item
	}
	var paths []string
	for i, item := range slices.Backward(found) {
		if key := itemKey(item); owned(key) {
			paths = append(paths, surplusOf(fmt.Sprintf("%s/%d", path, i), item, wanted[key])...)
		}
	}
	return paths
}

// itemKey returns the key that identifies an item in a list of the status.
func itemKey(item any) string {
	fields, _ := item.(map[string]any)
	for _, key := range []string{"type", "pod"} {
		if value, ok := fields[key].(string); ok {
			return value
		}
	}
	return ""
}
