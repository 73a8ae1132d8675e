package release

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"helm.sh/helm/v3/pkg/kube"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/jsonmergepatch"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/cli-runtime/pkg/resource"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// objectVersions are the versions of objects, as versionOf gives them.
type objectVersions map[objectName]string

type objectName struct {
	kind schema.GroupVersionKind
	name client.ObjectKey
}

// nameOf names an object of a manifest.
func nameOf(object *resource.Info) objectName {
	return objectName{object.Mapping.GroupVersionKind, client.ObjectKey{Namespace: object.Namespace, Name: object.Name}}
}

// unchanged tells whether the cache has the objects in the same versions.
func (v objectVersions) unchanged(ctx context.Context, cache client.Reader) (bool, error) {
	for object, version := range v {
		existing, err := cached(ctx, cache, object)
		if existing == nil || err != nil {
			return false, err
		}
		if is, err := versionOf(existing); is != version || err != nil {
			return false, err
		}
	}
	return len(v) > 0, nil
}

// versionOf gives what changes with everything of an object that a release can say. That is its resourceVersion, but for an
// object that counts its generations: such as a StatefulSet, which has another resourceVersion whenever a pod of it begins to
// answer. Its generation stands for what it is asked to be, and beside that there are its labels and the like.
func versionOf(object client.Object) (string, error) {
	if object.GetGeneration() == 0 {
		return object.GetResourceVersion(), nil
	}
	metadata := meta.AsPartialObjectMetadata(object).ObjectMeta
	metadata.ResourceVersion, metadata.ManagedFields = "", nil
	content, err := json.Marshal(&metadata)
	if err != nil {
		return "", fmt.Errorf("summing up the metadata of %s: %w", client.ObjectKeyFromObject(object), err)
	}
	sum := sha256.Sum256(content)
	return string(sum[:]), nil
}

// cached gives an object of the cache, or nil if it is not there. It is the cache's own: nobody may change it. Kinds without a
// Go type, such as PodMonitor, are kept unstructured; the others not, because that takes several times the memory.
func cached(ctx context.Context, cache client.Reader, name objectName) (client.Object, error) {
	object := emptyObject(name.kind)
	if err := cache.Get(ctx, name.name, object, client.UnsafeDisableDeepCopy); err != nil {
		return nil, client.IgnoreNotFound(err)
	}
	// An unstructured one has its kind, in a map that others read meanwhile.
	if _, isMap := object.(*unstructured.Unstructured); !isMap {
		object.GetObjectKind().SetGroupVersionKind(name.kind)
	}
	return object, nil
}

// emptyObject gives an object of the form in which the cache keeps those of its kind.
func emptyObject(kind schema.GroupVersionKind) client.Object {
	if made, err := clientgoscheme.Scheme.New(kind); err == nil {
		if object, ok := made.(client.Object); ok {
			return object
		}
	}
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(kind)
	return object
}

// intact compares the objects of a manifest with the cache. It gives their versions, or
// nothing if one is missing or was changed by hand. The library asks the API server for
// each object on every pass; with this it needs to only when there is something to put
// right. A change that has not reached the cache yet starts a pass when it does.
func intact(ctx context.Context, cache client.Reader, builder kube.Interface, manifest string) (objectVersions, error) {
	objects, err := builder.Build(bytes.NewBufferString(manifest), false)
	if err != nil {
		return nil, fmt.Errorf("reading the manifest of the release: %w", err)
	}
	found := make(objectVersions, len(objects))
	for _, expected := range objects {
		name := nameOf(expected)
		existing, err := cached(ctx, cache, name)
		if existing == nil || err != nil {
			return nil, err
		}
		same, err := holds(existing, expected)
		if err != nil {
			return nil, fmt.Errorf("comparing %s %s with the release: %w", name.kind.Kind, expected.Name, err)
		}
		if !same {
			return nil, nil
		}
		if found[name], err = versionOf(existing); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// versionsMade gives the versions of objects that were just made, or nothing if the API server has made one of them otherwise
// than it was asked for, so that it has to be compared by the library's rules.
func versionsMade(asked []runtime.Object, made kube.ResourceList) (objectVersions, error) {
	found := make(objectVersions, len(made))
	for i, info := range made {
		before, isMap := asked[i].(*unstructured.Unstructured)
		after, isMapToo := info.Object.(*unstructured.Unstructured)
		if !isMap || !isMapToo || !says(after.Object, before.Object) {
			return nil, nil
		}
		var err error
		if found[nameOf(info)], err = versionOf(after); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// says tells whether a value has everything that another one has, and its lists nothing else.
func says(value, everything any) bool {
	switch everything := everything.(type) {
	case nil:
		return true
	case map[string]any:
		value, _ := value.(map[string]any)
		for name, one := range everything {
			if !says(value[name], one) {
				return false
			}
		}
		return true
	case []any:
		value, _ := value.([]any)
		return slices.EqualFunc(value, everything, says)
	default:
		return value == everything
	}
}

// holds tells whether the existing object has every field of the expected one, by
// the rule with which the library would patch it.
func holds(existing client.Object, expected *resource.Info) (bool, error) {
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
	return sameJSON(have, patched)
}

// sameJSON tells whether two documents say the same, in whatever order of fields.
func sameJSON(one, other []byte) (bool, error) {
	var before, after map[string]any
	if err := errors.Join(json.Unmarshal(one, &before), json.Unmarshal(other, &after)); err != nil {
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
