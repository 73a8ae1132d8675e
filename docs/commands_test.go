package docs_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/test/markdown"
)

// needs are the things that no test has, and for which a block may say so.
var needs = []string{
	"a cloud",
	"a container engine and a registry",
	"the rights of a maintainer",
}

// Every command of the documents is run by a test, or is marked as one that cannot be.
func TestEveryCommandIsRunOrMarked(t *testing.T) {
	checked := 0
	var problems []string
	for _, document := range documentsWithCommands(t) {
		for _, block := range markdown.Blocks(document.text) {
			commands, ok := block.Shell()
			if !ok {
				continue
			}
			checked++
			if problem := whoRuns(t, document, block, commands); problem != "" {
				problems = append(problems, fmt.Sprintf("%s:%d: %s", document.path, block.Line, problem))
			}
		}
	}
	require.NotZero(t, checked)
	if len(problems) > 0 {
		t.Errorf("%s\n\nWrite a marker on the line above the block, one of\n"+
			"  <!-- run by: test/e2e TestX -->      TestX reads the page and runs the block\n"+
			"  <!-- run by: %s -->             CI has the same commands\n"+
			"  <!-- tested by: test/e2e TestX -->   TestX does the same; several tests are separated by commas\n"+
			"  <!-- needs: THING -->                no test has that thing: %s\n"+
			"See CONTRIBUTING.md, \"Commands in documents\".",
			strings.Join(problems, "\n"), ci, strings.Join(needs, ", "))
	}
}

// documentsWithCommands are all but the READMEs of the charts, which `make test-chart` reads.
func documentsWithCommands(t *testing.T) []document {
	t.Helper()
	return slices.DeleteFunc(documents(t), func(d document) bool { return strings.HasPrefix(d.path, "helm-charts/") })
}

// whoRuns says what is wrong with the marker of a block, or nothing.
func whoRuns(t *testing.T, from document, block markdown.Block, commands string) string {
	t.Helper()
	if block.Marker == "" {
		return "nothing says who runs\n    " + strings.ReplaceAll(strings.TrimSpace(commands), "\n", "\n    ")
	}
	marker, err := markdown.ParseMarker(block.Marker)
	if err != nil {
		return err.Error()
	}
	for _, name := range marker.Names {
		if problem := whoIs(t, from, marker.Word, name, commands); problem != "" {
			return problem
		}
	}
	return ""
}

func whoIs(t *testing.T, from document, word, name, commands string) string {
	t.Helper()
	switch {
	case word == markdown.Needs && !slices.Contains(needs, name):
		return fmt.Sprintf("a block cannot need %q", name)
	case word == markdown.Needs:
		return ""
	case word == markdown.RunBy && name == ci:
		return notInCI(t, commands)
	case word == markdown.RunBy || word == markdown.TestedBy:
		return notATest(t, from, word, name)
	default:
		return fmt.Sprintf("%q says nothing about who runs the commands", word)
	}
}

// notATest says why a name such as "test/e2e TestX" is not a test that does what the
// marker says, or nothing.
func notATest(t *testing.T, from document, word, name string) string {
	t.Helper()
	folder, function, _ := strings.Cut(name, " ")
	found, exists := testsIn(t, folder)[function]
	switch {
	case !exists:
		return fmt.Sprintf("there is no test %s in %s", function, folder)
	case word == markdown.RunBy && !slices.Contains(found, from.path):
		return fmt.Sprintf("test %s in %s does not read %s: write %q, or make it run the page", function, folder, from.path, markdown.TestedBy)
	default:
		return ""
	}
}

// testsIn gives the tests of a package, each with the texts that stand in its file.
func testsIn(t *testing.T, folder string) map[string][]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, folder, "*_test.go"))
	require.NoError(t, err)
	found := map[string][]string{}
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		texts := textsIn(file)
		for _, declaration := range file.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			if !ok || function.Recv != nil || !strings.HasPrefix(function.Name.Name, "Test") || function.Name.Name == "TestMain" {
				continue
			}
			found[function.Name.Name] = texts
		}
	}
	return found
}

func textsIn(file *ast.File) []string {
	var texts []string
	ast.Inspect(file, func(node ast.Node) bool {
		if literal, ok := node.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			if text, err := strconv.Unquote(literal.Value); err == nil {
				texts = append(texts, text)
			}
		}
		return true
	})
	return texts
}

// What may stand above a block, and what is said of anything else.
func TestWhoRuns(t *testing.T) {
	page := document{path: "docs/operate.md"}
	for marker, want := range map[string]string{
		"run by: test/e2e TestOperateGuide":                       "",
		"tested by: test/e2e TestTLS, test/integration TestScale": "",
		"needs: a cloud":                         "",
		"run by: .ci/run":                        "",
		"":                                       "nothing says who runs\n    make test # all",
		"whoever":                                `"whoever" is no marker: write one of run by, tested by, needs, file, and a colon`,
		"needs: a coffee":                        `a block cannot need "a coffee"`,
		"file: test.sh":                          `"file" says nothing about who runs the commands`,
		"run by: test/e2e TestTLS":               `test TestTLS in test/e2e does not read docs/operate.md: write "tested by", or make it run the page`,
		"tested by: test/e2e TestThatIsNotThere": "there is no test TestThatIsNotThere in test/e2e",
		"tested by: test/e2e TestTLS, test/nowhere TestTLS":          "there is no test TestTLS in test/nowhere",
		"tested by: test/e2e TestMain":                               "there is no test TestMain in test/e2e",
		"run by: test/e2e TestOperateGuide, test/integration TestNo": "there is no test TestNo in test/integration",
	} {
		require.Equal(t, want, whoRuns(t, page, markdown.Block{Marker: marker}, "make test # all\n"), marker)
	}
	inCI := markdown.Block{Marker: "run by: .ci/run"}
	require.Equal(t, ".ci/run does not run make docker-push", whoRuns(t, page, inCI, "make test-unit\nmake docker-push\n"))
	require.Equal(t, `.ci/run runs goals of make, and not "kubectl get bqc"`, whoRuns(t, page, inCI, "kubectl get bqc\n"))
}
