package report

import (
	"slices"
	"strconv"

	"github.com/barq-db/barq-operator/test/bench"
	"github.com/barq-db/barq-operator/test/markdown"
)

// askingRows are the figures that say what agents cost the operator, each with its unit and what a measured value is
// multiplied with for that. With perCluster it is divided by the number of clusters.
var askingRows = []struct {
	work, figure string
	factor       float64
	perCluster   bool
}{
	{"install: requests for each BarqCluster", "install/quiet/requests-per-cluster", 1, false},
	{"install: CPU for each BarqCluster, ms", "install/quiet/cpu-seconds-per-cluster", 1000, false},
	{"install: peak memory, MiB", "install/memory/MiB", 1, false},
	{"reconcile with nothing to do: requests", "noop/requests-per-cluster", 1, false},
	{"restart: seconds until quiet", "restart/seconds", 1, false},
	{"restart: requests for each BarqCluster", "restart/requests-per-cluster", 1, false},
	{"restart: writes", "restart/writes", 1, false},
	{"restart: CPU for each BarqCluster, ms", "restart/cpu-seconds-per-cluster", 1000, false},
	{"restart: peak memory, MiB", "restart/memory/MiB", 1, false},
	{"restart: questions to each agent", "restart/questions-per-cluster", 1, false},
	{"restart: questions in the busiest second", "restart/questions-in-the-busiest-second", 1, false},
	{"idle: requests in a minute", "idle/requests-per-minute", 1, false},
	{"idle: CPU, percent of a core", "idle/cpu-seconds-per-minute", 100. / 60, false},
	{"idle: CPU for each BarqCluster and hour, ms", "idle/cpu-seconds-per-minute", 60 * 1000, true},
	{"idle: memory, MiB", "idle/memory/MiB", 1, false},
	{"idle: questions to each agent in a minute", "idle/questions-per-minute", 1, true},
	{"idle: questions in the busiest second", "idle/questions-in-the-busiest-second", 1, false},
}

// askingContenders are the columns.
var askingContenders = []string{bench.Operator, bench.Asking}

// askingTable has a row for each of those figures and number of clusters.
func askingTable(results *bench.Results) markdown.Table {
	found := summaries(results)
	rows := markdown.Table{append([]string{"figure", "clusters"}, askingContenders...)}
	for _, row := range askingRows {
		for _, clusters := range results.Parameters.Sizes() {
			cells, some := []string{row.work, strconv.Itoa(clusters)}, false
			for _, contender := range askingContenders {
				value, measured := medians{found, clusters}.of(contender, row.figure)
				if row.perCluster {
					value /= float64(clusters)
				}
				cells, some = append(cells, shown(value*row.factor, measured)), some || measured
			}
			if some {
				rows = append(rows, cells)
			}
		}
	}
	return rows
}

// askingMarkdown gives the part of the page about the questions to agents.
func askingMarkdown(results *bench.Results) string {
	return describeRun(results) + "\n" + askingTable(results).String() +
		"\nRequests of an install until quiet, for each cluster, at the largest number of clusters:\n\n" +
		requestsTable(results, "install/quiet", slices.Max(results.Parameters.Clusters), askingContenders).String() + "\n"
}
