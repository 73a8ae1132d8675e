package integration

import (
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// Where the kind exists, a PodMonitor is made, reverted when a user changes it,
// costs an idle pass nothing, and goes with the wish for it.
func TestPodMonitor(t *testing.T) {
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `{monitoring: {podMonitor: {enabled: true, interval: 30s, labels: {release: prometheus}}}}`)
	waitReady(t, cluster)
	monitor := &unstructured.Unstructured{}
	monitor.SetGroupVersionKind(schema.GroupVersionKind{Group: "monitoring.coreos.com", Version: "v1", Kind: "PodMonitor"})
	monitor.SetNamespace(namespace)
	monitor.SetName("db")
	refresh(t, monitor)
	require.Equal(t, "prometheus", monitor.GetLabels()["release"])
	require.Equal(t, map[string]any{
		"selector": map[string]any{"matchLabels": map[string]any{
			"app.kubernetes.io/name": "barq-db", "app.kubernetes.io/instance": "db", "app.kubernetes.io/component": "database",
		}},
		"podMetricsEndpoints": []any{map[string]any{"port": "http", "path": "/metrics", "interval": "30s"}},
	}, monitor.Object["spec"])
	requireIdle(t, cluster)

	spec := monitor.DeepCopy().Object["spec"]
	byHand := client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"podMetricsEndpoints":[]}}`))
	require.NoError(t, admin.Patch(t.Context(), monitor.DeepCopy(), byHand))
	eventually(t, func() string {
		refresh(t, monitor)
		if len(monitor.Object["spec"].(map[string]any)["podMetricsEndpoints"].([]any)) == 1 {
			return ""
		}
		return "still as it was changed by hand"
	})
	require.Equal(t, spec, monitor.Object["spec"])

	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Monitoring.PodMonitor.Enabled = false })
	gone(t, monitor)
	waitReady(t, cluster)
}

// So it is with a ServiceMonitor, also after a PodMonitor.
func TestServiceMonitor(t *testing.T) {
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `{monitoring: {podMonitor: {enabled: true}}}`)
	waitReady(t, cluster)
	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) {
		spec.Monitoring = v1alpha1.MonitoringSpec{ServiceMonitor: v1alpha1.ServiceMonitorSpec{Enabled: true, Interval: "30s", Labels: v1alpha1.Labels{"release": "prometheus"}}}
	})
	waitReady(t, cluster)
	monitors := schema.GroupVersion{Group: "monitoring.coreos.com", Version: "v1"}
	former, monitor := &unstructured.Unstructured{}, &unstructured.Unstructured{}
	former.SetGroupVersionKind(monitors.WithKind("PodMonitor"))
	monitor.SetGroupVersionKind(monitors.WithKind("ServiceMonitor"))
	for _, one := range []*unstructured.Unstructured{former, monitor} {
		one.SetNamespace(namespace)
		one.SetName("db")
	}
	gone(t, former)
	refresh(t, monitor)
	require.Equal(t, "prometheus", monitor.GetLabels()["release"])
	require.Equal(t, []any{map[string]any{"port": "http", "path": "/metrics", "interval": "30s"}}, monitor.Object["spec"].(map[string]any)["endpoints"])
	waitFor(t, cluster, v1alpha1.ConditionMonitored, metav1.ConditionTrue, v1alpha1.ReasonServiceMonitorKnown)
	requireIdle(t, cluster)

	spec := monitor.DeepCopy().Object["spec"]
	require.NoError(t, admin.Patch(t.Context(), monitor.DeepCopy(), client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"endpoints":[]}}`))))
	eventually(t, func() string {
		refresh(t, monitor)
		if len(monitor.Object["spec"].(map[string]any)["endpoints"].([]any)) == 1 {
			return ""
		}
		return "still as it was changed by hand"
	})
	require.Equal(t, spec, monitor.Object["spec"])

	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Monitoring.ServiceMonitor.Enabled = false })
	gone(t, monitor)
	waitReady(t, cluster)
}
