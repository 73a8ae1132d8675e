package markdown

import (
	"strings"
	"unicode/utf8"
)

// Table is a table in Markdown, of which the first row is the head.
type Table [][]string

// String aligns the columns, so that the table can be read as plain text too.
func (t Table) String() string {
	if len(t) == 0 {
		return ""
	}
	widths := make([]int, len(t[0]))
	for _, row := range t {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var text strings.Builder
	for i, row := range t {
		for column, cell := range row {
			text.WriteString("| " + cell + strings.Repeat(" ", widths[column]-utf8.RuneCountInString(cell)+1))
		}
		text.WriteString("|\n")
		if i > 0 {
			continue
		}
		for _, width := range widths {
			text.WriteString("|" + strings.Repeat("-", width+2))
		}
		text.WriteString("|\n")
	}
	return text.String()
}
