package chart_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// leaves lists the values that a user can set, with their defaults as one would
// write them.
func leaves(t *testing.T, prefix string, values map[string]any) map[string]string {
	t.Helper()
	found := map[string]string{}
	for key, value := range values {
		path := prefix + key
		if inner, ok := value.(map[string]any); ok && len(inner) > 0 {
			for path, text := range leaves(t, path+".", inner) {
				found[path] = text
			}
			continue
		}
		if text, ok := value.(string); ok && text != "" {
			found[path] = text
			continue
		}
		text, err := json.Marshal(value)
		require.NoError(t, err)
		found[path] = string(text)
	}
	return found
}

func readChartFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(chartPath, name))
	require.NoError(t, err)
	return string(text)
}

// The table of values in README.md lists exactly the values there are, with
// their defaults.
func TestReadmeListsEveryValue(t *testing.T) {
	section := regexp.MustCompile(`(?s)\n## Values\n(.*?)\n## `).FindStringSubmatch(readChartFile(t, "README.md"))
	require.NotNil(t, section)
	documented := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| `([^`]+)` \\|").FindAllStringSubmatch(section[1], -1) {
		documented[row[1]] = row[2]
	}
	require.Equal(t, leaves(t, "", loadChart(t).Values), documented)
}

// The table of variables in README.md lists exactly the variables that the
// chart can set.
func TestReadmeListsEveryVariable(t *testing.T) {
	section := regexp.MustCompile(`(?s)\n## Environment of the database\n(.*?)\n## `).FindStringSubmatch(readChartFile(t, "README.md"))
	require.NotNil(t, section)
	var documented []string
	for _, row := range regexp.MustCompile("(?m)^\\| (`[A-Z].*?) \\|").FindAllStringSubmatch(section[1], -1) {
		for _, name := range strings.Split(row[1], ", ") {
			documented = append(documented, strings.Trim(name, "`"))
		}
	}

	possible := map[string]bool{}
	for _, tiers := range []string{
		`warm: {provider: s3, bucket: a, region: b, endpoint: "http://c", credentialsSecretRef: {name: d}}, cold: {provider: gcs, bucket: a, credentialsSecretRef: {name: d}}`,
		`warm: {provider: azure, bucket: a, credentialsSecretRef: {name: d}}`,
	} {
		values := fmt.Sprintf("{tls: {secretName: a}, tiering: {enabled: true, %s}}", tiers)
		for _, variable := range database(t, render(t, values)).Env {
			possible[variable.Name] = true
		}
	}
	var set []string
	for name := range possible {
		set = append(set, name)
	}
	require.ElementsMatch(t, set, documented)
}

// Every value in values.yaml has a comment above it.
func TestEveryValueIsCommented(t *testing.T) {
	key := regexp.MustCompile(`^ *[a-zA-Z]+:`)
	above := ""
	for number, line := range strings.Split(readChartFile(t, "values.yaml"), "\n") {
		if key.MatchString(line) {
			require.Regexp(t, `^ *# `, above, "values.yaml:%d: %s", number+1, line)
		}
		above = line
	}
}
