package docs_test

import (
	"go/doc"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/test/markdown"
)

const (
	architecture  = "docs/architecture.md"
	packagesBegin = "<!-- packages, written by go test ./docs -update: begin -->"
	packagesEnd   = "<!-- packages: end -->"
)

// The table of packages is what the packages say of themselves, in the first sentence of their comments.
func TestPackagesOfTheArchitecture(t *testing.T) {
	var table strings.Builder
	table.WriteString("\n| package | what it is for |\n|---|---|\n")
	for _, folder := range packageFolders(t) {
		comment := packageComment(t, folder)
		require.NotEmpty(t, comment, "%s has no package comment", folder)
		says := new(doc.Package).Synopsis(comment)
		_, says, _ = strings.Cut(strings.TrimPrefix(strings.TrimPrefix(says, "Package "), "The command "), " ")
		table.WriteString("| `" + folder + "` | " + says + " |\n")
	}
	table.WriteString("\n")
	file := filepath.Join(root, architecture)
	if *update {
		require.NoError(t, markdown.WritePart(file, packagesBegin, packagesEnd, table.String()))
		return
	}
	_, rest, _ := strings.Cut(read(t, architecture).text, packagesBegin+"\n")
	part, _, _ := strings.Cut(rest, packagesEnd)
	require.Equal(t, table.String(), part, "%s is out of date; run: go test ./docs -update", architecture)
}

// packageFolders lists the folders of all packages of the operator.
func packageFolders(t *testing.T) []string {
	t.Helper()
	folders := []string{"api/v1alpha1", "cmd/barq-operator"}
	for _, depth := range []string{"*", "*/*"} {
		files, err := filepath.Glob(filepath.Join(root, "internal", depth, "*.go"))
		require.NoError(t, err)
		for _, file := range files {
			name, err := filepath.Rel(root, filepath.Dir(file))
			require.NoError(t, err)
			folders = append(folders, filepath.ToSlash(name))
		}
	}
	slices.Sort(folders)
	return slices.Compact(folders)
}

// packageComment returns the comment of a package without markers.
func packageComment(t *testing.T, folder string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, folder, "*.go"))
	require.NoError(t, err)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.PackageClauseOnly)
		require.NoError(t, err)
		var lines []string
		for line := range strings.Lines(parsed.Doc.Text()) {
			if !strings.HasPrefix(line, "+") {
				lines = append(lines, line)
			}
		}
		if len(lines) > 0 {
			return strings.Join(lines, "")
		}
	}
	return ""
}
