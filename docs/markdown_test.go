package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/test/markdown"
)

// root is the top of the repository.
const root = ".."

// document is a Markdown file; its path is relative to the top of the repository.
type document struct {
	path, text string
}

// documents reads every Markdown file that people are pointed to.
func documents(t *testing.T) []document {
	t.Helper()
	var found []document
	for _, pattern := range []string{"*.md", "docs/*.md", "helm-charts/*/README.md"} {
		paths, err := filepath.Glob(filepath.Join(root, pattern))
		require.NoError(t, err)
		require.NotEmpty(t, paths, pattern)
		for _, path := range paths {
			relative, err := filepath.Rel(root, path)
			require.NoError(t, err)
			found = append(found, read(t, relative))
		}
	}
	return found
}

func read(t *testing.T, path string) document {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	require.NoError(t, err)
	return document{path: path, text: string(text)}
}

// fence is a block of code with the language that it is marked with.
type fence struct {
	language, code string
}

var (
	fencePattern   = regexp.MustCompile("(?ms)^ *```([a-z]*)\n(.*?)^ *```$")
	inlinePattern  = regexp.MustCompile("`([^`\n]+)`")
	headingPattern = regexp.MustCompile(`(?m)^#{1,6} (.+)$`)
)

func (d document) fences() []fence {
	var found []fence
	for _, match := range fencePattern.FindAllStringSubmatch(d.text, -1) {
		found = append(found, fence{language: match[1], code: match[2]})
	}
	return found
}

// prose is the text without its blocks of code.
func (d document) prose() string { return fencePattern.ReplaceAllString(d.text, "") }

// inlineCode gives what stands between backticks in the prose.
func (d document) inlineCode() []string {
	var found []string
	for _, match := range inlinePattern.FindAllStringSubmatch(d.prose(), -1) {
		found = append(found, match[1])
	}
	return found
}

// anchors gives the names by which GitHub links to the headings.
func (d document) anchors() map[string]bool {
	found := map[string]bool{}
	for _, match := range headingPattern.FindAllStringSubmatch(d.prose(), -1) {
		name := anchor(match[1])
		unique := name
		for number := 1; found[unique]; number++ {
			unique = name + "-" + strconv.Itoa(number)
		}
		found[unique] = true
	}
	return found
}

func anchor(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
			return unicode.ToLower(r)
		default:
			return -1
		}
	}, heading)
}

// section is what stands under a heading of the second level.
func (d document) section(t *testing.T, heading string) document {
	t.Helper()
	_, rest, found := strings.Cut(d.text, "\n## "+heading+"\n")
	require.True(t, found, "%s has no section %q", d.path, heading)
	text, _, _ := strings.Cut(rest, "\n## ")
	return document{path: d.path + ", " + heading, text: text}
}

var (
	rowPattern   = regexp.MustCompile("(?m)^\\| *`([^`]+)`")
	titlePattern = regexp.MustCompile("(?m)^### `([^`]+)`$")
)

// entries gives what a section describes: the code in the first cell of each row of
// its tables, and in each heading of the third level.
func (d document) entries() []string {
	var found []string
	for _, pattern := range []*regexp.Regexp{rowPattern, titlePattern} {
		for _, match := range pattern.FindAllStringSubmatch(d.text, -1) {
			found = append(found, match[1])
		}
	}
	return found
}

// requirePart requires that a page has a text between two of its lines. With -update it is written there.
func requirePart(t *testing.T, page, begin, end, text string) {
	t.Helper()
	if *update {
		require.NoError(t, markdown.WritePart(filepath.Join(root, page), begin, end, text))
		return
	}
	_, rest, _ := strings.Cut(read(t, page).text, begin+"\n")
	part, _, _ := strings.Cut(rest, end)
	require.Equal(t, text, part, "%s is out of date; run: go test ./docs -update", page)
}
