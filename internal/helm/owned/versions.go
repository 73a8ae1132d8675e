package owned

import (
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
)

// Versions are the versions of objects, as VersionOf returns them.
type Versions map[Name]string

// Name is the kind and the name of an object.
type Name struct {
	Kind schema.GroupVersionKind
	Key  client.ObjectKey
}

// NameOf returns the name of an object of a manifest.
func NameOf(object *resource.Info) Name {
	return Name{object.Mapping.GroupVersionKind, client.ObjectKey{Namespace: object.Namespace, Name: object.Name}}
}

// Unchanged reports whether the cache has the objects in the same versions.
func (v Versions) Unchanged(ctx context.Context, cache client.Reader) (bool, error) {
	for object, version := range v {
		existing, err := Cached(ctx, cache, object)
		if existing == nil || err != nil {
			return false, err
		}
		if is, err := VersionOf(existing); is != version || err != nil {
			return false, err
		}
	}
	return len(v) > 0, nil
}

// VersionOf returns a text that changes with every field of an object that a release can set. For most kinds that is
// the resourceVersion. A StatefulSet gets another resourceVersion whenever one of its pods becomes ready; kinds like it
// count generations. For those, it is the generation, which stands for the spec, with the labels and other metadata.
func VersionOf(object metav1.Object) (string, error) {
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

// Cached returns an object of the cache, or nil if it is not there. The cache shares it, so the caller must not change
// it. Kinds without a Go type, such as PodMonitor, are kept unstructured. The others are not, because that takes
// several times the memory.
func Cached(ctx context.Context, cache client.Reader, name Name) (client.Object, error) {
	object := Empty(name.Kind)
	if err := cache.Get(ctx, name.Key, object, client.UnsafeDisableDeepCopy); err != nil {
		return nil, client.IgnoreNotFound(err)
	}
	// An unstructured object has its kind already, in a map that other goroutines may read.
	if _, isMap := object.(*unstructured.Unstructured); !isMap {
		object.GetObjectKind().SetGroupVersionKind(name.Kind)
	}
	return object, nil
}

// Empty returns an object of the form in which the cache keeps those of its kind.
func Empty(kind schema.GroupVersionKind) client.Object {
	if made, err := clientgoscheme.Scheme.New(kind); err == nil {
		if object, ok := made.(client.Object); ok {
			return object
		}
	}
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(kind)
	return object
}

// VersionsMade returns the versions of objects that were just created. It returns nil if the API server has created one
// of them differently, so that it has to be compared.
func VersionsMade(asked []runtime.Object, made kube.ResourceList) (Versions, error) {
	found := make(Versions, len(made))
	for i, info := range made {
		before, isMap := asked[i].(*unstructured.Unstructured)
		after, isMapToo := info.Object.(*unstructured.Unstructured)
		if !isMap || !isMapToo || !apply.Covers(after.Object, before.Object) {
			return nil, nil
		}
		var err error
		if found[NameOf(info)], err = VersionOf(after); err != nil {
			return nil, err
		}
	}
	return found, nil
}
