package apply

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// DigestAnnotation has the digest of the manifest that was last applied to the object.
const DigestAnnotation = "barq.db/applied-digest"

// digestPointer is the annotation as a part of a JSON pointer.
var digestPointer = strings.ReplaceAll(DigestAnnotation, "/", "~1")

// Mark writes the digest of a rendered object into its annotations.
func Mark(object *unstructured.Unstructured) error {
	annotations := object.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	delete(annotations, DigestAnnotation)
	object.SetAnnotations(annotations)
	content, err := json.Marshal(object.Object)
	if err != nil {
		return fmt.Errorf("summing up %s %s: %w", object.GetKind(), object.GetName(), err)
	}
	sum := sha256.Sum256(content)
	const length = 16
	annotations[DigestAnnotation] = hex.EncodeToString(sum[:length])
	object.SetAnnotations(annotations)
	return nil
}

// Digest returns the digest in an object's annotations; empty if no manifest was applied, or if the last apply was
// interrupted.
func Digest(object metav1.Object) string { return object.GetAnnotations()[DigestAnnotation] }
