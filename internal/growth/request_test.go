package growth_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/barq-db/barq-operator/internal/growth"
	"github.com/barq-db/barq-operator/internal/pvcs"
	"github.com/barq-db/barq-operator/internal/pvcs/pvcstest"
)

func TestRequest(t *testing.T) {
	byHand := func(pvc pvcs.PVC) { pvc.Annotations = nil }
	for name, test := range map[string]struct {
		asks, has, size string
		change          func(pvcs.PVC)
		want            string // empty: as it is
	}{
		"as asked":                   {asks: "10Gi", has: "10Gi", size: "10Gi"},
		"the same in another unit":   {asks: "10Gi", has: "10Gi", size: "10240Mi"},
		"grow":                       {asks: "10Gi", has: "10Gi", size: "20Gi", want: "20Gi"},
		"grow what is another's":     {asks: "10Gi", has: "10Gi", size: "20Gi", want: "20Gi", change: byHand},
		"growing already":            {asks: "20Gi", has: "10Gi", size: "20Gi"},
		"grow further while growing": {asks: "20Gi", has: "10Gi", size: "30Gi", want: "30Gi"},

		"rounded up by its class":         {asks: "10Gi", has: "16Gi", size: "10Gi"},
		"large enough, though rounded up": {asks: "10Gi", has: "16Gi", size: "12Gi"},

		"take back to a size above what it has": {asks: "30Gi", has: "10Gi", size: "20Gi", want: "20Gi"},
		"take back to what it has":              {asks: "30Gi", has: "10Gi", size: "10Gi", want: "10241Mi"},
		"take back to less than it has":         {asks: "30Gi", has: "16Gi", size: "10Gi", want: "16385Mi"},
		"take back to hardly more than it has":  {asks: "30Gi", has: "10Gi", size: "10485761Ki", want: "10241Mi"},
		"taken back already":                    {asks: "10241Mi", has: "10Gi", size: "10Gi"},
		"it is too late to take it back":        {asks: "30Gi", has: "30Gi", size: "20Gi"},
		"only the file system has not grown": {asks: "30Gi", has: "10Gi", size: "20Gi", change: func(pvc pvcs.PVC) {
			pvcstest.AwaitFileSystem(pvc, pvcstest.Now)
		}},
		"the file system can never grow": {asks: "30Gi", has: "10Gi", size: "20Gi", want: "20Gi", change: func(pvc pvcs.PVC) {
			pvcstest.AwaitFileSystem(pvc, pvcstest.Now)
			pvcstest.SetResizeStatus(pvc, corev1.PersistentVolumeClaimNodeResizeInfeasible)
		}},

		"grown by hand":      {asks: "30Gi", has: "10Gi", size: "10Gi", change: byHand},
		"grown more by hand": {asks: "30Gi", has: "10Gi", size: "20Gi", change: byHand},
		"not bound": {asks: "10Gi", has: "0", size: "20Gi", change: func(pvc pvcs.PVC) {
			pvc.Status.Phase = corev1.ClaimPending
		}},
		"being deleted": {asks: "10Gi", has: "10Gi", size: "20Gi", change: func(pvc pvcs.PVC) {
			pvc.DeletionTimestamp = &metav1.Time{}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			pvc := pvcstest.PVC("data-vectors-0", "1Gi", test.has)
			pvc.PersistentVolumeClaim = growth.Requesting(pvc.PersistentVolumeClaim, resource.MustParse(test.asks))
			if test.change != nil {
				test.change(pvc)
			}
			size, change := growth.Request(pvc, resource.MustParse(test.size))
			require.Equal(t, test.want != "", change)
			if change {
				require.Equal(t, test.want, size.String())
			}
		})
	}
}

func TestRequesting(t *testing.T) {
	pvc := pvcstest.PVC("data-vectors-0", "10Gi", "10Gi")
	want := pvc.PersistentVolumeClaim.DeepCopy()
	want.Spec.Resources.Requests[corev1.ResourceStorage] = resource.MustParse("20Gi")
	want.Annotations = map[string]string{"barq.db/requested-size": "20Gi"}
	require.Equal(t, want, growth.Requesting(pvc.PersistentVolumeClaim, resource.MustParse("20Gi")))
	require.Equal(t, pvcstest.PVC("data-vectors-0", "10Gi", "10Gi"), pvc, "what was observed is not changed")
}
