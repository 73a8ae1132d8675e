package v1alpha1

import "maps"

// Texts returns copies of the labels and annotations, which may be changed; empty ones if m is nil.
func (m *InheritedMetadata) Texts() (labels, annotations map[string]string) {
	labels, annotations = map[string]string{}, map[string]string{}
	if m == nil {
		return labels, annotations
	}
	for key, value := range m.Labels {
		labels[key] = string(value)
	}
	maps.Copy(annotations, m.Annotations)
	return labels, annotations
}
