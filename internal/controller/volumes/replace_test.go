package volumes

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/internal/pvcs/pvcstest"
)

func TestAStatefulSetIsReplacedWhileNoVolumeIsBound(t *testing.T) {
	w := worldOf(t, pvcstest.Unbound())
	// The fake API server replaces all conditions on an apply.
	w.Live = worldOf(t, pvcstest.Unbound()).store
	writes, _ := w.pass(t)
	require.Equal(t, []string{"apply status", "delete vectors", "delete data-vectors-0", "delete data-vectors-1", "delete data-vectors-2"}, writes)
	require.Contains(t, w.heard(), "Normal StatefulSetReplaced the operator creates StatefulSet vectors again, because its PVCs ask for "+
		"100Gi of class slow, ReadWriteOnce and the spec for 10Gi of class fast, ReadWriteOnce; no volume was bound")
}

// The operator leaves alone what a person has prepared. A PVC that takes its data from a snapshot is
// not bound before its pod exists.
func TestAPVCThatAPersonHasMadeIsNotReplaced(t *testing.T) {
	for name, change := range map[string]func(*corev1.PersistentVolumeClaimSpec){
		"from a snapshot": func(spec *corev1.PersistentVolumeClaimSpec) {
			spec.DataSource = &corev1.TypedLocalObjectReference{Kind: "VolumeSnapshot", Name: "yesterday"}
		},
		"with a selector": func(spec *corev1.PersistentVolumeClaimSpec) { spec.Selector = &metav1.LabelSelector{} },
		"of another size": func(spec *corev1.PersistentVolumeClaimSpec) {
			spec.Resources.Requests[corev1.ResourceStorage] = resource.MustParse("50Gi")
		},
		"of another class": func(spec *corev1.PersistentVolumeClaimSpec) { spec.StorageClassName = ptr.To("third") },
	} {
		t.Run(name, func(t *testing.T) {
			o, live := pvcstest.Unbound(), pvcstest.Unbound()
			change(&o.PVCs[1].Spec)
			change(&live.PVCs[1].Spec)
			w := worldOf(t, o)
			w.Live = worldOf(t, live).store
			writes, _ := w.pass(t)
			require.NotContains(t, writes, "delete data-vectors-1")
			require.Contains(t, writes, "delete data-vectors-0")
		})
	}
}
