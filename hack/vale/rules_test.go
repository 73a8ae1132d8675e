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
		{"It deletes claims of these pods.", []string{"Write PVC instead of 'claims of these pods'"}},
		{"Resize claim data-db-0.", []string{"Write PVC instead of 'claim data-'"}},
		{"No pod uses the claim.", []string{"Write PVC instead of 'the claim'"}},
		{"Barq DB ends at its start.", []string{"Write 'exit at startup' instead of 'ends at its start'"}},

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

// Comments keep to the words alone. What is not a comment is for TestMessages.
func TestComments(t *testing.T) {
	page := filepath.Join(t.TempDir(), "source.go")
	source := "package example\n\n// A roll-out waits for a pass. " + long + ".\nvar word = \"roll-outs\" // The Helm side reads it.\n"
	require.NoError(t, os.WriteFile(page, []byte(source), 0o600))
	require.Equal(t, map[string][]string{page: {
		"Write rollout instead of 'roll-out'.",
		"Write the release controller instead of 'The Helm side'.",
	}}, lint(t, filepath.Dir(page)))
}

// A message in the source is found under its file and line. JSON is data.
func TestMessages(t *testing.T) {
	const source = `package example

// +kubebuilder:validation:XValidation:rule="true",message="nobody may change it"
var names = []string{"mended", "a short message"}

func say(pod string) error {
	return fmt.Errorf("pod %s waits "+
		"until somebody "+describe("the roll-out of "+pod)+" says so: %w", pod, err)
}

const message = "LONG"

const data = "{\"nobody\": \"mended it\"}"
`
	folder, target := t.TempDir(), t.TempDir()
	for name, text := range map[string]string{
		"source.go":      strings.Replace(source, "LONG", strings.ReplaceAll(long, "`", ""), 1),
		"source_test.go": source,
		"policy.yaml":    "# whoever\nmessage: \"whoever deletes it\"\n",
		"NOTES.txt":      "What to know:\n{{- if .Values.tls }}\n- TLS: the database {{ .Release.Name }}\n  ends at its start.\n{{- end }}\n",
		"_names.tpl":     "{{- fail }}\nthe claim\n{{- end }}\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
	}
	require.NoError(t, WriteMessages(target, folder))

	found := map[string][]string{}
	for path, messages := range lint(t, target) {
		name := strings.TrimPrefix(path, filepath.Join(target, folder)+"/")
		for _, message := range messages {
			_, message, _ = strings.Cut(message, "instead of ")
			found[name] = append(found[name], message)
		}
	}
	require.Equal(t, map[string][]string{
		"source.go:3.txt":   {"'nobody'."},
		"source.go:7.txt":   {"'somebody'."},
		"source.go:8.txt":   {"'roll-out'."},
		"source.go:11.txt":  {""},
		"policy.yaml:2.txt": {"'whoever'."},
		"NOTES.txt:3.txt":   {"'ends at its start'."},
		"_names.tpl:2.txt":  {"'the claim'."},
	}, found)
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
