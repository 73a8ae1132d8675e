package pvcs

import (
	"encoding/json"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// inheritedAnnotation names the labels and annotations that the operator has set on a PVC, so that it
// removes no others.
const inheritedAnnotation = "barq.db/inherited"

// inheritedNames are the names in that annotation, sorted.
type inheritedNames struct {
	Labels      []string `json:"labels,omitempty"`
	Annotations []string `json:"annotations,omitempty"`
}

// Inheriting returns a copy of the PVC with exactly the inherited labels and annotations; nil if the
// PVC has them already.
func Inheriting(pvc *corev1.PersistentVolumeClaim, metadata *v1alpha1.InheritedMetadata) (*corev1.PersistentVolumeClaim, error) {
	labels, annotations := metadata.Texts()
	var before inheritedNames
	// A value that a person wrote by hand must not fail every reconcile.
	_ = json.Unmarshal([]byte(pvc.Annotations[inheritedAnnotation]), &before)
	names := inheritedNames{Labels: slices.Sorted(maps.Keys(labels)), Annotations: slices.Sorted(maps.Keys(annotations))}

	changed := pvc.DeepCopy()
	changed.Labels = replaced(changed.Labels, before.Labels, labels)
	changed.Annotations = replaced(changed.Annotations, before.Annotations, annotations)
	if len(labels)+len(annotations) == 0 {
		delete(changed.Annotations, inheritedAnnotation)
	} else {
		noted, err := json.Marshal(names)
		if err != nil {
			return nil, err
		}
		changed.Annotations[inheritedAnnotation] = string(noted)
	}
	if maps.Equal(changed.Labels, pvc.Labels) && maps.Equal(changed.Annotations, pvc.Annotations) {
		return nil, nil
	}
	return changed, nil
}

// replaced returns texts without the former keys, and with the wanted ones.
func replaced(texts map[string]string, former []string, wanted map[string]string) map[string]string {
	made := map[string]string{}
	for key, value := range texts {
		if !slices.Contains(former, key) {
			made[key] = value
		}
	}
	maps.Copy(made, wanted)
	return made
}
