package markdown_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/test/markdown"
)

const page = `# Page

Prose with <!-- no marker -->

<!-- run by: test/e2e TestPage -->
` + "```sh" + `
## no heading
kubectl get bqc
` + "```" + `

## Second

- In a list:

  <!-- needs: a cloud -->
  ` + "```" + `
  $ kubectl get bqc
  NAME
    indented
  $ kubectl get pvc
  ` + "```" + `

<!-- file: db.yaml -->

` + "```yaml" + `
kind: BarqCluster
` + "```" + `
`

func TestBlocks(t *testing.T) {
	require.Equal(t, []markdown.Block{
		{Language: "sh", Code: "## no heading\nkubectl get bqc\n", Line: 6, Marker: "run by: test/e2e TestPage"},
		{Code: "$ kubectl get bqc\nNAME\n  indented\n$ kubectl get pvc\n", Line: 16, Section: "Second", Marker: "needs: a cloud"},
		// A marker is right above its block, or it is not its marker.
		{Language: "yaml", Code: "kind: BarqCluster\n", Line: 25, Section: "Second"},
	}, markdown.Blocks(page))
}

func TestShell(t *testing.T) {
	for _, test := range []struct {
		name  string
		block markdown.Block
		typed string
		any   bool
	}{
		{"all of a script", markdown.Block{Language: "sh", Code: "a\n"}, "a\n", true},
		{"what follows a prompt", markdown.Block{Code: "$ a\nb\n$ c\n"}, "a\nc\n", true},
		{"output alone", markdown.Block{Code: "a $ b\n"}, "", false},
		{"another language", markdown.Block{Language: "yaml", Code: "a: b\n"}, "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			typed, found := test.block.Shell()
			require.Equal(t, test.typed, typed)
			require.Equal(t, test.any, found)
		})
	}
}

func TestParseMarker(t *testing.T) {
	marker, err := markdown.ParseMarker("tested by: test/e2e TestA, test/integration TestB")
	require.NoError(t, err)
	require.Equal(t, markdown.Marker{Word: markdown.TestedBy, Names: []string{"test/e2e TestA", "test/integration TestB"}}, marker)

	for comment, message := range map[string]string{
		"What changes":     `"What changes" is no marker: write one of run by, tested by, needs, file, and a colon`,
		"run: it":          `"run: it" is no marker: write one of run by, tested by, needs, file, and a colon`,
		"needs:":           `"needs:" names nothing after "needs:", or has an empty place between commas`,
		"tested by: A, ,B": `"tested by: A, ,B" names nothing after "tested by:", or has an empty place between commas`,
	} {
		_, err := markdown.ParseMarker(comment)
		require.EqualError(t, err, message)
	}
}
