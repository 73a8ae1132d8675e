package docs_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

var linkPattern = regexp.MustCompile(`\]\(([^)\s]+)\)`)

func TestLinksResolve(t *testing.T) {
	checked := 0
	var broken []string
	for _, document := range documents(t) {
		for _, match := range linkPattern.FindAllStringSubmatch(document.prose(), -1) {
			link := match[1]
			if strings.Contains(link, "://") {
				continue
			}
			checked++
			if problem := follow(t, document, link); problem != "" {
				broken = append(broken, fmt.Sprintf("%s: %s: %s", document.path, link, problem))
			}
		}
	}
	require.Empty(t, broken)
	require.NotZero(t, checked)
}

// follow says what is wrong with a relative link, or nothing.
func follow(t *testing.T, from document, link string) string {
	t.Helper()
	path, fragment, hasFragment := strings.Cut(link, "#")
	target := from.path
	if path != "" {
		target = filepath.Join(filepath.Dir(from.path), path)
	}
	if !filepath.IsLocal(target) {
		return "leads out of the repository"
	}
	if _, err := os.Stat(filepath.Join(root, target)); err != nil {
		return "no such file or folder"
	}
	if hasFragment && !read(t, target).anchors()[fragment] {
		return "no such heading in " + target
	}
	return ""
}

var testPattern = regexp.MustCompile(`\[(Test[A-Za-z]+)\]\(([^)]+_test\.go)\)`)

// Wherever a document claims that a test shows something, there is that test.
func TestTestsExist(t *testing.T) {
	checked := 0
	var missing []string
	for _, document := range documents(t) {
		for _, match := range testPattern.FindAllStringSubmatch(document.prose(), -1) {
			checked++
			file := filepath.Join(filepath.Dir(document.path), match[2])
			if !strings.Contains(read(t, file).text, "\nfunc "+match[1]+"(t *testing.T) {\n") {
				missing = append(missing, document.path+": "+match[0])
			}
		}
	}
	require.Empty(t, missing)
	require.NotZero(t, checked)
}

var (
	targetPattern = regexp.MustCompile(`(?m)^([a-z][a-z0-9/-]*):`)
	listSeparator = regexp.MustCompile(`&&|\|\||[;|\n]`)
)

// Wherever a document says `make X`, X is a target of the Makefile.
func TestMakeTargetsExist(t *testing.T) {
	targets := map[string]bool{}
	for _, match := range targetPattern.FindAllStringSubmatch(read(t, "Makefile").text, -1) {
		targets[match[1]] = true
	}

	checked := 0
	var missing []string
	for _, document := range documents(t) {
		code := document.inlineCode()
		for _, fence := range document.fences() {
			code = append(code, fence.code)
		}
		for _, target := range madeBy(code) {
			checked++
			if !targets[target] {
				missing = append(missing, document.path+": make "+target)
			}
		}
	}
	require.Empty(t, missing)
	require.NotZero(t, checked)
}

// madeBy gives the goals of every make command in the code.
func madeBy(code []string) []string {
	var goals []string
	for _, fragment := range code {
		for _, command := range listSeparator.Split(fragment, -1) {
			command, _, _ = strings.Cut(command, "#")
			words := slices.DeleteFunc(strings.Fields(command), func(word string) bool {
				return strings.ContainsAny(word, "='")
			})
			if len(words) > 0 && words[0] == "make" {
				goals = append(goals, words[1:]...)
			}
		}
	}
	return goals
}

var (
	fieldPattern = regexp.MustCompile(`^(spec|status)(\.[A-Za-z]+(\[[^]]*\])?)+`)
	indexPattern = regexp.MustCompile(`\[[^]]*\]`)
)

// Wherever a document names a field, it is one of a kind of the API.
func TestFieldsExist(t *testing.T) {
	cluster, store := readAPI(t), readKind(t, "barqbackupstores")
	checked := 0
	var unknown []string
	for _, document := range documents(t) {
		for _, code := range document.inlineCode() {
			path := indexPattern.ReplaceAllString(fieldPattern.FindString(code), "")
			if path == "" {
				continue
			}
			checked++
			if !cluster.has(path) && !store.has(path) {
				unknown = append(unknown, document.path+": "+code)
			}
		}
	}
	require.Empty(t, unknown)
	require.NotZero(t, checked)
}

var filePattern = regexp.MustCompile(`^(api|bundle|cmd|config|docs|hack|helm-charts|internal|test)/[A-Za-z0-9._/-]+$`)

// Wherever a document names a file or folder of the repository, it is there.
func TestFilesExist(t *testing.T) {
	checked := 0
	var missing []string
	for _, document := range documents(t) {
		for _, code := range document.inlineCode() {
			if !filePattern.MatchString(code) {
				continue
			}
			checked++
			if _, err := os.Stat(filepath.Join(root, code)); err != nil {
				missing = append(missing, document.path+": "+code)
			}
		}
	}
	require.Empty(t, missing)
	require.NotZero(t, checked)
}

// Every field at the top of the spec is in a sample or in the prose of the pages for users.
func TestEveryAreaOfTheSpecIsDescribed(t *testing.T) {
	var pages strings.Builder
	for _, path := range []string{"docs/configure.md", "docs/operate.md", "docs/tiering.md"} {
		pages.WriteString(read(t, path).text)
	}
	for _, field := range readAPI(t).fields {
		if area, ok := strings.CutPrefix(field.path, "spec."); ok && !strings.Contains(area, ".") {
			described := strings.Contains(pages.String(), "\n  "+area+":") || strings.Contains(pages.String(), `"`+area+`":`)
			require.True(t, described, "no sample and no command in docs/configure.md or docs/operate.md has %s", area)
		}
	}
}

// Every BarqCluster that is shown in whole has no field that the API does not know.
func TestExamplesAreBarqClusters(t *testing.T) {
	checked := 0
	for _, document := range documents(t) {
		for _, fence := range document.fences() {
			for _, text := range strings.Split(fence.code, "\n---\n") {
				if fence.language != "yaml" || !strings.Contains(text, "\nkind: BarqCluster\n") {
					continue
				}
				checked++
				require.NoError(t, yaml.UnmarshalStrict([]byte(text), &v1alpha1.BarqCluster{}), "%s:\n%s", document.path, text)
			}
		}
	}
	require.NotZero(t, checked)
}

// folders gives the folders in a folder, except hidden ones and what make leaves behind.
func folders(t *testing.T, path string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(root, path))
	require.NoError(t, err)
	var found []string
	for _, entry := range entries {
		name := filepath.Join(path, entry.Name())
		if entry.IsDir() && !strings.HasPrefix(name, ".") && name != "bin" && name != "dist" {
			found = append(found, name)
		}
	}
	return found
}

func TestContributingNamesEveryFolder(t *testing.T) {
	named := map[string]bool{}
	for _, entry := range read(t, "CONTRIBUTING.md").section(t, "Layout").entries() {
		folder, _, _ := strings.Cut(entry, "/")
		named[folder] = true
	}
	for _, folder := range folders(t, ".") {
		require.True(t, named[folder], "CONTRIBUTING.md, Layout, does not name %s", folder)
	}
}
