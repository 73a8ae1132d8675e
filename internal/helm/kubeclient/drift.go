package kubeclient

import (
	"bytes"
	"context"
	"fmt"

	"helm.sh/helm/v3/pkg/kube"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/resource"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/internal/apply"
	"github.com/barq-db/barq-operator/internal/helm/manifest"
	"github.com/barq-db/barq-operator/internal/helm/owned"
)

// Intact compares the objects of a manifest with the cache, and returns their versions. It returns nothing if an object
// is missing, was changed by hand, or has to be applied again, or if the BarqCluster controls another object. So the
// operator asks the API server only when there is something to do. A change that has not reached the cache yet starts a
// reconcile when it does.
func Intact(ctx context.Context, objects *owned.Objects, cluster client.Object, repairs *Repairs, builder kube.Interface, text string) (owned.Versions, error) {
	wanted, err := builder.Build(bytes.NewBufferString(text), false)
	if err != nil {
		return nil, fmt.Errorf("reading the text of the release: %w", err)
	}
	if err := Mark(wanted); err != nil {
		return nil, err
	}
	found := make(owned.Versions, len(wanted))
	for _, expected := range wanted {
		name := owned.NameOf(expected)
		existing, err := owned.Cached(ctx, objects.Cache, name)
		if existing == nil || err != nil {
			return nil, err
		}
		same, err := matches(existing, expected)
		if err == nil && !same {
			same, err = repairs.tolerates(cluster, expected, existing)
		}
		if err != nil {
			return nil, fmt.Errorf("comparing %s %s with the release: %w", name.Kind.Kind, expected.Name, err)
		}
		if !same {
			return nil, nil
		}
		if found[name], err = owned.VersionOf(existing); err != nil {
			return nil, err
		}
	}
	others, err := objects.Others(ctx, cluster, wanted, nil)
	if len(others) > 0 || err != nil {
		return nil, err
	}
	return found, nil
}

// matches reports whether an object is as wanted. The same manifest was applied to it, the object has all of that, and
// others have added nothing to what the chart owns whole.
func matches(existing metav1.Object, wanted *resource.Info) (bool, error) {
	if apply.Digest(existing) != digestOf(wanted) || apply.StateOf(wanted.Mapping.GroupVersionKind.Kind, existing).Added {
		return false, nil
	}
	have, err := manifest.Plain(existing)
	if err != nil {
		return false, err
	}
	// The Go type normalizes quantities, and adds a status that the manifest does not have.
	want, err := manifest.Plain(kube.AsVersioned(&resource.Info{Mapping: wanted.Mapping, Object: withoutClaimTemplates(wanted)}))
	if fields, ok := want.(map[string]any); ok {
		delete(fields, "status")
	}
	return err == nil && apply.Covers(have, want), err
}

// withoutClaimTemplates removes from a StatefulSet the fields that the API server does not let anyone change.
func withoutClaimTemplates(expected *resource.Info) runtime.Object {
	object, ok := expected.Object.(*unstructured.Unstructured)
	if !ok || expected.Mapping.GroupVersionKind.Kind != "StatefulSet" {
		return expected.Object
	}
	object = object.DeepCopy()
	unstructured.RemoveNestedField(object.Object, "spec", "volumeClaimTemplates")
	return object
}

// CurrentOf reads an object of a manifest from the API server; nil if it does not exist.
func CurrentOf(wanted *resource.Info) (metav1.Object, error) {
	found, err := resource.NewHelper(wanted.Client, wanted.Mapping).Get(wanted.Namespace, wanted.Name)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("could not get %s %q: %w", wanted.Mapping.GroupVersionKind.Kind, wanted.Name, err)
	}
	return meta.Accessor(found)
}
