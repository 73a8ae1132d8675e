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
	requirePart(t, architecture, packagesBegin, packagesEnd, table.String())
}

const (
	// packageLimit is the most lines that a package may have without its tests, and fileLimit those of a file.
	packageLimit = 900
	fileLimit    = 400
)

// large says why a package or a file may be longer.
var large = map[string]string{
	"api/v1alpha1":                      "most of it is the documentation of fields, which kubectl explain shows",
	"api/v1alpha1/barqcluster_types.go": "the spec and the status are one type",
}

// A package that one can read in an hour stays so. What is generated counts for nothing.
func TestPackagesAreSmall(t *testing.T) {
	check := func(name string, lines, limit int) {
		reason, may := large[name]
		if !may {
			require.LessOrEqual(t, lines, limit, "%s is too long; divide it by noun", name)
			return
		}
		require.NotEmpty(t, reason)
		require.Greater(t, lines, limit, "%s is short enough; delete it from the list of what may be longer", name)
	}
	for _, folder := range packageFolders(t) {
		files, err := filepath.Glob(filepath.Join(root, folder, "*.go"))
		require.NoError(t, err)
		all := 0
		for _, file := range files {
			name := filepath.Base(file)
			if strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, "zz_generated.") {
				continue
			}
			lines := strings.Count(read(t, folder+"/"+name).text, "\n")
			check(folder+"/"+name, lines, fileLimit)
			all += lines
		}
		check(folder, all, packageLimit)
	}
}

// packageFolders lists the folders of all packages of the operator.
func packageFolders(t *testing.T) []string {
	t.Helper()
	folders := []string{"api/v1alpha1", "cmd/barq-agent", "cmd/barq-operator"}
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
