package pvcs

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

func TestInheriting(t *testing.T) {
	pvc := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{
		Labels: map[string]string{"app.kubernetes.io/name": "barq-db", "theirs": "a"}, Annotations: map[string]string{"bound": "yes"},
	}}
	become := func(metadata *v1alpha1.InheritedMetadata) {
		t.Helper()
		changed, err := Inheriting(pvc, metadata)
		require.NoError(t, err)
		if changed != nil {
			pvc = changed
		}
		again, err := Inheriting(pvc, metadata)
		require.NoError(t, err)
		require.Nil(t, again, "it has what is asked for")
	}
	has := func(labels, annotations map[string]string) {
		t.Helper()
		labels["app.kubernetes.io/name"], labels["theirs"], annotations["bound"] = "barq-db", "a", "yes"
		require.Equal(t, labels, pvc.Labels)
		require.Equal(t, annotations, pvc.Annotations)
	}
	become(nil)
	has(map[string]string{}, map[string]string{})
	become(&v1alpha1.InheritedMetadata{Labels: v1alpha1.Labels{"team": "b", "tier": "1"}, Annotations: v1alpha1.Annotations{"owner": "c"}})
	has(map[string]string{"team": "b", "tier": "1"}, map[string]string{"owner": "c", inheritedAnnotation: `{"labels":["team","tier"],"annotations":["owner"]}`})
	become(&v1alpha1.InheritedMetadata{Labels: v1alpha1.Labels{"team": "d"}})
	has(map[string]string{"team": "d"}, map[string]string{inheritedAnnotation: `{"labels":["team"]}`})
	pvc.Labels["team"] = "by hand"
	become(&v1alpha1.InheritedMetadata{Labels: v1alpha1.Labels{"team": "d"}})
	has(map[string]string{"team": "d"}, map[string]string{inheritedAnnotation: `{"labels":["team"]}`})
	become(&v1alpha1.InheritedMetadata{})
	has(map[string]string{}, map[string]string{})

	pvc.Annotations[inheritedAnnotation] = "no JSON"
	become(&v1alpha1.InheritedMetadata{Labels: v1alpha1.Labels{"team": "d"}})
	has(map[string]string{"team": "d"}, map[string]string{inheritedAnnotation: `{"labels":["team"]}`})
}
