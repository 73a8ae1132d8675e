package volumes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// inheritedAnnotation names the labels and annotations that the operator gave a claim, so that it takes away no others.
const inheritedAnnotation = "barq.db/inherited"

// inheritedNames are the names in that annotation, sorted.
type inheritedNames struct {
	Labels      []string `json:"labels,omitempty"`
	Annotations []string `json:"annotations,omitempty"`
}

// inherit gives the claims the labels and annotations of spec.inheritedMetadata. A StatefulSet cannot: its claim templates cannot change.
func (r *Reconciler) inherit(ctx context.Context, observed observation) error {
	if observed.cluster.Spec.Paused {
		return nil
	}
	var failed []error
	for _, v := range observed.volumes {
		if v.claim == nil || v.claim.DeletionTimestamp != nil {
			continue
		}
		changed, err := inheriting(v.claim, observed.cluster.Spec.InheritedMetadata)
		if err == nil && changed != nil {
			err = client.IgnoreNotFound(r.Client.Patch(ctx, changed, client.MergeFrom(v.claim)))
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("giving claim %s the labels and annotations to inherit: %w", v.claim.Name, err))
		}
	}
	return errors.Join(failed...)
}

// inheriting returns a copy of the claim with the labels and annotations to inherit, nil if it has them already and no more.
func inheriting(claim *corev1.PersistentVolumeClaim, metadata *v1alpha1.InheritedMetadata) (*corev1.PersistentVolumeClaim, error) {
	labels, annotations := map[string]string{}, map[string]string{}
	if metadata != nil {
		for key, value := range metadata.Labels {
			labels[key] = string(value)
		}
		annotations = maps.Clone(map[string]string(metadata.Annotations))
	}
	var before inheritedNames
	// What was written there by hand is no reason to fail for ever.
	_ = json.Unmarshal([]byte(claim.Annotations[inheritedAnnotation]), &before)
	names := inheritedNames{Labels: slices.Sorted(maps.Keys(labels)), Annotations: slices.Sorted(maps.Keys(annotations))}

	changed := claim.DeepCopy()
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
	if maps.Equal(changed.Labels, claim.Labels) && maps.Equal(changed.Annotations, claim.Annotations) {
		return nil, nil
	}
	return changed, nil
}

// replaced returns texts without the former ones, and with the wanted ones.
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
