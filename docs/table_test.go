package docs_test

import (
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

// table is a Markdown table that is being made. Rows that differ in their first cell
// only become one, so that the two tiers are not described twice.
type table struct {
	header []string
	rows   [][]string
}

func (t *table) add(cells ...string) {
	for i := range cells {
		cells[i] = strings.NewReplacer("\n", " ", "|", `\|`, "<", "&lt;").Replace(cells[i])
	}
	for _, row := range t.rows {
		if slices.Equal(row[1:], cells[1:]) && parent(row[0]) == parent(cells[0]) {
			row[0] += "<br>" + cells[0]
			return
		}
	}
	t.rows = append(t.rows, cells)
}

// parent is the field of the spec or status that a path, or the first of several,
// leads through.
func parent(cell string) string {
	parts := strings.SplitN(strings.Trim(cell, "`"), ".", 3)
	return strings.Join(parts[:len(parts)-1], ".")
}

// addRules adds what a schema refuses.
func (t *table) addRules(path string, schema apiextensionsv1.JSONSchemaProps) {
	for _, rule := range schema.XValidations {
		t.add(code(path+rule.FieldPath), rule.Message)
	}
}

// write writes the table without the columns that are empty.
func (t *table) write(page *strings.Builder) {
	t.writeRow(page, t.header)
	t.writeRow(page, slices.Repeat([]string{"---"}, len(t.header)))
	for _, row := range t.rows {
		t.writeRow(page, row)
	}
}

func (t *table) writeRow(page *strings.Builder, cells []string) {
	var kept []string
	for column, cell := range cells {
		if slices.ContainsFunc(t.rows, func(row []string) bool { return row[column] != "" }) {
			kept = append(kept, cell)
		}
	}
	page.WriteString("| " + strings.Join(kept, " | ") + " |\n")
}

// code marks a text as code.
func code(text string) string { return "`" + text + "`" }
