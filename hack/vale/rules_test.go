// Package vale holds the rules of the pages, which make lint applies with Vale.
package vale

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/hack/programs"
)

// long has 26 words, one of them a span of code.
const long = "The operator reads `spec.storage.size` and then " +
	"writes one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"

// A page has what the rules find in it, as the messages say it.
func TestRules(t *testing.T) {
	const tooLong = "Write at most 25 words in a sentence; this has 26"
	pages := []struct {
		page string
		want []string
	}{
		{long + ".", []string{tooLong}},
		{"- A short one.\n- " + long + ".", []string{tooLong}},
		{"| field | meaning |\n|---|---|\n| a | " + long + " |", []string{tooLong}},
		{strings.Replace(long, "one two", "one. Two", 1) + ".", nil},
		{strings.Replace(long, "one two", "`one two`", 1) + ".", nil},
		{"```\n" + long + "\n```", nil},

		{"Nobody restarts it.", []string{"Write who it is (you, the operator, Helm, another user) instead of 'Nobody'"}},
		{"Correct what somebody or whoever wrote.", []string{
			"Write who it is (you, the operator, Helm, another user) instead of 'somebody'",
			"Write who it is (you, the operator, Helm, another user) instead of 'whoever'",
		}},
		{"You mend the spec.", []string{"Write fix or correct instead of 'mend'"}},
		{"The operator puts it right.", []string{"Write revert, fix or correct instead of 'puts it right'"}},
		{"A roll-out waits.", []string{"Write rollout instead of 'roll-out'"}},
		{"The Helm side applies it.", []string{"Write the release controller instead of 'The Helm side'"}},
		{"It grows of its own accord.", []string{"Write what causes it instead of 'of its own accord'"}},
		{"A newcomer waits.", []string{"Write 'new' and the noun (a new pod) instead of 'newcomer'"}},
		{"It unsettles the release.", []string{"Write invalidate instead of 'unsettles'"}},
		{"It disowns the pod.", []string{"Write remove the owner reference instead of 'disowns'"}},
		{"It failed lately.", []string{"Write recently, or since when instead of 'lately'"}},
		{"The next pass applies it.", []string{"Write reconcile instead of 'next pass'"}},
		{"Resize the volume claim.", []string{"Write PVC instead of 'volume claim'"}},
		{"It deletes the claims of these pods.", []string{"Write PVC instead of 'claims of these pods'"}},
		{"Resize claim data-db-0.", []string{"Write PVC instead of 'claim data-'"}},

		{"The message is `held back until Secrets are mended`.", nil},
		{"The amendment passes each test, and an operator claims the BarqCluster.", nil},
	}

	folder := t.TempDir()
	for i, page := range pages {
		require.NoError(t, os.WriteFile(filepath.Join(folder, strconv.Itoa(i)+".md"), []byte(page.page+"\n"), 0o600))
	}
	found := lint(t, folder)
	for i, page := range pages {
		var got []string
		for _, message := range found[filepath.Join(folder, strconv.Itoa(i)+".md")] {
			message, _, _ = strings.Cut(message, ":")
			got = append(got, strings.TrimSuffix(message, "."))
		}
		require.ElementsMatch(t, page.want, got, page.page)
	}
}

// lint returns the messages of each page in the folder.
func lint(t *testing.T, folder string) map[string][]string {
	t.Helper()
	built, err := programs.Build(t.Context(), "../tools/vale", os.Stderr, "vale")
	require.NoError(t, err)

	// Go runs the test again only if a file changes that the test itself reads.
	rules, err := filepath.Glob("styles/*/*.yml")
	require.NoError(t, err)
	for _, path := range append(rules, "../../.vale.ini") {
		_, err := os.ReadFile(path)
		require.NoError(t, err)
	}

	output, err := exec.CommandContext(t.Context(), built["vale"], "--config", "../../.vale.ini", "--output", "JSON", "--no-exit", folder).Output()
	require.NoError(t, err, string(output))
	var alerts map[string][]struct{ Message string }
	require.NoError(t, json.Unmarshal(output, &alerts), string(output))
	messages := map[string][]string{}
	for page, found := range alerts {
		for _, alert := range found {
			messages[page] = append(messages[page], alert.Message)
		}
	}
	return messages
}
