package apply

import (
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// State is what the cache keeps of an object's managed fields.
type State struct {
	// Created: Helm or the operator owns fields since it created the object. An apply that leaves one of them out does
	// not remove it.
	Created bool
	// Helm: Helm owns some of these, and has edited the object too.
	Helm bool
	// Added: a person or another program has added fields to what the chart owns whole.
	Added bool
	// Writers has the names of others who have written the object, the newest last.
	Writers []string
}

// Strip returns a transform of the cache for objects of a kind of the chart. It replaces their managed fields by what
// StateOf needs.
func Strip(kind string) func(any) (any, error) {
	return func(object any) (any, error) {
		accessor, err := meta.Accessor(object)
		if err != nil {
			// It stands for a deleted object.
			return object, nil //nolint:nilerr // There is nothing to strip.
		}
		accessor.SetManagedFields(marksOf(kind, accessor.GetManagedFields()))
		return object, nil
	}
}

// The operations of entries that represent a State in the cache.
const (
	markCreated metav1.ManagedFieldsOperationType = "created"
	markHelm    metav1.ManagedFieldsOperationType = "helm"
	markAdded   metav1.ManagedFieldsOperationType = "added"
	markWritten metav1.ManagedFieldsOperationType = "written"
)

// marksOf returns entries without fields. It does not parse the fields of most objects, because only the operator has
// written them. A cache may transform an object twice, so it keeps marks as they are.
func marksOf(kind string, managed []metav1.ManagedFieldsEntry) []metav1.ManagedFieldsEntry {
	if !slices.ContainsFunc(managed, func(one metav1.ManagedFieldsEntry) bool { return one.FieldsV1 != nil }) {
		return managed
	}
	alone := true
	for i := range managed {
		one := &managed[i]
		alone = alone && (one.Subresource != "" || one.Manager == Manager)
	}
	if alone {
		for i := range managed {
			if managed[i].Subresource == "" && managed[i].Operation == metav1.ManagedFieldsOperationUpdate {
				return []metav1.ManagedFieldsEntry{{Operation: markCreated}}
			}
		}
		return nil
	}
	by, err := writersOf(managed)
	if err != nil {
		// The live object has the details.
		return []metav1.ManagedFieldsEntry{{Operation: markAdded}}
	}
	var marks []metav1.ManagedFieldsEntry
	for _, former := range by.former {
		mark := metav1.ManagedFieldsEntry{Operation: markCreated}
		if former.Manager != Manager {
			mark.Operation = markHelm
		}
		marks = append(marks, mark)
	}
	for _, other := range by.others {
		mark := metav1.ManagedFieldsEntry{Manager: other.Manager, Operation: markWritten}
		if !by.added(kind, other).Empty() {
			mark.Operation = markAdded
		}
		marks = append(marks, mark)
	}
	return marks
}

// StateOf returns what the managed fields of an object say. The object may come from the cache or from the API server.
func StateOf(kind string, object metav1.Object) State {
	var state State
	for _, mark := range marksOf(kind, object.GetManagedFields()) {
		switch mark.Operation {
		case markCreated:
			state.Created = true
		case markHelm:
			state.Created, state.Helm = true, true
		case markAdded:
			state.Added = true
			state.Writers = append(state.Writers, mark.Manager)
		default:
			state.Writers = append(state.Writers, mark.Manager)
		}
	}
	return state
}
