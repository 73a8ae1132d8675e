package clusters

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// CauseAnnotation of a StatefulSet says why its pods were last replaced.
const CauseAnnotation = "barq.db/restart-cause"

// Cause is why the pods of a StatefulSet are replaced.
type Cause struct {
	// Template is the checksum of the pod template of the new pods. It keeps a change by hand from
	// being reported as the operator's.
	Template string `json:"template"`
	// Generation is the StatefulSet's generation with this template. No pod is replaced before
	// Kubernetes has seen it.
	Generation int64 `json:"generation"`
	// Why names fields, a Secret or a version, for people. It holds no values.
	Why string `json:"why"`
}

// NewCause returns the cause for pods of a template.
func NewCause(template *corev1.PodTemplateSpec, why string) (Cause, error) {
	content, err := json.Marshal(template)
	if err != nil {
		return Cause{}, fmt.Errorf("summing up a pod template: %w", err)
	}
	sum := sha256.Sum256(content)
	const length = 16
	return Cause{Template: hex.EncodeToString(sum[:length]), Why: why}, nil
}

// Note writes a cause to a StatefulSet.
func (c Cause) Note(set metav1.Object) error {
	content, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("noting why pods are replaced: %w", err)
	}
	annotations := set.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[CauseAnnotation] = string(content)
	set.SetAnnotations(annotations)
	return nil
}

// NotedCause returns the cause that a StatefulSet has. It is empty without one, or if a person wrote
// it and it cannot be read.
func NotedCause(set metav1.Object) Cause {
	var noted Cause
	if json.Unmarshal([]byte(set.GetAnnotations()[CauseAnnotation]), &noted) != nil {
		return Cause{}
	}
	return noted
}

// IsNew reports whether Kubernetes has not seen yet that the pods are to be replaced.
func (c Cause) IsNew(set *appsv1.StatefulSet) bool {
	return set.Status.ObservedGeneration < c.Generation
}

// CauseOf returns the cause of the newest pod template of a StatefulSet; empty if the operator has
// noted none for that template.
func CauseOf(set *appsv1.StatefulSet) string {
	noted := NotedCause(set)
	if noted.Why == "" {
		return ""
	}
	if is, err := NewCause(&set.Spec.Template, ""); err != nil || is.Template != noted.Template {
		return ""
	}
	return noted.Why
}
