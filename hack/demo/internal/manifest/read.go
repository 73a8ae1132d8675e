package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// readAhead is how much of a document is looked at to tell YAML from JSON.
const readAhead = 4096

// Read gives the objects in a file of YAML or JSON documents, in their order. A List
// becomes its items.
func Read(file string) ([]*unstructured.Unstructured, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	objects, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return objects, nil
}

// Build gives the objects of the kustomization in a folder, as `kubectl apply -k`
// would apply them.
func Build(folder string) ([]*unstructured.Unstructured, error) {
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		return nil, fmt.Errorf("build the kustomization %s: %w", folder, err)
	}
	data, err := built.AsYaml()
	if err != nil {
		return nil, fmt.Errorf("build the kustomization %s: %w", folder, err)
	}
	return parse(data)
}

func parse(data []byte) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(data), readAhead)
	for number := 1; ; number++ {
		var document map[string]any
		err := decoder.Decode(&document)
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, fmt.Errorf("document %d: %w", number, err)
		}
		// Nothing but comments.
		if len(document) == 0 {
			continue
		}
		items, err := itemsOf(&unstructured.Unstructured{Object: document})
		if err != nil {
			return nil, fmt.Errorf("document %d: %w", number, err)
		}
		objects = append(objects, items...)
	}
}

// itemsOf gives the items of a List, or else the object itself.
func itemsOf(object *unstructured.Unstructured) ([]*unstructured.Unstructured, error) {
	if !object.IsList() {
		return []*unstructured.Unstructured{object}, check(object)
	}
	var items []*unstructured.Unstructured
	err := object.EachListItem(func(item runtime.Object) error {
		each, ok := item.(*unstructured.Unstructured)
		if !ok {
			return fmt.Errorf("an item of the List is %T, not an object", item)
		}
		items = append(items, each)
		return check(each)
	})
	return items, err
}

// check finds what would otherwise be sent to no address.
func check(object *unstructured.Unstructured) error {
	for _, field := range []struct{ name, value string }{
		{"apiVersion", object.GetAPIVersion()},
		{"kind", object.GetKind()},
		{"metadata.name", object.GetName()},
	} {
		if field.value == "" {
			return fmt.Errorf("%s is missing", field.name)
		}
	}
	return nil
}
