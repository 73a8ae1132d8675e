package docs_test

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

const (
	importsBegin = "<!-- imports, written by go test ./docs -update: begin -->"
	importsEnd   = "<!-- imports: end -->"
	module       = "github.com/barq-db/barq-operator/"
)

// The table of what packages must not import is what depguard refuses. Each folder that it names exists.
func TestImportsOfTheArchitecture(t *testing.T) {
	var configuration struct {
		Linters struct {
			Settings struct {
				Depguard struct {
					Rules map[string]struct {
						Files, Allow []string
						Deny         []struct{ Pkg, Desc string }
					}
				}
			}
		}
	}
	require.NoError(t, yaml.Unmarshal([]byte(read(t, ".golangci.yml").text), &configuration))
	rules := configuration.Linters.Settings.Depguard.Rules
	var page strings.Builder
	page.WriteString("\n| packages | must not import | why |\n|---|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(rules)) {
		rule := rules[name]
		if len(rule.Files) == 0 {
			// Libraries that no package takes.
			continue
		}
		var denied, reasons []string
		for _, each := range rule.Deny {
			folder, own := strings.CutPrefix(each.Pkg, module)
			if own {
				require.DirExists(t, filepath.Join(root, folder), name)
			}
			denied, reasons = append(denied, code(folder)), append(reasons, each.Desc)
		}
		separator := " but "
		for _, allowed := range rule.Allow {
			denied[len(denied)-1] += separator + code(strings.TrimPrefix(allowed, module))
			separator = " and "
		}
		page.WriteString("| " + restricted(t, rule.Files) + " | " + strings.Join(denied, ", ") + " | " + strings.Join(slices.Compact(reasons), "; ") + " |\n")
	}
	page.WriteString("\n")
	requirePart(t, architecture, importsBegin, importsEnd, page.String())
}

// restricted names the folders of the patterns of depguard for files, and leaves tests out.
func restricted(t *testing.T, patterns []string) string {
	t.Helper()
	var named, excepted []string
	for _, pattern := range patterns {
		pattern, but := strings.CutPrefix(pattern, "!")
		if pattern == "$test" || strings.HasSuffix(pattern, "_test.go") {
			continue
		}
		folder := strings.TrimSuffix(strings.TrimSuffix(strings.TrimPrefix(pattern, "**/"), "/*.go"), "/**")
		require.DirExists(t, filepath.Join(root, folder), "the rule for %q covers nothing", pattern)
		if but {
			excepted = append(excepted, code(folder))
		} else {
			named = append(named, code(folder))
		}
	}
	switch {
	case len(named)+len(excepted) == 0:
		return "all"
	case len(named) == 0:
		return "all but " + strings.Join(excepted, ", ")
	}
	require.Empty(t, excepted, "the page has no words for a rule of both sorts")
	return strings.Join(named, ", ")
}
