package apply

import (
	"encoding/json"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

// Manager is the field manager of the objects of a release.
const Manager = "barq-operator-release"

// Scope is how much of an object is claimed.
type Scope bool

const (
	// Everything is all that the operator or Helm has ever written, for a requested change.
	Everything Scope = true
	// WithoutTemplate leaves out what they have written into the pod template, so that a repair restarts no pod because
	// of an old field. It includes what a person has added to the template.
	WithoutTemplate Scope = false
)

// helmMark is the field by which Helm recognizes an object of a release. Either Helm or the operator writes it.
var helmMark = fieldpath.MakePathOrDie("metadata", "annotations", "meta.helm.sh/release-name")

// writers are the entries of an object's managed fields, by who owns them.
type writers struct {
	// own is what the operator has applied.
	own *fieldpath.Set
	// former has the entries of Helm, and of objects that the operator has created.
	former []entry
	// others has the entries of all other writers, except for subresources.
	others []entry
	// rest has the entries that Claim keeps as they are.
	rest []metav1.ManagedFieldsEntry
}

type entry struct {
	metav1.ManagedFieldsEntry
	fields *fieldpath.Set
}

// writersOf returns the entries of managed fields. It fails if one of them cannot be read.
func writersOf(managed []metav1.ManagedFieldsEntry) (*writers, error) {
	found := &writers{own: fieldpath.NewSet()}
	for _, one := range managed {
		if one.Subresource != "" || one.FieldsV1 == nil {
			found.rest = append(found.rest, one)
			continue
		}
		fields := fieldpath.NewSet()
		if err := fields.FromJSON(one.FieldsV1.GetRawReader()); err != nil {
			return nil, fmt.Errorf("reading the managed fields of %s: %w", one.Manager, err)
		}
		switch {
		case one.Operation == metav1.ManagedFieldsOperationApply && one.Manager == Manager:
			found.own = found.own.Union(fields)
		case one.Operation == metav1.ManagedFieldsOperationUpdate && (one.Manager == Manager || fields.Has(helmMark)):
			found.former = append(found.former, entry{one, fields})
		default:
			found.others = append(found.others, entry{one, fields})
		}
	}
	return found, nil
}

// added returns the fields that others have written, in what the chart owns whole, and that the chart has not rendered.
func (w *writers) added(kind string, by entry) *fieldpath.Set {
	rendered := w.own
	for _, former := range w.former {
		rendered = rendered.Union(former.fields)
	}
	found := fieldpath.NewSet()
	by.fields.Iterate(func(path fieldpath.Path) {
		if whole(kind, path, rendered) && !rendered.Has(path) {
			found.Insert(path.Copy())
		}
	})
	return found
}

// Claim returns a JSON patch of an object's metadata that makes the operator own fields of others. So the next apply
// removes those that the manifest does not have. It claims what Helm or the operator has written otherwise than by
// apply, as far as scope says. It also claims what others have added in what the chart owns whole.
//
// The patch also removes the digest, so that a later reconcile completes an apply that does not follow. Claim returns
// nil if there is nothing to claim.
func Claim(kind string, object metav1.Object, scope Scope) ([]byte, error) {
	by, err := writersOf(object.GetManagedFields())
	if err != nil {
		return nil, err
	}
	claimed, kept := fieldpath.NewSet(), by.rest
	for _, former := range by.former {
		part := partOfFormer(kind, former.fields, scope)
		claimed = claimed.Union(part)
		if kept, err = appendLeft(kept, former, part); err != nil {
			return nil, err
		}
	}
	for _, other := range by.others {
		part := by.added(kind, other)
		claimed = claimed.Union(part)
		if kept, err = appendLeft(kept, other, part); err != nil {
			return nil, err
		}
	}
	if claimed.Empty() {
		return nil, nil
	}
	own, err := claimed.Union(by.own).ToJSON()
	if err != nil {
		return nil, fmt.Errorf("writing managed fields: %w", err)
	}
	kept = append(kept, metav1.ManagedFieldsEntry{
		Manager: Manager, Operation: metav1.ManagedFieldsOperationApply, APIVersion: versionOf(object), FieldsType: "FieldsV1",
		FieldsV1: metav1.NewFieldsV1(string(own)),
	})
	patch := []map[string]any{
		{"op": "replace", "path": "/metadata/managedFields", "value": kept},
		// A change in between is a conflict.
		{"op": "replace", "path": "/metadata/resourceVersion", "value": object.GetResourceVersion()},
	}
	if _, has := object.GetAnnotations()[DigestAnnotation]; has {
		patch = append(patch, map[string]any{"op": "remove", "path": "/metadata/annotations/" + digestPointer})
	}
	return json.Marshal(patch)
}

// partOfFormer returns what is claimed of an entry of Helm or of a create. The rest keeps Helm's mark. Without it, the
// next reconcile would take the rest for what a person has added.
func partOfFormer(kind string, fields *fieldpath.Set, scope Scope) *fieldpath.Set {
	if scope == Everything {
		return fields
	}
	part := partOf(fields, func(path fieldpath.Path) bool { return !inTemplate(kind, path) })
	if part.Size() == fields.Size() {
		return fields
	}
	return part.Difference(fieldpath.NewSet(helmMark))
}

// versionOf returns the API version of the newest entry of the object itself. The API server keeps a set of fields for
// each version.
func versionOf(object metav1.Object) string {
	for _, one := range object.GetManagedFields() {
		if one.Subresource == "" {
			return one.APIVersion
		}
	}
	return ""
}

// appendLeft appends what is left of an entry after a part was taken.
func appendLeft(kept []metav1.ManagedFieldsEntry, of entry, taken *fieldpath.Set) ([]metav1.ManagedFieldsEntry, error) {
	left := of.fields.Difference(taken)
	if left.Empty() {
		return kept, nil
	}
	raw, err := left.ToJSON()
	if err != nil {
		return nil, fmt.Errorf("writing the managed fields of %s: %w", of.Manager, err)
	}
	one := of.ManagedFieldsEntry
	one.FieldsV1 = metav1.NewFieldsV1(string(raw))
	return append(slices.Clip(kept), one), nil
}

// partOf returns those paths of a set for which wanted returns true.
func partOf(set *fieldpath.Set, wanted func(fieldpath.Path) bool) *fieldpath.Set {
	part := fieldpath.NewSet()
	set.Iterate(func(path fieldpath.Path) {
		if wanted(path) {
			part.Insert(path.Copy())
		}
	})
	return part
}
