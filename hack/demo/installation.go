package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/hack/demo/internal/manifest"
	"github.com/barq-db/barq-operator/hack/demo/internal/record"
)

const (
	// fieldManager is who owns what the demo applies.
	fieldManager = "barq-demo"
	// crdPoll is how often it is looked whether a new kind is served.
	crdPoll = 50 * time.Millisecond
	// crdTimeout bounds the time that this takes.
	crdTimeout = 30 * time.Second
)

// install applies what the operator needs: its kinds, its namespace, and the
// permissions and admission policies that it is shipped with.
func (d *demo) install(ctx context.Context) error {
	objects, err := manifest.Build("config/crd")
	if err != nil {
		return err
	}
	namespace, err := manifest.Read("config/default/namespace.yaml")
	if err != nil {
		return err
	}
	rbac, err := manifest.Build("config/rbac")
	if err != nil {
		return err
	}
	admission, err := manifest.Build("config/admission")
	if err != nil {
		return err
	}
	for _, object := range slices.Concat(objects, namespace, rbac, admission) {
		if err := d.apply(ctx, object); err != nil {
			return fmt.Errorf("apply %s %s: %w", object.GetKind(), object.GetName(), err)
		}
	}
	return d.rememberLease(ctx)
}

// apply makes an object what a manifest says, with a namespace if it needs one and
// names none, and remembers it if it was not there.
func (d *demo) apply(ctx context.Context, object *unstructured.Unstructured) error {
	namespaced, err := d.kubernetes.IsObjectNamespaced(object)
	if err != nil {
		return err
	}
	if namespaced {
		object.SetNamespace(namespaceOf(object))
	}
	if err := d.rememberIfAbsent(ctx, object); err != nil {
		return err
	}
	// The sample decides, also over what a person has changed in it since the last demo.
	err = d.kubernetes.Apply(ctx, client.ApplyConfigurationFromUnstructured(object),
		client.FieldOwner(fieldManager), client.ForceOwnership)
	if err != nil || object.GetKind() != "CustomResourceDefinition" {
		return err
	}
	return d.waitServed(ctx, object)
}

// rememberIfAbsent records an object that the demo is about to make. It does so before,
// so that a demo that is killed leaves nothing that is not recorded.
func (d *demo) rememberIfAbsent(ctx context.Context, object *unstructured.Unstructured) error {
	found := &unstructured.Unstructured{}
	found.SetGroupVersionKind(object.GroupVersionKind())
	err := d.kubernetes.Get(ctx, client.ObjectKeyFromObject(object), found)
	named := record.Object{
		APIVersion: object.GetAPIVersion(), Kind: object.GetKind(), Namespace: object.GetNamespace(), Name: object.GetName(),
	}
	if err == nil && !slices.Contains(d.record.Created, named) {
		d.foundBefore = append(d.foundBefore, named.String())
	}
	if !apierrors.IsNotFound(err) {
		return err
	}
	d.record.Add(named)
	return d.saveRecord()
}

// waitServed returns when the API server serves the kind that an object defines.
func (d *demo) waitServed(ctx context.Context, object *unstructured.Unstructured) error {
	ctx, cancel := context.WithTimeoutCause(ctx, crdTimeout, fmt.Errorf("the API server does not serve it after %s", crdTimeout))
	defer cancel()
	for {
		served, err := d.isServed(ctx, client.ObjectKeyFromObject(object))
		if served {
			return nil
		}
		if err != nil && ctx.Err() == nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(crdPoll):
		}
	}
}

func (d *demo) isServed(ctx context.Context, key client.ObjectKey) (bool, error) {
	definition := &apiextensionsv1.CustomResourceDefinition{}
	if err := d.kubernetes.Get(ctx, key, definition); err != nil {
		return false, err
	}
	for _, condition := range definition.Status.Conditions {
		if condition.Type == apiextensionsv1.Established && condition.Status == apiextensionsv1.ConditionTrue {
			// The list of kinds lags behind the condition.
			_, err := d.kubernetes.RESTMapper().RESTMapping(schema.GroupKind{
				Group: definition.Spec.Group, Kind: definition.Spec.Names.Kind,
			})
			if meta.IsNoMatchError(err) {
				return false, nil
			}
			return err == nil, err
		}
	}
	return false, nil
}
