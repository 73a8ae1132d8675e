package volumes

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestRequest(t *testing.T) {
	byHand := func(claim *corev1.PersistentVolumeClaim) { claim.Annotations = nil }
	for name, test := range map[string]struct {
		asks, has, size string
		change          func(*corev1.PersistentVolumeClaim)
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
		"only the file system has not grown": {asks: "30Gi", has: "10Gi", size: "20Gi", change: func(claim *corev1.PersistentVolumeClaim) {
			awaitsFileSystem(claim, now)
		}},
		"the file system can never grow": {asks: "30Gi", has: "10Gi", size: "20Gi", want: "20Gi", change: func(claim *corev1.PersistentVolumeClaim) {
			awaitsFileSystem(claim, now)
			claim.Status.AllocatedResourceStatuses[corev1.ResourceStorage] = corev1.PersistentVolumeClaimNodeResizeInfeasible
		}},

		"grown by hand":      {asks: "30Gi", has: "10Gi", size: "10Gi", change: byHand},
		"grown more by hand": {asks: "30Gi", has: "10Gi", size: "20Gi", change: byHand},
		"not bound": {asks: "10Gi", has: "0", size: "20Gi", change: func(claim *corev1.PersistentVolumeClaim) {
			claim.Status.Phase = corev1.ClaimPending
		}},
		"being deleted": {asks: "10Gi", has: "10Gi", size: "20Gi", change: func(claim *corev1.PersistentVolumeClaim) {
			claim.DeletionTimestamp = &metav1.Time{}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			claim := requesting(claimOf("data-vectors-0", "1Gi", test.has), resource.MustParse(test.asks))
			if test.change != nil {
				test.change(claim)
			}
			size, change := request(volume{claim: claim}, resource.MustParse(test.size))
			require.Equal(t, test.want != "", change)
			if change {
				require.Equal(t, test.want, size.String())
			}
		})
	}
}

func TestRequesting(t *testing.T) {
	claim := claimOf("data-vectors-0", "10Gi", "10Gi")
	want := claim.DeepCopy()
	want.Spec.Resources.Requests[corev1.ResourceStorage] = resource.MustParse("20Gi")
	want.Annotations = map[string]string{"barq.db/requested-size": "20Gi"}
	require.Equal(t, want, requesting(claim, resource.MustParse("20Gi")))
	require.Equal(t, claimOf("data-vectors-0", "10Gi", "10Gi"), claim, "what was observed is not changed")
}
