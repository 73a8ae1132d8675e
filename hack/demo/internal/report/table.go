package report

import (
	"strings"
	"text/tabwriter"
)

// Table aligns the cells of rows.
func Table(rows [][]string) string {
	var text strings.Builder
	writer := tabwriter.NewWriter(&text, 0, 0, 3, ' ', 0)
	for _, row := range rows {
		// Into memory, so nothing can fail.
		_, _ = writer.Write([]byte(strings.Join(row, "\t") + "\n"))
	}
	_ = writer.Flush()
	lines := strings.Split(text.String(), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
	}
	return strings.Join(lines, "\n")
}
