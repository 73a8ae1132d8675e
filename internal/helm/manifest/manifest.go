package manifest

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/yaml"
	sigsyaml "sigs.k8s.io/yaml"
)

// Typed returns the first object of a kind in a manifest; an empty one if there is none.
func Typed[T any](manifest, kind string) (*T, error) {
	typed := new(T)
	object, err := document(manifest, kind)
	if err != nil || object == nil {
		return typed, err
	}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object, typed); err != nil {
		return nil, fmt.Errorf("reading the rendered %s: %w", kind, err)
	}
	return typed, nil
}

// RestartsPods reports whether the change from one manifest to another restarts pods.
func RestartsPods(from, to string) (bool, error) {
	if from == to {
		return false, nil
	}
	before, err := statefulSetIn(from)
	if err != nil {
		return false, fmt.Errorf("reading the manifest of the stored release: %w", err)
	}
	after, err := statefulSetIn(to)
	if err != nil {
		return false, fmt.Errorf("reading the rendered manifest: %w", err)
	}
	if replicas := after.Spec.Replicas; replicas != nil && *replicas == 0 {
		return false, nil
	}
	return !reflect.DeepEqual(before.Spec.Template, after.Spec.Template), nil
}

// statefulSet has the fields of a StatefulSet that RestartsPods compares.
type statefulSet struct {
	Kind string `json:"kind"`
	Spec struct {
		Replicas *int32         `json:"replicas"`
		Template map[string]any `json:"template"`
	} `json:"spec"`
}

// statefulSetIn returns the StatefulSet in a manifest; the chart renders one.
func statefulSetIn(manifest string) (statefulSet, error) {
	var found statefulSet
	object, err := document(manifest, "StatefulSet")
	if err != nil || object == nil {
		return found, err
	}
	return found, runtime.DefaultUnstructuredConverter.FromUnstructured(object, &found)
}

// Has reports whether a manifest has an object of a kind.
func Has(manifest, kind string) (bool, error) {
	object, err := document(manifest, kind)
	if err != nil {
		return false, fmt.Errorf("looking for a %s in the manifest of the release: %w", kind, err)
	}
	return object != nil, nil
}

// document returns the first object of a kind in a manifest, or nil.
func document(manifest, kind string) (map[string]any, error) {
	documents := yaml.NewYAMLOrJSONDecoder(strings.NewReader(manifest), 1024)
	for {
		var object map[string]any
		err := documents.Decode(&object)
		if errors.Is(err, io.EOF) {
			return nil, nil
		}
		if err != nil || object["kind"] == kind {
			return object, err
		}
	}
}

// WithoutOwner returns a manifest without the references to an owner.
func WithoutOwner(manifest string, owner types.UID) (string, error) {
	documents := yaml.NewYAMLOrJSONDecoder(strings.NewReader(manifest), 1024)
	var written strings.Builder
	for {
		var object map[string]any
		if err := documents.Decode(&object); errors.Is(err, io.EOF) {
			return written.String(), nil
		} else if err != nil {
			return "", fmt.Errorf("reading the manifest: %w", err)
		}
		if len(object) == 0 {
			continue
		}
		parsed := &unstructured.Unstructured{Object: object}
		others := slices.DeleteFunc(parsed.GetOwnerReferences(), func(reference metav1.OwnerReference) bool { return reference.UID == owner })
		unstructured.RemoveNestedField(object, "metadata", "ownerReferences")
		if len(others) > 0 {
			parsed.SetOwnerReferences(others)
		}
		content, err := sigsyaml.Marshal(object)
		if err != nil {
			return "", fmt.Errorf("writing the manifest: %w", err)
		}
		written.WriteString("---\n")
		written.Write(content)
	}
}
