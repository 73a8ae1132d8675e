package bundle

import (
	"testing"

	"github.com/stretchr/testify/require"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// objects are Kubernetes objects in the order of their source.
type objects []*unstructured.Unstructured

// buildSource runs kustomize on config/manifests, as `make bundle` does.
func buildSource(t *testing.T) objects {
	t.Helper()
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).
		Run(filesys.MakeFsOnDisk(), "../../config/manifests")
	require.NoError(t, err)

	var result objects
	for _, resource := range resources.Resources() {
		content, err := resource.MarshalJSON()
		require.NoError(t, err)
		object := &unstructured.Unstructured{}
		require.NoError(t, object.UnmarshalJSON(content))
		result = append(result, object)
	}
	return result
}

func (o objects) ofKind(kind string) objects {
	var result objects
	for _, object := range o {
		if object.GetKind() == kind {
			result = append(result, object)
		}
	}
	return result
}

// byName gives the contents by kind and name.
func (o objects) byName() map[string]map[string]any {
	result := map[string]map[string]any{}
	for _, object := range o {
		result[object.GetKind()+" "+object.GetName()] = object.Object
	}
	return result
}

// boundTo gives the rules of the roles of one kind (Role or ClusterRole) that
// bindings of a kind give to a service account, and the roles that are bound to
// none.
func (o objects) boundTo(t *testing.T, account, roleKind, bindingKind string) (rules []rbacv1.PolicyRule, unbound objects) {
	t.Helper()
	bound := map[string]bool{}
	for _, object := range o.ofKind(bindingKind) {
		binding := decode[rbacv1.RoleBinding](t, object)
		require.Equal(t, roleKind, binding.RoleRef.Kind)
		require.Len(t, binding.Subjects, 1)
		require.Equal(t, account, binding.Subjects[0].Name)
		bound[binding.RoleRef.Name] = true
	}
	for _, object := range o.ofKind(roleKind) {
		if bound[object.GetName()] {
			rules = append(rules, decode[rbacv1.ClusterRole](t, object).Rules...)
		} else {
			unbound = append(unbound, object)
		}
	}
	return rules, unbound
}

// decode gives an object its Go type.
func decode[T any](t *testing.T, object *unstructured.Unstructured) T {
	t.Helper()
	var typed T
	require.NoError(t, runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &typed))
	return typed
}
