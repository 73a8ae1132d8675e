package docs_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"
)

var releaseKindsPattern = regexp.MustCompile(`(?m)^Release kinds are (.*)\.$`)

// The table of SECURITY.md has each verb on each kind that the operator's role allows, once.
func TestEveryVerbOfTheRoleIsInTheTable(t *testing.T) {
	var role rbacv1.ClusterRole
	require.NoError(t, yaml.UnmarshalStrict([]byte(read(t, "config/rbac/role.yaml").text), &role))
	var allowed []string
	for _, rule := range role.Rules {
		for _, kind := range rule.Resources {
			if slices.Contains(rule.APIGroups, "events.k8s.io") {
				// There are two kinds of this name.
				kind = "events.k8s.io/" + kind
			}
			for _, verb := range rule.Verbs {
				allowed = append(allowed, verb+" "+kind)
			}
		}
	}

	section := read(t, "SECURITY.md").section(t, "What a tenant can make the operator do")
	releaseKinds := releaseKindsPattern.FindStringSubmatch(section.text)
	require.NotNil(t, releaseKinds)
	var told []string
	for line := range strings.Lines(section.text) {
		cells := strings.Split(line, "|")
		if len(cells) != 7 || strings.TrimSpace(cells[1]) == "Kind" || strings.HasPrefix(cells[1], "---") {
			continue
		}
		kinds, verbs := codeIn(strings.Replace(cells[1], "release kinds", releaseKinds[1], 1)), codeIn(cells[2])
		require.NotEmpty(t, kinds, line)
		require.NotEmpty(t, verbs, line)
		require.NotEmpty(t, strings.TrimSpace(cells[3]), line)
		for _, kind := range kinds {
			for _, verb := range verbs {
				told = append(told, verb+" "+kind)
			}
		}
	}
	require.ElementsMatch(t, allowed, told)
}

// codeIn gives what stands between backticks.
func codeIn(text string) []string {
	var found []string
	for _, match := range inlinePattern.FindAllStringSubmatch(text, -1) {
		found = append(found, match[1])
	}
	return found
}
