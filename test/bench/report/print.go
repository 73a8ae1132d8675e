package report

import (
	"fmt"
	"io"
	"slices"

	"github.com/barq-db/barq-operator/test/bench"
	"github.com/barq-db/barq-operator/test/markdown"
)

// Print writes all tables, among them the requests of each phase.
func Print(out io.Writer, results *bench.Results) error {
	tables := []markdown.Table{targetsTable(results), figuresTable(results), askingTable(results)}
	for _, t := range tables {
		if _, err := fmt.Fprintf(out, "\n%s", t); err != nil {
			return err
		}
	}
	for _, phase := range phases(results) {
		for _, clusters := range results.Parameters.Sizes() {
			_, err := fmt.Fprintf(out, "\nRequests of %s with %d clusters, for each cluster\n\n%s", phase, clusters, requestsTable(results, phase, clusters, bench.Contenders()))
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// phases are those of which requests were counted.
func phases(results *bench.Results) []string {
	var found []string
	for _, r := range results.Requests {
		if !slices.Contains(found, r.Phase) {
			found = append(found, r.Phase)
		}
	}
	return found
}
