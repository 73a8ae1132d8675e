package release

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
)

// waitingMetric is how many BarqClusters that have no release yet stand aside. workqueue_depth of the queue does not count them.
const waitingMetric = "barqcluster_installs_waiting"

// showWaiting puts it among the metrics of the process, in place of that of an order before.
func showWaiting(turns *order) error {
	gauge := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: waitingMetric,
		Help: "How many new BarqClusters wait until others are installed, beside those that workqueue_depth counts.",
	}, func() float64 { return float64(turns.waiting()) })
	metrics.Registry.Unregister(gauge)
	if err := metrics.Registry.Register(gauge); err != nil {
		return fmt.Errorf("showing how many installs wait: %w", err)
	}
	return nil
}
