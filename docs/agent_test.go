package docs_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/agent/metrics"
)

const (
	agentPage   = "docs/agent.md"
	seriesBegin = "<!-- series, written by go test ./docs -update: begin -->"
	seriesEnd   = "<!-- series: end -->"
)

// The table of the agent's metrics is what it has.
func TestTheAgentsPageHasEverySeries(t *testing.T) {
	var table strings.Builder
	table.WriteString("\n| series | type | labels | what it says |\n|---|---|---|---|\n")
	for _, series := range metrics.New(metrics.Sources{}).Series() {
		labels := ""
		if len(series.Labels) > 0 {
			labels = "`" + strings.Join(series.Labels, "`, `") + "`"
		}
		table.WriteString("| `" + series.Name + "` | " + series.Type + " | " + labels + " | " + series.Help + " |\n")
	}
	table.WriteString("\n")
	requirePart(t, agentPage, seriesBegin, seriesEnd, table.String())
}

// Every reason for the end of a database has a row that says what to do.
func TestTheAgentsPageHasEveryReason(t *testing.T) {
	var described []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([A-Za-z]+)` \\|").FindAllStringSubmatch(read(t, "docs/agent.md").section(t, "Why the database ended").text, -1) {
		described = append(described, row[1])
	}
	contract := constantsOf(t, filepath.Join(root, "internal/agentapi/v1/termination.go"))
	servers := constantsOf(t, filepath.Join(root, "internal/barq/ending/ending.go"))
	require.ElementsMatch(t, append(values(contract, "Reason"), values(servers, "")...), described)
}
