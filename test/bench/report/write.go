package report

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/barq-db/barq-operator/test/bench"
	"github.com/barq-db/barq-operator/test/testbed"
)

// Page has the results of a whole run, and askingPage is the part about the questions to agents.
var (
	Page       = testbed.Page{Name: "benchmarks", Goal: "bench"}
	askingPage = testbed.Page{Name: "benchmarks", Goal: "bench with the contender asking", Results: "asking.json"}
)

// WriteDocs puts the results into benchmarks.md in the folder of documents, and results and pictures into the folder
// benchmarks beside it. A run of this operator alone, with agents and without, leaves what is there of the others.
func WriteDocs(folder string, results *bench.Results) error {
	others := func(contender string) bool { return contender == bench.Stock || contender == bench.Limit }
	if contenders := results.Parameters.Contenders; slices.Contains(contenders, bench.Asking) {
		if err := askingPage.Write(folder, askingMarkdown(results), results); err != nil || !slices.ContainsFunc(contenders, others) {
			return err
		}
	}
	if err := Page.Write(folder, Markdown(results), results); err != nil {
		return err
	}
	for _, p := range pictures {
		var drawn bytes.Buffer
		if err := drawPicture(&drawn, p, results); err != nil {
			return fmt.Errorf("draw %s: %w", p.File, err)
		}
		if err := os.WriteFile(Page.Beside(folder, p.File), drawn.Bytes(), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// describeRounds says how often each number of clusters was measured.
func describeRounds(results *bench.Results) string {
	var described []string
	for _, clusters := range results.Parameters.Sizes() {
		most := 0
		for _, contender := range bench.Contenders() {
			most = max(most, rounds(results, contender, clusters))
		}
		described = append(described, fmt.Sprintf("%d with %d clusters", most, clusters))
	}
	return strings.Join(described, ", ")
}

// describeRun says when and on what a run was made, and how large it was.
func describeRun(results *bench.Results) string {
	return fmt.Sprintf("\nMeasured on %s: %s%d workers, %d objects of the chart in each cluster, of one pod. Rounds: %s.\n",
		results.Started.Format("2 January 2006"), results.Machine, results.Parameters.Workers, results.Objects, describeRounds(results))
}

// Markdown gives the generated part of the page.
func Markdown(results *bench.Results) string {
	var text strings.Builder
	text.WriteString(describeRun(results))
	text.WriteString("\n### Targets\n\n" + targetsTable(results).String())
	text.WriteString("\n### All figures\n\nMinimum / median / maximum of the rounds, and ratios of the medians.\n\n" + figuresTable(results).String())
	text.WriteString("\n### Pictures\n\nMedians; the strokes go from minimum to maximum.\n\n")
	for _, p := range pictures {
		fmt.Fprintf(&text, "![%s](benchmarks/%s)\n", p.Title, p.File)
	}
	text.WriteString("\n### Requests of an install\n\nUntil quiet, for each cluster, at the largest number of clusters.\n\n" +
		requestsTable(results, "install/quiet", slices.Max(results.Parameters.Clusters), compared).String() + "\n")
	return text.String()
}
