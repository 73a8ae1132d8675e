package retention_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/pvcs"
	"github.com/barq-db/barq-operator/internal/pvcs/pvcstest"
	"github.com/barq-db/barq-operator/internal/retention"
)

func TestScaledAway(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*pvcs.Observation)
		want   []string
	}{
		"gone":       {func(*pvcs.Observation) {}, []string{"data-vectors-2"}},
		"retained":   {func(o *pvcs.Observation) { o.Cluster.Spec.Storage.Retention.WhenScaled = v1alpha1.RetentionRetain }, nil},
		"not marked": {func(o *pvcs.Observation) { o.PVCs[2].Annotations = nil }, nil},
		"hibernated": {func(o *pvcs.Observation) {
			o.Cluster.Spec.Replicas, o.StatefulSet.Spec.Replicas = ptr.To[int32](0), ptr.To[int32](0)
		}, nil},
		"the pod is there":       {func(o *pvcs.Observation) { o.Pods["vectors-2"] = &corev1.Pod{} }, nil},
		"more are asked for":     {func(o *pvcs.Observation) { o.Cluster.Spec.Replicas = ptr.To[int32](3) }, nil},
		"not applied yet":        {func(o *pvcs.Observation) { o.StatefulSet.Spec.Replicas = ptr.To[int32](3) }, nil},
		"not seen yet":           {func(o *pvcs.Observation) { o.StatefulSet.Generation++ }, nil},
		"paused":                 {func(o *pvcs.Observation) { o.Cluster.Spec.Paused = true }, nil},
		"being deleted":          {func(o *pvcs.Observation) { o.Cluster.DeletionTimestamp = &metav1.Time{Time: pvcstest.Now} }, nil},
		"deleted by hand":        {func(o *pvcs.Observation) { o.PVCs[2].DeletionTimestamp = &metav1.Time{Time: pvcstest.Now} }, nil},
		"without a StatefulSet":  {func(o *pvcs.Observation) { o.StatefulSet = nil }, nil},
		"scaled by hand to less": {func(o *pvcs.Observation) { o.StatefulSet.Spec.Replicas = ptr.To[int32](0); o.Pods = nil }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			o := pvcstest.Scaled()
			test.change(&o)
			var found []string
			for _, pvc := range retention.ScaledAway(o) {
				found = append(found, pvc.Name)
			}
			require.Equal(t, test.want, found)
		})
	}
}
