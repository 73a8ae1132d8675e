package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/test/markdown"
)

// walkthrough is a page of the documentation whose commands a test runs, as a person does
// who reads it: one block after the other, in one folder and one namespace.
type walkthrough struct {
	path      string
	blocks    []markdown.Block
	namespace string
	// folder is where the commands run, and where the files of the page are saved.
	folder string
	// environment of the commands; its KUBECONFIG leads to the namespace.
	environment []string
	// replace puts in what only examples have for a name.
	replace *strings.Replacer
}

// newWalkthrough reads a page. Pairs of an old and a new text are put in wherever the page
// has the old one.
func newWalkthrough(t *testing.T, path string, replacements ...string) *walkthrough {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	require.NoError(t, err)
	w := &walkthrough{
		path: path, blocks: markdown.Blocks(string(text)),
		namespace: newNamespace(t), folder: t.TempDir(), replace: strings.NewReplacer(replacements...),
	}
	kubeconfig, err := os.ReadFile(os.Getenv("KUBECONFIG"))
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, os.WriteFile(file, kubeconfig, 0o600))
	w.environment = append(os.Environ(), "KUBECONFIG="+file)
	w.run(t, 0, "kubectl config set-context --current --namespace="+w.namespace)
	return w
}

// sections are the headings above the blocks, each once, in the order of the page.
func (w *walkthrough) sections() []string {
	var found []string
	for _, block := range w.blocks {
		if len(found) == 0 || found[len(found)-1] != block.Section {
			found = append(found, block.Section)
		}
	}
	return found
}

// shellBlocks is how many blocks of commands the page has, but for those that it names other tests for.
func (w *walkthrough) shellBlocks(t *testing.T) int {
	t.Helper()
	count := 0
	for _, block := range w.blocks {
		if _, isShell := block.Shell(); !isShell {
			continue
		}
		// docs/commands_test.go wants a marker of each block.
		marker, err := markdown.ParseMarker(block.Marker)
		require.NoError(t, err, "%s:%d", w.path, block.Line)
		if marker.Word != markdown.TestedBy {
			count++
		}
	}
	return count
}

// runSection saves the files of a section and runs those of its blocks that the page says
// this test runs. It gives the number of blocks that ran.
func (w *walkthrough) runSection(t *testing.T, section string) int {
	t.Helper()
	ran := 0
	for _, block := range w.blocks {
		if block.Section != section || block.Marker == "" {
			continue
		}
		marker, err := markdown.ParseMarker(block.Marker)
		require.NoError(t, err, "%s:%d", w.path, block.Line)
		name := marker.Names[0]
		commands, isShell := block.Shell()
		switch {
		case marker.Word == markdown.File:
			require.NoError(t, os.WriteFile(filepath.Join(w.folder, name), []byte(w.replace.Replace(block.Code)), 0o600))
		case isShell && marker.Word == markdown.RunBy && name == "test/e2e "+t.Name():
			w.run(t, block.Line, w.replace.Replace(commands))
			ran++
		}
	}
	return ran
}

// run runs commands as bash does in a script, and fails the test with what they printed. It returns that.
func (w *walkthrough) run(t *testing.T, line int, commands string) string {
	t.Helper()
	start := time.Now()
	command := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", commands)
	command.Dir, command.Env = w.folder, w.environment
	out, err := command.CombinedOutput()
	require.NoError(t, err, "%s:%d:\n%s\n%s", w.path, line, commands, out)
	t.Logf("%s:%d took %s\n%s%s", w.path, line, rounded(time.Since(start)), commands, out)
	return string(out)
}
