package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/barq-db/barq-operator/test/bench"
	"github.com/barq-db/barq-operator/test/bench/statistics"
	"github.com/barq-db/barq-operator/test/markdown"
)

// compared are the contenders that are measured against each other. What asking agents costs is in a part of its own.
var compared = []string{bench.Operator, bench.Stock, bench.Limit}

// cell is what was measured of one contender with one number of clusters.
type cell struct {
	contender string
	clusters  int
	figure    string
}

// summaries sums up the rounds.
func summaries(results *bench.Results) map[cell]statistics.Summary {
	values := map[cell][]float64{}
	for _, sample := range results.Samples {
		key := cell{sample.Contender, sample.Clusters, sample.Figure}
		values[key] = append(values[key], sample.Value)
	}
	found := map[cell]statistics.Summary{}
	for key, measured := range values {
		found[key] = statistics.Summarize(measured)
	}
	return found
}

// figuresTable has a row for each figure and number of clusters.
func figuresTable(results *bench.Results) markdown.Table {
	found := summaries(results)
	rows := markdown.Table{{"figure", "clusters", bench.Operator, bench.Stock, bench.Limit, "operator/stock", "operator/limit", "stock/limit"}}
	for _, figure := range figures(results) {
		for _, clusters := range results.Parameters.Sizes() {
			row := []string{figure, strconv.Itoa(clusters)}
			medians := map[string]float64{}
			for _, contender := range compared {
				summary, measured := found[cell{contender, clusters, figure}]
				if !measured {
					row = append(row, "")
					continue
				}
				medians[contender] = summary.Median
				row = append(row, spread(summary))
			}
			if len(medians) == 0 {
				continue
			}
			row = append(row, ratio(medians, bench.Operator, bench.Stock), ratio(medians, bench.Operator, bench.Limit),
				ratio(medians, bench.Stock, bench.Limit))
			rows = append(rows, row)
		}
	}
	return rows
}

// figures are the names of all that was measured, in the order of the measurements.
func figures(results *bench.Results) []string {
	var names []string
	for _, sample := range results.Samples {
		if !slices.Contains(names, sample.Figure) {
			names = append(names, sample.Figure)
		}
	}
	return names
}

// spread shows minimum, median and maximum.
func spread(summary statistics.Summary) string {
	if summary.Count == 1 {
		return number(summary.Median)
	}
	return fmt.Sprintf("%s / %s / %s", number(summary.Min), number(summary.Median), number(summary.Max))
}

func ratio(medians map[string]float64, of, to string) string {
	numerator, measured := medians[of]
	denominator, against := medians[to]
	if !measured || !against || denominator == 0 {
		return ""
	}
	return number(numerator / denominator)
}

// number shows three digits that count.
func number(value float64) string {
	if value == 0 {
		return "0"
	}
	decimals := max(0, 2-int(math.Floor(math.Log10(math.Abs(value)))))
	return strconv.FormatFloat(value, 'f', decimals, 64)
}
