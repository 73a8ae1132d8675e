package owned

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"helm.sh/helm/v3/pkg/kube"
	"helm.sh/helm/v3/pkg/releaseutil"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/cli-runtime/pkg/resource"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// Objects finds and deletes the objects that a BarqCluster controls. It goes by the owner references of the objects
// themselves.
type Objects struct {
	// Cache has the objects of the chart's kinds.
	Cache client.Reader
	// Live reads from the API server itself, Writer writes to it.
	Live   client.Reader
	Writer client.Writer
}

// MayWrite refuses an object that the BarqCluster may not write. It may write the objects that it controls. When it
// adopts a release, it may also write those without a controller that carry Helm's marks of that release. Only a user
// who can write an object can put these marks on it.
func MayWrite(live metav1.Object, wanted *resource.Info, cluster client.Object) error {
	kind := wanted.Mapping.GroupVersionKind.Kind
	owner := metav1.GetControllerOfNoCopy(live)
	switch {
	case wanted.Namespace != cluster.GetNamespace():
		return fmt.Errorf("%s %q is of namespace %q, and the BarqCluster of another", kind, wanted.Name, wanted.Namespace)
	case owner != nil && owner.UID == cluster.GetUID() && live.GetDeletionTimestamp() == nil:
		return nil
	case owner != nil && owner.Kind == v1alpha1.BarqClusterKind.Kind && owner.Name == cluster.GetName() && owner.UID != cluster.GetUID():
		return Awaited{Err: fmt.Errorf("%s %q of the former BarqCluster of this name is still being deleted; the operator creates it again when it is gone%s",
			kind, wanted.Name, finalizersOf(live))}
	case owner != nil && owner.UID != cluster.GetUID():
		return fmt.Errorf("%s %q exists and belongs to %s %q; give the BarqCluster another name, or delete that object",
			kind, wanted.Name, owner.Kind, owner.Name)
	case owner == nil && !hasHelmMarks(live, cluster):
		return fmt.Errorf("%s %q exists and belongs to no BarqCluster; give the BarqCluster another name, or delete that object", kind, wanted.Name)
	case live.GetDeletionTimestamp() != nil:
		return Awaited{Err: fmt.Errorf("%s %q is being deleted; the operator creates it again when it is gone%s", kind, wanted.Name, finalizersOf(live))}
	default:
		return nil
	}
}

// finalizersOf returns a text that names the finalizers of an object that is being deleted.
func finalizersOf(object metav1.Object) string {
	if object.GetDeletionTimestamp() == nil || len(object.GetFinalizers()) == 0 {
		return ""
	}
	return "; its finalizers are " + strings.Join(object.GetFinalizers(), ", ")
}

// hasHelmMarks reports whether an object carries the marks by which Helm recognizes an object of the BarqCluster's
// release.
func hasHelmMarks(live metav1.Object, cluster client.Object) bool {
	annotations := live.GetAnnotations()
	return live.GetLabels()["app.kubernetes.io/managed-by"] == "Helm" &&
		annotations[ReleaseNameAnnotation] == cluster.GetName() && annotations[ReleaseNamespaceAnnotation] == cluster.GetNamespace()
}

// Cached returns the objects that a BarqCluster controls according to the cache, in the order in which Helm deletes them.
func (o *Objects) Cached(ctx context.Context, cluster client.Object) ([]*metav1.PartialObjectMetadata, error) {
	return o.inCache(ctx, cluster, Controls)
}

// Orphaned returns the same objects, and those that the garbage collector has orphaned because the BarqCluster is
// deleted with --cascade=orphan. The latter still carry Helm's marks. Call it only for a BarqCluster whose release the
// operator has stored: a release that a person has installed has these marks too. A tenant cannot put them on another's
// objects.
func (o *Objects) Orphaned(ctx context.Context, cluster client.Object) ([]*metav1.PartialObjectMetadata, error) {
	found, err := o.inCache(ctx, cluster, func(cluster client.Object, object metav1.Object) bool {
		return Controls(cluster, object) || metav1.GetControllerOfNoCopy(object) == nil && hasHelmMarks(object, cluster)
	})
	kept := keptAccount(cluster)
	return slices.DeleteFunc(found, func(object *metav1.PartialObjectMetadata) bool { return isAccount(object, kept) }), err
}

func (o *Objects) inCache(ctx context.Context, cluster client.Object, belongs func(client.Object, metav1.Object) bool) ([]*metav1.PartialObjectMetadata, error) {
	return o.list(cluster, belongs, func(kind schema.GroupVersionKind) (client.ObjectList, error) {
		list, err := clientgoscheme.Scheme.New(kind.GroupVersion().WithKind(kind.Kind + "List"))
		if err != nil {
			return nil, err
		}
		return list.(client.ObjectList), o.Cache.List(ctx, list.(client.ObjectList), client.InNamespace(cluster.GetNamespace()), client.UnsafeDisableDeepCopy)
	})
}

// current returns the objects that a BarqCluster controls according to the API server, with its monitors.
func (o *Objects) current(ctx context.Context, cluster client.Object) ([]*metav1.PartialObjectMetadata, error) {
	found, err := o.list(cluster, Controls, func(kind schema.GroupVersionKind) (client.ObjectList, error) {
		list := &metav1.PartialObjectMetadataList{}
		list.SetGroupVersionKind(kind.GroupVersion().WithKind(kind.Kind + "List"))
		return list, o.Live.List(ctx, list, client.InNamespace(cluster.GetNamespace()))
	})
	if err != nil {
		return nil, err
	}
	for _, kind := range MonitorKinds {
		monitor, err := o.monitor(ctx, cluster, kind)
		if err != nil {
			return nil, err
		}
		if monitor != nil {
			found = append(found, monitor)
		}
	}
	return found, nil
}

// list returns the objects of a BarqCluster of the kinds that the operator has a cache of.
func (*Objects) list(cluster client.Object, belongs func(client.Object, metav1.Object) bool,
	list func(schema.GroupVersionKind) (client.ObjectList, error),
) ([]*metav1.PartialObjectMetadata, error) {
	var found []*metav1.PartialObjectMetadata
	for _, kind := range slices.SortedFunc(maps.Values(Kinds), byDeletion) {
		objects, err := list(kind)
		if err != nil {
			return nil, fmt.Errorf("listing the %ss of namespace %s: %w", kind.Kind, cluster.GetNamespace(), err)
		}
		if err := meta.EachListItem(objects, func(item runtime.Object) error {
			object, err := meta.Accessor(item)
			if err == nil && belongs(cluster, object) && chartNames(cluster, kind, object.GetName()) {
				found = append(found, identityOf(kind, object))
			}
			return err
		}); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// monitor returns the object of a kind of monitors that a BarqCluster controls; nil if there is none, or if the API server
// does not have the kind.
func (o *Objects) monitor(ctx context.Context, cluster client.Object, kind schema.GroupVersionKind) (*metav1.PartialObjectMetadata, error) {
	object := &metav1.PartialObjectMetadata{}
	object.SetGroupVersionKind(kind)
	err := o.Live.Get(ctx, client.ObjectKeyFromObject(cluster), object)
	switch {
	case meta.IsNoMatchError(err) || apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("reading %s %q: %w", kind.Kind, cluster.GetName(), err)
	case !Controls(cluster, object):
		return nil, nil
	default:
		return identityOf(kind, object), nil
	}
}

// byDeletion compares kinds by the order in which Helm deletes them.
func byDeletion(a, b schema.GroupVersionKind) int {
	return cmp.Or(
		cmp.Compare(slices.Index(releaseutil.UninstallOrder, a.Kind), slices.Index(releaseutil.UninstallOrder, b.Kind)),
		cmp.Compare(a.Kind, b.Kind),
	)
}

// Controls reports whether a BarqCluster is the controller of an object.
func Controls(cluster client.Object, object metav1.Object) bool {
	owner := metav1.GetControllerOfNoCopy(object)
	return owner != nil && owner.UID == cluster.GetUID()
}

// chartNames reports whether the chart renders objects of that kind and name for a BarqCluster. The spec names the
// account.
func chartNames(cluster client.Object, kind schema.GroupVersionKind, name string) bool {
	return kind.Kind == "ServiceAccount" || name == cluster.GetName() || strings.HasPrefix(name, cluster.GetName()+"-")
}

// identityOf returns the metadata that identify an object and say who owns it.
func identityOf(kind schema.GroupVersionKind, object metav1.Object) *metav1.PartialObjectMetadata {
	found := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{
		Namespace: object.GetNamespace(), Name: object.GetName(), UID: object.GetUID(), ResourceVersion: object.GetResourceVersion(),
		OwnerReferences: object.GetOwnerReferences(), DeletionTimestamp: object.GetDeletionTimestamp(),
	}}
	found.SetGroupVersionKind(kind)
	return found
}

// DeleteOthers deletes what a BarqCluster controls and target does not list. original, of an earlier revision, only
// decides whether to look for monitors, of which there may be no cache.
func (o *Objects) DeleteOthers(ctx context.Context, cluster client.Object, target, original kube.ResourceList) error {
	if err := o.letAccountGo(ctx, cluster); err != nil {
		return err
	}
	found, err := o.Others(ctx, cluster, target, original)
	if err != nil {
		return err
	}
	return o.Delete(ctx, found)
}

// Others returns what DeleteOthers deletes.
func (o *Objects) Others(ctx context.Context, cluster client.Object, target, original kube.ResourceList) ([]*metav1.PartialObjectMetadata, error) {
	found, err := o.Cached(ctx, cluster)
	if err != nil {
		return nil, err
	}
	for _, kind := range MonitorKinds {
		if !has(original, kind) || has(target, kind) {
			continue
		}
		monitor, err := o.monitor(ctx, cluster, kind)
		if err != nil {
			return nil, err
		}
		if monitor != nil {
			found = append(found, monitor)
		}
	}
	kept := keptAccount(cluster)
	return slices.DeleteFunc(found, func(object *metav1.PartialObjectMetadata) bool {
		return object.DeletionTimestamp != nil || isAccount(object, kept) || slices.ContainsFunc(target, func(wanted *resource.Info) bool {
			return wanted.Mapping.GroupVersionKind == object.GroupVersionKind() && wanted.Name == object.Name
		})
	}), nil
}

// keptAccount returns the name of the account that the spec names and the chart does not render; empty if there is
// none. Kubernetes cannot create pods without it, so it stays when it leaves the release. It keeps Helm's marks, with
// which the release can own it again.
func keptAccount(cluster client.Object) string {
	object, ok := cluster.(*unstructured.Unstructured)
	if !ok {
		return ""
	}
	account, _, _ := unstructured.NestedMap(object.Object, "spec", "serviceAccount")
	if create, ok := account["create"].(bool); !ok || create {
		return ""
	}
	name, _ := account["name"].(string)
	return name
}

func isAccount(object *metav1.PartialObjectMetadata, name string) bool {
	return name != "" && object.Kind == ServiceAccountKind.Kind && object.Name == name
}

// letAccountGo ends the BarqCluster's ownership of the kept account, once.
func (o *Objects) letAccountGo(ctx context.Context, cluster client.Object) error {
	name := keptAccount(cluster)
	if name == "" {
		return nil
	}
	key := client.ObjectKey{Namespace: cluster.GetNamespace(), Name: name}
	known, err := Cached(ctx, o.Cache, Name{ServiceAccountKind, key})
	if known == nil || err != nil || !Controls(cluster, known) {
		return err
	}
	// The cache may not show yet what an earlier reconcile has done.
	account := &metav1.PartialObjectMetadata{}
	account.SetGroupVersionKind(ServiceAccountKind)
	if err := o.Live.Get(ctx, key, account); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("reading ServiceAccount %q: %w", name, err)
	}
	if !Controls(cluster, account) {
		return nil
	}
	return o.letGo(ctx, cluster, account)
}

func has(objects kube.ResourceList, kind schema.GroupVersionKind) bool {
	return slices.ContainsFunc(objects, func(one *resource.Info) bool { return one.Mapping.GroupVersionKind == kind })
}

// Delete deletes objects. It leaves a newer object of the same name alone.
func (o *Objects) Delete(ctx context.Context, objects []*metav1.PartialObjectMetadata) error {
	for _, object := range objects {
		err := o.Writer.Delete(ctx, object, client.Preconditions{UID: &object.UID}, client.PropagationPolicy(metav1.DeletePropagationBackground))
		// A conflict means that another object has the name now.
		if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
			return fmt.Errorf("deleting %s %q: %w", object.Kind, object.Name, err)
		}
	}
	return nil
}

// Release removes the references to a BarqCluster from the objects that it controls, so that they outlive it.
func (o *Objects) Release(ctx context.Context, cluster client.Object) error {
	found, err := o.current(ctx, cluster)
	if err != nil {
		return err
	}
	for _, object := range found {
		if err := o.letGo(ctx, cluster, object); err != nil {
			return err
		}
	}
	return nil
}

// letGo removes the references to a BarqCluster from an object.
func (o *Objects) letGo(ctx context.Context, cluster client.Object, object *metav1.PartialObjectMetadata) error {
	others := slices.DeleteFunc(slices.Clone(object.OwnerReferences), func(owner metav1.OwnerReference) bool { return owner.UID == cluster.GetUID() })
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
		// Another writer may have changed the owners meanwhile.
		"resourceVersion": object.ResourceVersion,
		"ownerReferences": others,
	}})
	if err != nil {
		return err
	}
	if err := o.Writer.Patch(ctx, object, client.RawPatch(types.MergePatchType, patch)); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("taking %s %q from the BarqCluster: %w", object.Kind, object.Name, err)
	}
	return nil
}

// Awaited is an error that ends by itself, when an object is gone.
type Awaited struct{ Err error }

// Error returns the text of the error itself.
func (a Awaited) Error() string { return a.Err.Error() }

// Unwrap returns the error itself.
func (a Awaited) Unwrap() error { return a.Err }
