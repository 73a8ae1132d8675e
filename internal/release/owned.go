package release

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

// ownedObjects finds and deletes the objects that a BarqCluster controls, by what they themselves say.
type ownedObjects struct {
	// cache has the objects of the chart's kinds.
	cache client.Reader
	// live reads from the API server itself, writer writes to it.
	live   client.Reader
	writer client.Writer
}

// mayWrite refuses an object that is not the BarqCluster's to write. The BarqCluster's are those that it controls, and, when it takes a
// release over, those without a controller that carry Helm's marks of that release: who can put them there can write the object.
func mayWrite(live metav1.Object, wanted *resource.Info, cluster client.Object) error {
	kind := wanted.Mapping.GroupVersionKind.Kind
	owner := metav1.GetControllerOfNoCopy(live)
	switch {
	case wanted.Namespace != cluster.GetNamespace():
		return fmt.Errorf("%s %q is of namespace %q, and the BarqCluster of another", kind, wanted.Name, wanted.Namespace)
	case owner != nil && owner.UID == cluster.GetUID() && live.GetDeletionTimestamp() == nil:
		return nil
	case owner != nil && owner.Kind == v1alpha1.BarqClusterKind.Kind && owner.Name == cluster.GetName() && owner.UID != cluster.GetUID():
		return awaited{fmt.Errorf("%s %q of the former BarqCluster of this name is still being deleted; it is created anew when it is gone%s",
			kind, wanted.Name, finalizersOf(live))}
	case owner != nil && owner.UID != cluster.GetUID():
		return fmt.Errorf("%s %q exists and belongs to %s %q; give the BarqCluster another name, or delete that object",
			kind, wanted.Name, owner.Kind, owner.Name)
	case owner == nil && !hasHelmMarks(live, cluster):
		return fmt.Errorf("%s %q exists and belongs to no BarqCluster; give the BarqCluster another name, or delete that object", kind, wanted.Name)
	case live.GetDeletionTimestamp() != nil:
		return awaited{fmt.Errorf("%s %q is being deleted; it is created anew when it is gone%s", kind, wanted.Name, finalizersOf(live))}
	default:
		return nil
	}
}

// finalizersOf names what keeps an object that is being deleted.
func finalizersOf(object metav1.Object) string {
	if object.GetDeletionTimestamp() == nil || len(object.GetFinalizers()) == 0 {
		return ""
	}
	return "; its finalizers are " + strings.Join(object.GetFinalizers(), ", ")
}

// hasHelmMarks reports whether an object carries the marks by which Helm knows one of the BarqCluster's release.
func hasHelmMarks(live metav1.Object, cluster client.Object) bool {
	annotations := live.GetAnnotations()
	return live.GetLabels()["app.kubernetes.io/managed-by"] == "Helm" &&
		annotations[releaseNameAnnotation] == cluster.GetName() && annotations[releaseNamespaceAnnotation] == cluster.GetNamespace()
}

// cached returns the objects that a BarqCluster controls according to the cache, in the order in which Helm deletes them.
func (o *ownedObjects) cached(ctx context.Context, cluster client.Object) ([]*metav1.PartialObjectMetadata, error) {
	return o.inCache(ctx, cluster, controls)
}

// orphaned returns the same with those that the garbage collector has taken from a BarqCluster that is deleted with --cascade=orphan. These
// still carry Helm's marks. A tenant can give no object of another's these marks, but can find some in a release that a person has installed:
// it is for a BarqCluster whose release the operator has stored.
func (o *ownedObjects) orphaned(ctx context.Context, cluster client.Object) ([]*metav1.PartialObjectMetadata, error) {
	found, err := o.inCache(ctx, cluster, func(cluster client.Object, object metav1.Object) bool {
		return controls(cluster, object) || metav1.GetControllerOfNoCopy(object) == nil && hasHelmMarks(object, cluster)
	})
	kept := keptAccount(cluster)
	return slices.DeleteFunc(found, func(object *metav1.PartialObjectMetadata) bool { return isAccount(object, kept) }), err
}

func (o *ownedObjects) inCache(ctx context.Context, cluster client.Object, belongs func(client.Object, metav1.Object) bool) ([]*metav1.PartialObjectMetadata, error) {
	return o.list(cluster, belongs, func(kind schema.GroupVersionKind) (client.ObjectList, error) {
		list, err := clientgoscheme.Scheme.New(kind.GroupVersion().WithKind(kind.Kind + "List"))
		if err != nil {
			return nil, err
		}
		return list.(client.ObjectList), o.cache.List(ctx, list.(client.ObjectList), client.InNamespace(cluster.GetNamespace()), client.UnsafeDisableDeepCopy)
	})
}

// current returns the same according to the API server, with a PodMonitor.
func (o *ownedObjects) current(ctx context.Context, cluster client.Object) ([]*metav1.PartialObjectMetadata, error) {
	found, err := o.list(cluster, controls, func(kind schema.GroupVersionKind) (client.ObjectList, error) {
		list := &metav1.PartialObjectMetadataList{}
		list.SetGroupVersionKind(kind.GroupVersion().WithKind(kind.Kind + "List"))
		return list, o.live.List(ctx, list, client.InNamespace(cluster.GetNamespace()))
	})
	if err != nil {
		return nil, err
	}
	monitor, err := o.podMonitor(ctx, cluster)
	if monitor != nil {
		found = append(found, monitor)
	}
	return found, err
}

// list lists what belongs to a BarqCluster of the kinds that the operator has a cache of.
func (*ownedObjects) list(cluster client.Object, belongs func(client.Object, metav1.Object) bool,
	list func(schema.GroupVersionKind) (client.ObjectList, error),
) ([]*metav1.PartialObjectMetadata, error) {
	var found []*metav1.PartialObjectMetadata
	for _, kind := range slices.SortedFunc(maps.Values(cachedKinds), byDeletion) {
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

// podMonitor returns the PodMonitor that a BarqCluster controls, nil if there is none. There need not be such a kind.
func (o *ownedObjects) podMonitor(ctx context.Context, cluster client.Object) (*metav1.PartialObjectMetadata, error) {
	object := &metav1.PartialObjectMetadata{}
	object.SetGroupVersionKind(podMonitorKind)
	err := o.live.Get(ctx, client.ObjectKeyFromObject(cluster), object)
	switch {
	case meta.IsNoMatchError(err) || apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("reading PodMonitor %q: %w", cluster.GetName(), err)
	case !controls(cluster, object):
		return nil, nil
	default:
		return identityOf(podMonitorKind, object), nil
	}
}

// byDeletion compares kinds by the order in which Helm deletes them.
func byDeletion(a, b schema.GroupVersionKind) int {
	return cmp.Or(
		cmp.Compare(slices.Index(releaseutil.UninstallOrder, a.Kind), slices.Index(releaseutil.UninstallOrder, b.Kind)),
		cmp.Compare(a.Kind, b.Kind),
	)
}

func controls(cluster client.Object, object metav1.Object) bool {
	owner := metav1.GetControllerOfNoCopy(object)
	return owner != nil && owner.UID == cluster.GetUID()
}

// chartNames reports whether the chart makes objects of that kind and name for a BarqCluster. The spec names the account.
func chartNames(cluster client.Object, kind schema.GroupVersionKind, name string) bool {
	return kind.Kind == "ServiceAccount" || name == cluster.GetName() || strings.HasPrefix(name, cluster.GetName()+"-")
}

// identityOf returns what tells an object from every other one.
func identityOf(kind schema.GroupVersionKind, object metav1.Object) *metav1.PartialObjectMetadata {
	found := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{
		Namespace: object.GetNamespace(), Name: object.GetName(), UID: object.GetUID(), ResourceVersion: object.GetResourceVersion(),
		OwnerReferences: object.GetOwnerReferences(), DeletionTimestamp: object.GetDeletionTimestamp(),
	}}
	found.SetGroupVersionKind(kind)
	return found
}

// deleteOthers deletes what a BarqCluster controls and is not in target. original, of an earlier revision, only tells whether to look
// for a PodMonitor, of which there may be no cache.
func (o *ownedObjects) deleteOthers(ctx context.Context, cluster client.Object, target, original kube.ResourceList) error {
	if err := o.letAccountGo(ctx, cluster); err != nil {
		return err
	}
	found, err := o.others(ctx, cluster, target, original)
	if err != nil {
		return err
	}
	return o.delete(ctx, found)
}

// others returns what deleteOthers deletes.
func (o *ownedObjects) others(ctx context.Context, cluster client.Object, target, original kube.ResourceList) ([]*metav1.PartialObjectMetadata, error) {
	found, err := o.cached(ctx, cluster)
	if err != nil {
		return nil, err
	}
	if hasPodMonitor(original) && !hasPodMonitor(target) {
		monitor, err := o.podMonitor(ctx, cluster)
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

// keptAccount returns the name of the account that the spec names and the chart does not make; empty if there is none. Pods cannot be
// made without it, so it stays when the release no longer has it. It keeps Helm's marks, by which the release can have it again.
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
	return name != "" && object.Kind == serviceAccountKind.Kind && object.Name == name
}

// letAccountGo ends the BarqCluster's ownership of the account that is kept, once.
func (o *ownedObjects) letAccountGo(ctx context.Context, cluster client.Object) error {
	name := keptAccount(cluster)
	if name == "" {
		return nil
	}
	key := client.ObjectKey{Namespace: cluster.GetNamespace(), Name: name}
	known, err := cached(ctx, o.cache, objectName{serviceAccountKind, key})
	if known == nil || err != nil || !controls(cluster, known) {
		return err
	}
	// The cache may be behind what an earlier pass has done.
	account := &metav1.PartialObjectMetadata{}
	account.SetGroupVersionKind(serviceAccountKind)
	if err := o.live.Get(ctx, key, account); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("reading ServiceAccount %q: %w", name, err)
	}
	if !controls(cluster, account) {
		return nil
	}
	return o.letGo(ctx, cluster, account)
}

func hasPodMonitor(objects kube.ResourceList) bool {
	return slices.ContainsFunc(objects, func(one *resource.Info) bool { return one.Mapping.GroupVersionKind == podMonitorKind })
}

// delete deletes objects, and none that another has taken the name of.
func (o *ownedObjects) delete(ctx context.Context, objects []*metav1.PartialObjectMetadata) error {
	for _, object := range objects {
		err := o.writer.Delete(ctx, object, client.Preconditions{UID: &object.UID}, client.PropagationPolicy(metav1.DeletePropagationBackground))
		// A conflict is another object of the same name.
		if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
			return fmt.Errorf("deleting %s %q: %w", object.Kind, object.Name, err)
		}
	}
	return nil
}

// release takes the references to a BarqCluster off the objects that it controls, so that they outlive it.
func (o *ownedObjects) release(ctx context.Context, cluster client.Object) error {
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

// letGo takes the references to a BarqCluster off an object.
func (o *ownedObjects) letGo(ctx context.Context, cluster client.Object, object *metav1.PartialObjectMetadata) error {
	others := slices.DeleteFunc(slices.Clone(object.OwnerReferences), func(owner metav1.OwnerReference) bool { return owner.UID == cluster.GetUID() })
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
		// What was written meanwhile may have another owner.
		"resourceVersion": object.ResourceVersion,
		"ownerReferences": others,
	}})
	if err != nil {
		return err
	}
	if err := o.writer.Patch(ctx, object, client.RawPatch(types.MergePatchType, patch)); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("taking %s %q from the BarqCluster: %w", object.Kind, object.Name, err)
	}
	return nil
}
