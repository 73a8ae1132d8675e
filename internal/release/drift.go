package release

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"helm.sh/helm/v3/pkg/kube"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/jsonmergepatch"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/cli-runtime/pkg/resource"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// drifted tells whether an object of the manifest is missing or was changed by
// hand, as far as the cache knows. The library asks the API server for each
// object on every pass; with this it needs to only when there is something to
// put right. A change that has not reached the cache yet starts a pass when it
// does.
func drifted(ctx context.Context, cache client.Reader, builder kube.Interface, manifest string) (bool, error) {
	objects, err := builder.Build(bytes.NewBufferString(manifest), false)
	if err != nil {
		return false, fmt.Errorf("reading the manifest of the release: %w", err)
	}
	for _, expected := range objects {
		existing := &unstructured.Unstructured{}
		existing.SetGroupVersionKind(expected.Mapping.GroupVersionKind)
		err := cache.Get(ctx, client.ObjectKey{Namespace: expected.Namespace, Name: expected.Name}, existing)
		if apierrors.IsNotFound(err) {
			return true, nil
		}
		if err != nil {
			return false, err
		}
		same, err := holds(existing, expected)
		if err != nil {
			return false, fmt.Errorf("comparing %s %s with the release: %w", expected.Mapping.GroupVersionKind.Kind, expected.Name, err)
		}
		if !same {
			return true, nil
		}
	}
	return false, nil
}

// holds tells whether the existing object has every field of the expected one, by
// the rule with which the library would patch it.
func holds(existing *unstructured.Unstructured, expected *resource.Info) (bool, error) {
	have, err := json.Marshal(existing)
	if err != nil {
		return false, err
	}
	want, err := json.Marshal(withoutClaimTemplates(expected))
	if err != nil {
		return false, err
	}
	patched, err := repaired(kube.AsVersioned(expected), have, want)
	if err != nil {
		return false, err
	}
	// A field that is replaced as a whole, such as the selector of a
	// PodDisruptionBudget, is in the patch even when it stays as it is. So what the
	// patch makes is compared, not the patch looked at.
	var before, after map[string]any
	if err := errors.Join(json.Unmarshal(have, &before), json.Unmarshal(patched, &after)); err != nil {
		return false, err
	}
	return reflect.DeepEqual(before, after), nil
}

// repaired gives what the library would make of an object: kinds without a Go type,
// such as PodMonitor, have no rules for the merging of lists.
func repaired(typed runtime.Object, have, want []byte) ([]byte, error) {
	if _, unknown := typed.(runtime.Unstructured); unknown {
		patch, err := jsonmergepatch.CreateThreeWayJSONMergePatch(want, want, have)
		if err != nil {
			return nil, err
		}
		return jsonpatch.MergePatch(have, patch)
	}
	rules, err := strategicpatch.NewPatchMetaFromStruct(typed)
	if err != nil {
		return nil, err
	}
	patch, err := strategicpatch.CreateThreeWayMergePatch(want, want, have, rules, true)
	if err != nil {
		return nil, err
	}
	return strategicpatch.StrategicMergePatchUsingLookupPatchMeta(have, patch, rules)
}

// withoutClaimTemplates leaves out of a StatefulSet what nobody can change once it
// is made. The API server fills in defaults there, and a list without a merge key
// is compared as a whole, so that the library sends the same patch on every pass.
func withoutClaimTemplates(expected *resource.Info) runtime.Object {
	object, ok := expected.Object.(*unstructured.Unstructured)
	if !ok || expected.Mapping.GroupVersionKind.Kind != "StatefulSet" {
		return expected.Object
	}
	object = object.DeepCopy()
	unstructured.RemoveNestedField(object.Object, "spec", "volumeClaimTemplates")
	return object
}
