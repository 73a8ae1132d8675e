package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/test/barqcluster"
	"github.com/barq-db/barq-operator/test/markdown"
)

// The commands and the BarqCluster of README.md work as they are written there, from Helm's install on.
func TestReadme(t *testing.T) {
	const registry, defaultImage = "oci://ghcr.io/barq-db/charts", "docker.io/yasserrmd/barq-db:0.1.0"
	samples, err := filepath.Abs(filepath.Join(root, "config", "samples"))
	require.NoError(t, err)
	w := newWalkthrough(t, "README.md",
		registry+"/barq-operator", "oci://"+os.Getenv(registryVariable)+"/readme/barq-operator "+plainHTTP(),
		"config/samples", samples,
		// A node of two processors has room for this.
		`cpu: "2"`, `cpu: "10m"`, "memory: 8Gi", "memory: 128Mi",
	)
	makeWayForHelm(t)
	chart := filepath.Join(t.TempDir(), "barq-operator")
	copyChart(t, filepath.Join(root, "helm-charts", "barq-operator"), chart, images.operator)
	pushChart(t, "readme", "VERSION="+thisVersion, "CHART="+chart, "CHART_PACKAGES="+t.TempDir())

	require.Equal(t, 2, w.runSection(t, "Install"))
	for _, block := range w.blocks {
		commands, isShell := block.Shell()
		switch {
		case block.Section != "A BarqCluster":
		case isShell:
			shown := strings.Replace(printed(block), defaultImage, images.database, 1)
			require.Equal(t, columns(shown), columns(w.run(t, block.Line, commands)), "%s:%d", w.path, block.Line)
		default:
			w.run(t, block.Line, "kubectl apply -f - <<END\n"+w.replace.Replace(block.Code)+"END\nkubectl wait bqc/vectors --for=condition=Ready --timeout=5m\n")
		}
	}
	minimal, vectors := barqcluster.Parse(t, w.namespace, "minimal", `{}`), barqcluster.Parse(t, w.namespace, "vectors", `{}`)
	for _, cluster := range []*v1alpha1.BarqCluster{minimal, vectors} {
		fill(t, w.namespace, cluster.Name+"-0", 10)
		require.Equal(t, 10, found(t, w.namespace, cluster.Name+"-0", 10))
	}
	removeRelease(t, minimal, vectors)
}

// printed returns what a block shows after its commands.
func printed(block markdown.Block) string {
	var lines strings.Builder
	for line := range strings.Lines(block.Code) {
		if !strings.HasPrefix(line, "$ ") {
			lines.WriteString(line)
		}
	}
	return lines.String()
}

var (
	spaces = regexp.MustCompile(` +`)
	age    = regexp.MustCompile(` \d+m?\d*s `)
)

// columns returns a table of kubectl whose widths and ages are the same in any other.
func columns(table string) string {
	return age.ReplaceAllString(spaces.ReplaceAllString(table, " "), " AGE ")
}
