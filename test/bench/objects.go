package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// checkObjects makes sure that the contender has made the rendered objects of the first cluster: applying them would
// change nothing. A contender that made less would be measured too well.
func (s *session) checkObjects(ctx context.Context) error {
	rendered, err := firstRendered(s.renderedFile(s.namespace))
	if err != nil {
		return err
	}
	for _, content := range rendered {
		applied := &unstructured.Unstructured{Object: content}
		found := &unstructured.Unstructured{}
		found.SetGroupVersionKind(applied.GroupVersionKind())
		if err := s.Admin.Get(ctx, client.ObjectKeyFromObject(applied), found); err != nil {
			return fmt.Errorf("look for what %s is to make: %w", s.contender, err)
		}
		err := s.Admin.Apply(ctx, client.ApplyConfigurationFromUnstructured(applied),
			client.FieldOwner("bench"), client.ForceOwnership, client.DryRunAll)
		if err != nil {
			return err
		}
		for _, object := range []*unstructured.Unstructured{found, applied} {
			// The rest of these is about who wrote when, and what became of the object since.
			object.SetManagedFields(nil)
			object.SetResourceVersion("")
			unstructured.RemoveNestedField(object.Object, "status")
		}
		if !equality.Semantic.DeepEqual(found.Object, applied.Object) {
			return fmt.Errorf("%s made another %s %s than the chart renders:\n%v\ninstead of\n%v",
				s.contender, found.GetKind(), found.GetName(), found.Object, applied.Object)
		}
	}
	return nil
}

func firstRendered(path string) ([]map[string]any, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	line, err := bufio.NewReader(file).ReadBytes('\n')
	if err != nil {
		return nil, err
	}
	var objects []map[string]any
	err = json.Unmarshal(line, &objects)
	return objects, err
}
