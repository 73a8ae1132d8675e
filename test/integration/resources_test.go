package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"sigs.k8s.io/yaml"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// many is how many BarqClusters the limit of memory is held to.
const many = 50

// What the operator is given is enough for many BarqClusters that are made at once, which is when it
// needs most. It takes more here than elsewhere: copies of all that is cached tell whether any code writes to it.
func TestResourcesAreEnough(t *testing.T) {
	namespace := newNamespace(t)
	operator.Stop()
	require.NoError(t, operator.Start())
	token := metricsToken(t, namespace)
	measure := func(name string) float64 {
		_, families := metrics(t, token)
		require.Len(t, families[name].GetMetric(), 1, name)
		metric := families[name].GetMetric()[0]
		return metric.GetGauge().GetValue() + metric.GetCounter().GetValue()
	}
	const memory, cpu = "process_resident_memory_bytes", "process_cpu_seconds_total"
	memoryBefore, cpuBefore := measure(memory), measure(cpu)

	clusters := make([]*v1alpha1.BarqCluster, many)
	for i := range clusters {
		clusters[i] = newCluster(t, namespace, fmt.Sprintf("db-%d", i), `{}`)
	}
	for _, cluster := range clusters {
		waitReady(t, cluster)
	}
	most := measure(memory)
	t.Logf("%s: %.0f MiB without a BarqCluster, %.0f MiB after %d were made, which took %.1f s of CPU",
		memory, memoryBefore/(1<<20), most/(1<<20), many, measure(cpu)-cpuBefore)

	content, err := os.ReadFile(filepath.Join(root, "config/manager/manager.yaml"))
	require.NoError(t, err)
	var deployment appsv1.Deployment
	require.NoError(t, yaml.UnmarshalStrict(content, &deployment))
	limit := deployment.Spec.Template.Spec.Containers[0].Resources.Limits.Memory()
	// A third of it is left to spare.
	require.LessOrEqual(t, resource.NewQuantity(int64(most*1.5), resource.BinarySI).Cmp(*limit), 0, "%.0f bytes", most)
}
