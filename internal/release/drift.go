package release

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"helm.sh/helm/v3/pkg/kube"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/cli-runtime/pkg/resource"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/internal/apply"
	"github.com/barq-db/barq-operator/internal/helm/manifest"
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
func versionOf(object metav1.Object) (string, error) {
	if object.GetGeneration() == 0 {
		return object.GetResourceVersion(), nil
	}
	metadata := meta.AsPartialObjectMetadata(object).ObjectMeta
	metadata.ResourceVersion, metadata.ManagedFields = "", nil
	content, err := json.Marshal(&metadata)
	if err != nil {
		return "", fmt.Errorf("summing up the metadata of %s: %w", object.GetName(), err)
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

// intact compares the objects of a manifest with the cache. It returns their versions, or nothing if one is missing, was changed by
// hand, or has to be applied again, or if the BarqCluster controls another one. With this the operator asks the API server only when
// there is something to do. A change that has not reached the cache yet starts a reconcile when it does.
func intact(ctx context.Context, owned *ownedObjects, cluster client.Object, repairs *repairs, builder kube.Interface, manifest string) (objectVersions, error) {
	objects, err := builder.Build(bytes.NewBufferString(manifest), false)
	if err != nil {
		return nil, fmt.Errorf("reading the manifest of the release: %w", err)
	}
	if err := mark(objects); err != nil {
		return nil, err
	}
	found := make(objectVersions, len(objects))
	for _, expected := range objects {
		name := nameOf(expected)
		existing, err := cached(ctx, owned.cache, name)
		if existing == nil || err != nil {
			return nil, err
		}
		same, err := matches(existing, expected)
		if err == nil && !same {
			same, err = repairs.tolerates(cluster, expected, existing)
		}
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
	others, err := owned.others(ctx, cluster, objects, nil)
	if len(others) > 0 || err != nil {
		return nil, err
	}
	return found, nil
}

// versionsMade returns the versions of objects that were just created, or nothing if the API server has created one of them otherwise
// than it was asked for, so that it has to be compared.
func versionsMade(asked []runtime.Object, made kube.ResourceList) (objectVersions, error) {
	found := make(objectVersions, len(made))
	for i, info := range made {
		before, isMap := asked[i].(*unstructured.Unstructured)
		after, isMapToo := info.Object.(*unstructured.Unstructured)
		if !isMap || !isMapToo || !apply.Covers(after.Object, before.Object) {
			return nil, nil
		}
		var err error
		if found[nameOf(info)], err = versionOf(after); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// matches reports whether an object is what is wanted: the same manifest was applied to it, all of that is there, and others have added
// nothing to what the chart owns whole.
func matches(existing metav1.Object, wanted *resource.Info) (bool, error) {
	if apply.Digest(existing) != digestOf(wanted) || apply.StateOf(wanted.Mapping.GroupVersionKind.Kind, existing).Added {
		return false, nil
	}
	have, err := manifest.Plain(existing)
	if err != nil {
		return false, err
	}
	// The Go type gives quantities their usual form, and a status that the manifest has not.
	want, err := manifest.Plain(kube.AsVersioned(&resource.Info{Mapping: wanted.Mapping, Object: withoutClaimTemplates(wanted)}))
	if fields, ok := want.(map[string]any); ok {
		delete(fields, "status")
	}
	return err == nil && apply.Covers(have, want), err
}

// withoutClaimTemplates leaves out of a StatefulSet what the API server refuses to change.
func withoutClaimTemplates(expected *resource.Info) runtime.Object {
	object, ok := expected.Object.(*unstructured.Unstructured)
	if !ok || expected.Mapping.GroupVersionKind.Kind != "StatefulSet" {
		return expected.Object
	}
	object = object.DeepCopy()
	unstructured.RemoveNestedField(object.Object, "spec", "volumeClaimTemplates")
	return object
}
