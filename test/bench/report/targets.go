package report

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/barq-db/barq-operator/test/bench"
	"github.com/barq-db/barq-operator/test/bench/statistics"
	"github.com/barq-db/barq-operator/test/markdown"
)

// mayGrow is by how much the line through a figure may be higher at the largest number of clusters than at the
// smallest: measured figures are never on one line.
const mayGrow = 1.1

// target is a bound that a figure is to keep.
type target struct {
	work, bound string
	// largest is the most that the measured value may be, as that is computed from the medians of a number of clusters.
	largest  float64
	measured func(medians) (float64, bool)
}

// medians are those of one number of clusters.
type medians struct {
	found    map[cell]statistics.Summary
	clusters int
}

func (m medians) of(contender, figure string) (float64, bool) {
	summary, measured := m.found[cell{contender, m.clusters, figure}]
	return summary.Median, measured
}

// ours is a figure of the operator.
func ours(figure string) func(medians) (float64, bool) {
	return func(m medians) (float64, bool) { return m.of(bench.Operator, figure) }
}

// against is a figure of the operator as a share of one of another contender.
func against(figure, contender, other string) func(medians) (float64, bool) {
	return func(m medians) (float64, bool) {
		mine, measured := m.of(bench.Operator, figure)
		theirs, known := m.of(contender, other)
		return mine / theirs, measured && known && theirs != 0
	}
}

// againstAny is a figure of the operator as a share of one of another contender with the most clusters that this was
// measured with.
func againstAny(figure, contender, other string) func(medians) (float64, bool) {
	return func(m medians) (float64, bool) {
		mine, measured := m.of(bench.Operator, figure)
		most := medians{found: m.found}
		for key := range m.found {
			if key.contender == contender && key.figure == other {
				most.clusters = max(most.clusters, key.clusters)
			}
		}
		theirs, known := most.of(contender, other)
		return mine / theirs, measured && known && theirs != 0
	}
}

func targets(objects int) []target {
	const requests, cpu = "/requests-per-cluster", "/cpu-seconds-per-cluster"
	return []target{
		{"requests per installed cluster, until quiet", "the objects of the chart + 9", float64(objects + 9), ours("install/quiet" + requests)},
		{"CPU per installed cluster, until quiet", "1/10 of stock", 0.1, against("install/quiet"+cpu, bench.Stock, "install/quiet"+cpu)},
		{"reconcile with nothing to do: requests", "0", 0, ours("noop" + requests)},
		{"reconcile with nothing to do: CPU", "1/100 of stock", 0.01, against("noop"+cpu, bench.Stock, "noop"+cpu)},
		{"restart: writes", "0", 0, ours("restart/writes")},
		{"restart: releases made", "0", 0, ours("restart/releases")},
		{"restart: requests per cluster", "3", 3, ours("restart" + requests)},
		{"edit until StatefulSet changed, p95", "1/4 of stock's p50", 0.25, againstAny("edit/p95-seconds", bench.Stock, "edit/p50-seconds")},
		{"the same while as many are being installed, p95", "stock's p50", 1, againstAny("edit-while-installing/p95-seconds", bench.Stock, "edit/p50-seconds")},
		{"drift repaired, p95", "1 s", 1, ours("drift/p95-seconds")},
		{"peak memory", "200 MiB", 200, ours("install/memory/MiB")},
		{"memory for unrelated Secrets and ConfigMaps", "5 MiB", 5, ours("unrelated/memory/MiB")},
	}
}

// large is the smallest number of clusters with which the time until all are Ready is held to its target, if it is not the
// largest that was measured.
const large = 500

var untilReady = target{"all applied until Ready", "1.8 times the limit", 1.8, against("install/ready/seconds", bench.Limit, "install/ready/seconds")}

// targetsTable has a row for each target, at the largest number of clusters with which it was measured, and for each figure that
// is not to grow.
func targetsTable(results *bench.Results) markdown.Table {
	found, sizes := summaries(results), results.Parameters.Sizes()
	rows := markdown.Table{{"work", "target, at most", "clusters", "measured", "at most", ""}}
	for _, clusters := range sizes {
		if clusters >= large || clusters == slices.Max(sizes) {
			rows = append(rows, untilReady.row(medians{found, clusters}))
		}
	}
	for _, t := range targets(results.Objects) {
		rows = append(rows, t.row(t.largestOf(found, sizes)))
	}
	return append(rows, growthRows(found)...)
}

// largestOf gives the medians of the largest number of clusters with which the target was measured, or of the largest of all.
func (t target) largestOf(found map[cell]statistics.Summary, sizes []int) medians {
	for _, clusters := range slices.Backward(sizes) {
		m := medians{found, clusters}
		if _, measured := t.measured(m); measured {
			return m
		}
	}
	return medians{found, slices.Max(sizes)}
}

func (t target) row(m medians) []string {
	value, measured := t.measured(m)
	return []string{t.work, t.bound, strconv.Itoa(m.clusters), shown(value, measured), number(t.largest), verdict(measured, value <= t.largest)}
}

func shown(value float64, measured bool) string {
	if !measured {
		return ""
	}
	return number(value)
}

func verdict(measured, met bool) string {
	switch {
	case !measured:
		return "not measured"
	case met:
		return "met"
	default:
		return "missed"
	}
}

// growthRows tell whether what a cluster costs the operator grows with their number.
func growthRows(found map[cell]statistics.Summary) [][]string {
	var rows [][]string
	for _, growing := range []struct {
		work, figure string
		// total tells that the figure is of all clusters together.
		total bool
	}{
		{"growth of CPU per cluster", "install/quiet/cpu-seconds-per-cluster", false},
		{"growth of requests per cluster", "install/quiet/requests-per-cluster", false},
		{"growth of memory per cluster", "install/memory/MiB", true},
	} {
		var points []statistics.Point
		for key, summary := range found {
			if key.contender != bench.Operator || key.figure != growing.figure {
				continue
			}
			point := statistics.Point{X: float64(key.clusters), Y: summary.Median}
			if growing.total {
				point.Y /= point.X
			}
			points = append(points, point)
		}
		rows = append(rows, growthRow(growing.work, points))
	}
	return rows
}

func growthRow(work string, points []statistics.Point) []string {
	line, fits := statistics.Fit(points)
	if !fits {
		return []string{work, "10%", "", "", "", verdict(false, false)}
	}
	byX := func(a, b statistics.Point) int { return int(a.X - b.X) }
	smallest, largest := slices.MinFunc(points, byX).X, slices.MaxFunc(points, byX).X
	at := func(x float64) float64 { return line.Intercept + line.Slope*x }
	bound := at(smallest) * mayGrow
	return []string{
		work, "10%", fmt.Sprintf("%v to %v", smallest, largest),
		fmt.Sprintf("%s %+.3g for each further 1000", number(line.Intercept), line.Slope*1000), number(bound),
		verdict(true, at(largest) <= bound),
	}
}
