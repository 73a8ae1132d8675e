package volumes

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestNeedsResize(t *testing.T) {
	for name, test := range map[string]struct {
		request, capacity, size string
		change                  func(*corev1.PersistentVolumeClaim)
		want                    bool
	}{
		"as asked":                             {request: "10Gi", capacity: "10Gi", size: "10Gi"},
		"the same in another unit":             {request: "10Gi", capacity: "10Gi", size: "10240Mi"},
		"grow":                                 {request: "10Gi", capacity: "10Gi", size: "20Gi", want: true},
		"growing already":                      {request: "20Gi", capacity: "10Gi", size: "20Gi"},
		"grow further while growing":           {request: "20Gi", capacity: "10Gi", size: "30Gi", want: true},
		"take back what never took effect":     {request: "30Gi", capacity: "10Gi", size: "20Gi", want: true},
		"cannot be taken back to the capacity": {request: "30Gi", capacity: "10Gi", size: "10Gi"},
		"cannot shrink":                        {request: "30Gi", capacity: "30Gi", size: "20Gi"},
		"larger than asked by its class":       {request: "10Gi", capacity: "16Gi", size: "10Gi"},
		"not bound": {request: "10Gi", capacity: "0", size: "20Gi", change: func(claim *corev1.PersistentVolumeClaim) {
			claim.Status.Phase = corev1.ClaimPending
		}},
		"being deleted": {request: "10Gi", capacity: "10Gi", size: "20Gi", change: func(claim *corev1.PersistentVolumeClaim) {
			claim.DeletionTimestamp = &metav1.Time{}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			claim := &corev1.PersistentVolumeClaim{}
			claim.Spec.Resources.Requests = corev1.ResourceList{corev1.ResourceStorage: resource.MustParse(test.request)}
			claim.Status.Capacity = corev1.ResourceList{corev1.ResourceStorage: resource.MustParse(test.capacity)}
			claim.Status.Phase = corev1.ClaimBound
			if test.change != nil {
				test.change(claim)
			}
			require.Equal(t, test.want, needsResize(claim, resource.MustParse(test.size)))
		})
	}
}
