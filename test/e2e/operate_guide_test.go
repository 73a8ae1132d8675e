package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The commands of docs/operate.md work as they are written there, and none before
// the last section loses a document.
func TestOperateGuide(t *testing.T) {
	// It drains a node, which no cluster of another one should suffer.
	onOwnNode(t)
	w := newWalkthrough(t, "docs/operate.md",
		"docker.io/yasserrmd/barq-db:0.1.0", images.database,
		"registry.example.com/barq-db:0.1.1", images.otherDatabase,
		// A second for each start instead of five.
		"  storage:\n    size: 10Gi\n", "  minReadySeconds: 1\n  storage:\n    size: 10Gi\n",
	)
	const first, last = "Make one", "Remove"
	sections := w.sections()
	require.Equal(t, first, sections[0])
	require.Equal(t, last, sections[len(sections)-1])
	for _, section := range sections {
		ran := w.runSection(t, section)
		switch {
		case section == first:
			fill(t, w.namespace, "vectors-0", 100)
		case section != last && ran > 0:
			require.Equal(t, 100, found(t, w.namespace, "vectors-0", 100), "after %q", section)
		}
	}
}
