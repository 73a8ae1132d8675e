package docs_test

import (
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every reason for the end of a database has a row that says what to do.
func TestTheAgentsPageHasEveryReason(t *testing.T) {
	var described []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([A-Za-z]+)` \\|").FindAllStringSubmatch(read(t, "docs/agent.md").section(t, "Why the database ended").text, -1) {
		described = append(described, row[1])
	}
	contract := constantsOf(t, filepath.Join(root, "internal/agentapi/v1/termination.go"))
	servers := constantsOf(t, filepath.Join(root, "internal/barq/ending/ending.go"))
	require.ElementsMatch(t, append(values(contract, "Reason"), values(servers, "")...), described)
}
