package chart_test

import (
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/release"
	"sigs.k8s.io/yaml"
)

var update = flag.Bool("update", false, "write the golden files anew instead of comparing with them")

// examples gives the values files of the chart's ci folder by name.
func examples(t *testing.T) map[string]string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(chartPath, "ci", "*-values.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	found := map[string]string{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		found[strings.TrimSuffix(filepath.Base(path), "-values.yaml")] = string(text)
	}
	return found
}

func TestGoldenFiles(t *testing.T) {
	var expected []string
	for name, values := range examples(t) {
		manifest, notes := name+".manifest.yaml", name+".notes.txt"
		expected = append(expected, manifest, notes)
		t.Run(name, func(t *testing.T) {
			rendered := render(t, values, podMonitors)
			compareWithGolden(t, manifest, allManifests(rendered))
			compareWithGolden(t, notes, rendered.Info.Notes)
		})
	}

	// A golden file that no example makes any more would never fail.
	entries, err := os.ReadDir("testdata")
	require.NoError(t, err)
	var present []string
	for _, entry := range entries {
		if entry.Name() != "cases" {
			present = append(present, entry.Name())
		}
	}
	require.ElementsMatch(t, expected, present)
}

// byDefault is the case that the others of a file are told by.
const byDefault = "by default"

// readCases gives the values of each case in testdata/cases/NAME.values.yaml.
func readCases(t *testing.T, name string) chartutil.Values {
	t.Helper()
	cases, err := chartutil.ReadValuesFile(filepath.Join("testdata", "cases", name+".values.yaml"))
	require.NoError(t, err)
	return cases
}

// compareCases renders the values of each case of a file, and compares the part of the release that take gives. The golden
// file has the case byDefault whole, and of every other case all that differs from it, as a JSON merge patch.
func compareCases(t *testing.T, name string, take func(*testing.T, *release.Release) map[string]any, apis ...string) {
	t.Helper()
	part := func(t *testing.T, values any) []byte {
		t.Helper()
		rendered, err := tryRender(t, loadChart(t), releaseName, values.(map[string]any), apis...)
		require.NoError(t, err)
		text, err := json.Marshal(take(t, rendered))
		require.NoError(t, err)
		return text
	}
	cases := readCases(t, name)
	first := part(t, cases[byDefault])
	compareFound(t, name, cases, func(t *testing.T, name string, values map[string]any) any {
		t.Helper()
		if name == byDefault {
			return json.RawMessage(first)
		}
		patch, err := jsonpatch.CreateMergePatch(first, part(t, values))
		require.NoError(t, err)
		return json.RawMessage(patch)
	})
}

// compareFound compares what is found of each case with testdata/cases/NAME.golden.yaml.
func compareFound(t *testing.T, name string, cases chartutil.Values, find func(*testing.T, string, map[string]any) any) {
	t.Helper()
	path := filepath.Join("testdata", "cases", name+".golden.yaml")
	golden, err := os.ReadFile(path)
	require.True(t, *update || err == nil, err)
	wanted, found := map[string]any{}, map[string]any{}
	require.NoError(t, yaml.UnmarshalStrict(golden, &wanted))
	for name, values := range cases {
		t.Run(name, func(t *testing.T) {
			found[name] = find(t, name, values.(map[string]any))
			if !*update {
				require.Equal(t, yamlOf(t, wanted[name]), yamlOf(t, found[name]), "if the change is wanted: go test ./test/chart -update")
			}
		})
	}
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(yamlOf(t, found)), 0o644))
		return
	}
	require.ElementsMatch(t, slices.Collect(maps.Keys(cases)), slices.Collect(maps.Keys(wanted)))
}

func yamlOf(t *testing.T, object any) string {
	t.Helper()
	text, err := yaml.Marshal(object)
	require.NoError(t, err)
	return string(text)
}

func TestNotesSayThatNoPodRuns(t *testing.T) {
	const replicas = "\n- REPLICAS: replicas is 0, so no pod runs. The volumes stay.\n"
	running, stopped := render(t, `replicas: 1`).Info.Notes, render(t, `replicas: 0`).Info.Notes
	require.Equal(t, running, strings.Replace(stopped, replicas, "\n", 1))
	require.NotEqual(t, running, stopped)
}

// The notes say of TLS what docs/barq-server.md does, which test/conformance shows.
func TestNotesSayThatTheReleaseCannotServeTLS(t *testing.T) {
	const tls = "\n- TLS: Barq DB 0.1.0 cannot serve it and exits at startup, with exit code 101. With an image that can, HTTP is encrypted and gRPC is not.\n"
	require.Contains(t, render(t, `tls: {secretName: a}`).Info.Notes, tls)
	require.NotContains(t, render(t, `{}`).Info.Notes, "TLS")
	facts, err := os.ReadFile("../../docs/barq-server.md")
	require.NoError(t, err)
	require.Contains(t, string(facts), "| `BARQ_TLS_CERT` and `BARQ_TLS_KEY` together should turn HTTP into HTTPS. Barq DB exits at startup instead (exit code 101).")
}

// A policy that lets no client in from outside makes such a Service useless.
func TestNotesSayWhatThePolicyKeepsOut(t *testing.T) {
	const kept = "\n  It keeps out what comes through the NodePort too, until networkPolicy.from lets it in.\n"
	inside := render(t, `{}`).Info.Notes
	outside := render(t, `service: {type: NodePort}`).Info.Notes
	require.NotEqual(t, inside, outside)
	require.Equal(t, inside, strings.Replace(outside, kept, "\n", 1))
	require.NotContains(t, render(t, `{service: {type: NodePort}, networkPolicy: {from: [{ipBlock: {cidr: 192.0.2.0/24}}]}}`).Info.Notes, kept)
	require.NotContains(t, render(t, `{service: {type: NodePort}, networkPolicy: {enabled: false}}`).Info.Notes, kept)
}

func compareWithGolden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
		return
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "%s is out of date; if the change is wanted: go test ./test/chart -update", path)
}

func TestRenderingTwiceGivesTheSame(t *testing.T) {
	for name, values := range examples(t) {
		t.Run(name, func(t *testing.T) {
			first, second := render(t, values), render(t, values)
			require.Equal(t, allManifests(first), allManifests(second))
			require.Equal(t, first.Info.Notes, second.Info.Notes)
		})
	}
}
