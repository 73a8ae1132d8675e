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

// guide is a page of the documentation whose commands a test runs, as a person does
// who reads it: one block after the other, in one folder and one namespace.
type guide struct {
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

// newGuide reads a page. Pairs of an old and a new text are put in wherever the page
// has the old one.
func newGuide(t *testing.T, path string, replacements ...string) *guide {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	require.NoError(t, err)
	g := &guide{
		path: path, blocks: markdown.Blocks(string(text)),
		namespace: newNamespace(t), folder: t.TempDir(), replace: strings.NewReplacer(replacements...),
	}
	kubeconfig, err := os.ReadFile(os.Getenv("KUBECONFIG"))
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, os.WriteFile(file, kubeconfig, 0o600))
	g.environment = append(os.Environ(), "KUBECONFIG="+file)
	g.run(t, 0, "kubectl config set-context --current --namespace="+g.namespace)
	return g
}

// sections are the headings above the blocks, each once, in the order of the page.
func (g *guide) sections() []string {
	var found []string
	for _, block := range g.blocks {
		if len(found) == 0 || found[len(found)-1] != block.Section {
			found = append(found, block.Section)
		}
	}
	return found
}

// runSection saves the files of a section and runs those of its blocks that the page says
// this test runs. It gives the number of blocks that ran.
func (g *guide) runSection(t *testing.T, section string) int {
	t.Helper()
	ran := 0
	for _, block := range g.blocks {
		if block.Section != section || block.Marker == "" {
			continue
		}
		marker, err := markdown.ParseMarker(block.Marker)
		require.NoError(t, err, "%s:%d", g.path, block.Line)
		name := marker.Names[0]
		commands, isShell := block.Shell()
		switch {
		case marker.Word == markdown.File:
			require.NoError(t, os.WriteFile(filepath.Join(g.folder, name), []byte(g.replace.Replace(block.Code)), 0o600))
		case isShell && marker.Word == markdown.RunBy && name == "test/e2e "+t.Name():
			g.run(t, block.Line, g.replace.Replace(commands))
			ran++
		}
	}
	return ran
}

// run runs commands as bash does in a script, and fails the test with what they printed.
func (g *guide) run(t *testing.T, line int, commands string) {
	t.Helper()
	start := time.Now()
	command := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", commands)
	command.Dir, command.Env = g.folder, g.environment
	out, err := command.CombinedOutput()
	require.NoError(t, err, "%s:%d:\n%s\n%s", g.path, line, commands, out)
	t.Logf("%s:%d took %s\n%s%s", g.path, line, rounded(time.Since(start)), commands, out)
}
