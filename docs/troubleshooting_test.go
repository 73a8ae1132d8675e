package docs_test

import (
	"go/build"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func troubleshooting(t *testing.T, heading string) []string {
	t.Helper()
	return read(t, "docs/troubleshooting.md").section(t, heading).entries()
}

func TestTroubleshootingHasEveryPhase(t *testing.T) {
	require.ElementsMatch(t, values(constantsOf(t, statusFile), "Phase"), troubleshooting(t, "Phases"))
}

func TestTroubleshootingHasEveryCondition(t *testing.T) {
	require.ElementsMatch(t, values(constantsOf(t, conditionsFile), "Condition"), troubleshooting(t, "Conditions"))
}

func TestTroubleshootingHasEveryReason(t *testing.T) {
	require.ElementsMatch(t, values(constantsOf(t, conditionsFile), "Reason"), troubleshooting(t, "Reasons"))
}

// The release controller hands on the reasons of the library, all but the one that
// internal/controller/release replaces, and makes one where the library gives none.
func TestTroubleshootingHasEveryReasonOfTheLibrary(t *testing.T) {
	library, err := build.Import("github.com/operator-framework/helm-operator-plugins/pkg/reconciler/internal/conditions", ".", build.FindOnly)
	require.NoError(t, err)
	groups := constantsOf(t, filepath.Join(library.Dir, "conditions.go"))
	reasons := slices.DeleteFunc(values(groups, "Reason"), func(reason string) bool {
		return reason == "PauseReconcileAnnotationTrue"
	})
	var made []string
	for _, condition := range values(groups, "Type") {
		made = append(made, condition, "Not"+condition, condition+"Unknown")
	}

	described := troubleshooting(t, "Reasons of the Helm conditions")
	require.Subset(t, described, reasons)
	require.Subset(t, append(reasons, made...), described)
}
