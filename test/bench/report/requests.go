package report

import (
	"cmp"
	"maps"
	"slices"

	"github.com/barq-db/barq-operator/test/bench"
	"github.com/barq-db/barq-operator/test/markdown"
)

// requestsTable has a row for each kind of request of a phase, with what each of the contenders asked for each cluster, as the
// mean of the rounds.
func requestsTable(results *bench.Results, phase string, clusters int, contenders []string) markdown.Table {
	type request struct{ verb, resource string }
	counts := map[request]map[string]float64{}
	for _, r := range results.Requests {
		if r.Phase != phase || r.Clusters != clusters || !slices.Contains(contenders, r.Contender) {
			continue
		}
		key := request{r.Verb, r.Resource}
		if counts[key] == nil {
			counts[key] = map[string]float64{}
		}
		counts[key][r.Contender] += float64(r.Count) / float64(clusters*rounds(results, r.Contender, clusters))
	}
	mostFirst := func(a, b request) int {
		for _, contender := range contenders {
			if order := cmp.Compare(counts[b][contender], counts[a][contender]); order != 0 {
				return order
			}
		}
		return cmp.Or(cmp.Compare(a.resource, b.resource), cmp.Compare(a.verb, b.verb))
	}
	rows := markdown.Table{append([]string{"verb", "resource"}, contenders...)}
	for _, key := range slices.SortedFunc(maps.Keys(counts), mostFirst) {
		row := []string{key.verb, key.resource}
		for _, contender := range contenders {
			count, asked := counts[key][contender]
			row = append(row, shown(count, asked))
		}
		rows = append(rows, row)
	}
	return rows
}

// rounds is how often a contender was measured with a number of clusters. A run that was ended early has fewer than it was to
// have.
func rounds(results *bench.Results, contender string, clusters int) int {
	found := map[int]bool{}
	for _, sample := range results.Samples {
		if sample.Contender == contender && sample.Clusters == clusters {
			found[sample.Round] = true
		}
	}
	return len(found)
}
