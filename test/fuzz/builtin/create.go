package builtin

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/apis/apps"
	"k8s.io/kubernetes/pkg/apis/core"
	"k8s.io/kubernetes/pkg/registry/apps/statefulset"
	"k8s.io/kubernetes/pkg/registry/core/configmap"
	"k8s.io/kubernetes/pkg/registry/core/persistentvolumeclaim"
	"k8s.io/kubernetes/pkg/registry/core/pod"
	"k8s.io/kubernetes/pkg/registry/core/service"
	"k8s.io/kubernetes/pkg/registry/core/serviceaccount"
	"k8s.io/kubernetes/pkg/registry/networking/networkpolicy"
	"k8s.io/kubernetes/pkg/registry/policy/poddisruptionbudget"
)

// strategies are what the API server asks about an object of each kind.
var strategies = map[schema.GroupKind]rest.RESTCreateStrategy{
	{Group: "apps", Kind: "StatefulSet"}:                statefulset.Strategy,
	{Kind: "ConfigMap"}:                                 configmap.Strategy,
	{Kind: "PersistentVolumeClaim"}:                     persistentvolumeclaim.Strategy,
	{Kind: "Pod"}:                                       pod.Strategy,
	{Kind: "Service"}:                                   service.Strategy,
	{Kind: "ServiceAccount"}:                            serviceaccount.Strategy,
	{Group: "networking.k8s.io", Kind: "NetworkPolicy"}: networkpolicy.Strategy,
	{Group: "policy", Kind: "PodDisruptionBudget"}:      poddisruptionbudget.Strategy,
}

// decoder refuses unknown and doubled fields, and fills in defaults.
var decoder = serializer.NewCodecFactory(legacyscheme.Scheme, serializer.EnableStrict).UniversalDecoder()

// Create gives the error with which the API server refuses to make the object of a
// manifest in a namespace, or nil. A StatefulSet is followed by what its controller makes of
// it, because the API server looks at its templates less closely than at their results.
func Create(namespace string, manifest []byte) error {
	object, kind, err := decoder.Decode(manifest, nil, nil)
	if err != nil {
		return fmt.Errorf("decoding: %w", err)
	}
	strategy, known := strategies[kind.GroupKind()]
	if !known {
		return fmt.Errorf("kind %s is not known here; add its strategy", kind)
	}
	if err := create(namespace, object, kind.GroupVersion(), strategy); err != nil {
		return err
	}
	if set, ok := object.(*apps.StatefulSet); ok {
		return createDependents(set)
	}
	return nil
}

func create(namespace string, object runtime.Object, version schema.GroupVersion, strategy rest.RESTCreateStrategy) error {
	accessor, err := meta.Accessor(object)
	if err != nil {
		return err
	}
	rest.FillObjectMetaSystemFields(accessor)
	if made, ok := object.(*core.Service); ok {
		allocate(made)
	}
	ctx := request.WithRequestInfo(context.Background(), &request.RequestInfo{APIGroup: version.Group, APIVersion: version.Version})
	return rest.BeforeCreate(strategy, request.WithNamespace(ctx, namespace), object)
}
