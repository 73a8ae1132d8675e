package volumes

import (
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/pvcs/pvcstest"
)

func TestAnnounce(t *testing.T) {
	said := func(status metav1.ConditionStatus, reason string, generation int64) *metav1.Condition {
		return &metav1.Condition{Status: status, Reason: reason, Message: "m", ObservedGeneration: generation}
	}
	growing := said(metav1.ConditionFalse, v1alpha1.ReasonResizing, pvcstest.Generation)
	refused := said(metav1.ConditionFalse, v1alpha1.ReasonResizeRefused, pvcstest.Generation)
	reached := said(metav1.ConditionTrue, v1alpha1.ReasonSizeReached, pvcstest.Generation)
	none := said(metav1.ConditionUnknown, v1alpha1.ReasonNoVolumes, pvcstest.Generation)
	for name, test := range map[string]struct {
		stored, computed *metav1.Condition
		want             string
	}{
		"refused":                     {growing, refused, "Warning ResizeRefused m"},
		"refused from the start":      {nil, refused, "Warning ResizeRefused m"},
		"refused as before":           {refused, refused, ""},
		"refused again":               {refused, said(metav1.ConditionFalse, v1alpha1.ReasonResizeRefused, pvcstest.Generation+1), "Warning ResizeRefused m"},
		"failed":                      {growing, said(metav1.ConditionFalse, v1alpha1.ReasonResizeFailed, pvcstest.Generation), "Warning ResizeFailed m"},
		"grown":                       {growing, reached, "Normal SizeReached m"},
		"the first volumes are there": {none, reached, ""},
		"large enough from the start": {nil, reached, ""},
		"large enough as before":      {reached, said(metav1.ConditionTrue, v1alpha1.ReasonSizeReached, pvcstest.Generation+1), ""},
		"told PVC by PVC":             {reached, growing, ""},
	} {
		t.Run(name, func(t *testing.T) {
			recorder := events.NewFakeRecorder(10)
			(&Reconciler{Events: recorder}).announce(&v1alpha1.BarqCluster{}, test.stored, test.computed)
			close(recorder.Events)
			require.Equal(t, test.want, <-recorder.Events)
			require.Empty(t, recorder.Events, "one event at most")
		})
	}
}
