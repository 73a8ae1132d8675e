package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/yaml"
)

// list gives the images of a stream of manifests, in order and each once: those of
// containers, and those that the operator is told of in RELATED_IMAGE_ variables.
func list(manifests io.Reader) ([]string, error) {
	var images []string
	for decoder := yaml.NewYAMLOrJSONDecoder(manifests, 4096); ; {
		var manifest any
		err := decoder.Decode(&manifest)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("reading manifests: %w", err)
		}
		images = append(images, imagesIn(manifest)...)
	}
	if len(images) == 0 {
		return nil, errors.New("the manifests name no image; pipe the output of kustomize build or helm template into this")
	}
	slices.Sort(images)
	return slices.Compact(images), nil
}

// imagesIn looks for containers wherever they are: a pod is in objects of many kinds.
func imagesIn(value any) []string {
	var images []string
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			images = append(images, imagesIn(item)...)
		}
	case map[string]any:
		for key, item := range value {
			if key == "containers" || key == "initContainers" {
				images = append(images, imagesOf(item)...)
				continue
			}
			images = append(images, imagesIn(item)...)
		}
	}
	return images
}

// imagesOf gives the images of containers. In the schema of a CRD the field has that
// name too, without being a list.
func imagesOf(value any) []string {
	containers, _ := value.([]any)
	var images []string
	for _, item := range containers {
		container, _ := item.(map[string]any)
		if image, ok := container["image"].(string); ok {
			images = append(images, image)
		}
		variables, _ := container["env"].([]any)
		for _, item := range variables {
			variable, _ := item.(map[string]any)
			name, _ := variable["name"].(string)
			if value, ok := variable["value"].(string); ok && strings.HasPrefix(name, "RELATED_IMAGE_") {
				images = append(images, value)
			}
		}
	}
	return images
}
