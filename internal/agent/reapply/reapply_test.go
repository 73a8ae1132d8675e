package reapply_test

import (
	"os"
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/agent/reapply"
	"github.com/barq-db/barq-operator/internal/barq/datadir"
	"github.com/barq-db/barq-operator/internal/barq/walline"
	"github.com/barq-db/barq-operator/internal/barq/walline/wallinetest"
)

const (
	one     = `{"op":{"Insert":{"id":{"U64":1},"vector":[1.0,2.0],"payload":{"body":"b"}}}}` + "\n"
	two     = `{"op":{"Insert":{"id":{"Str":"two"},"vector":[1.0,2.0],"payload":{"body":"b"}}}}` + "\n"
	without = `{"op":{"Delete":{"U64":1}}}` + "\n"
)

var things = datadir.Collection{Tenant: "default", Name: "things"}

func newRoot(t *testing.T, log string) *os.Root {
	t.Helper()
	root, err := os.OpenRoot(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, root.Close()) })
	require.NoError(t, root.MkdirAll(things.Segments(), 0o755))
	require.NoError(t, root.WriteFile(things.Schema(), []byte(wallinetest.Schema), 0o644))
	require.NoError(t, root.WriteFile(things.Log(), []byte(log), 0o644))
	return root
}

func logOf(t *testing.T, root *os.Root) string {
	t.Helper()
	content, err := root.ReadFile(things.Log())
	require.NoError(t, err)
	return string(content)
}

func TestApply(t *testing.T) {
	root := newRoot(t, without)
	require.NoError(t, root.WriteFile(path.Join(things.Segments(), "segment_rotated_00000000000000000001.jsonl"), []byte(one+two), 0o644))
	report, err := reapply.Apply(root, things, strings.NewReader(one+"\n"+strings.TrimSpace(two)), false)
	require.NoError(t, err)
	require.Equal(t, reapply.Report{Written: 1, Present: []walline.ID{{Text: "two", IsText: true}}}, report)
	require.Equal(t, without+one, logOf(t, root))

	report, err = reapply.Apply(root, things, strings.NewReader(one+two), false)
	require.NoError(t, err)
	require.Equal(t, 0, report.Written)
	require.Equal(t, without+one, logOf(t, root))

	report, err = reapply.Apply(root, things, strings.NewReader(one+two), true)
	require.NoError(t, err)
	require.Equal(t, reapply.Report{Written: 2}, report)
	require.Equal(t, without+one+one+two, logOf(t, root))
}

func TestLinesThatAreRefused(t *testing.T) {
	for lines, message := range map[string]string{
		one + `{"op":{"Insert":{"id":{"U64":2},"vector":[null,2.0],"payload":{"body":"b"}}}}`: "line 2, column 43: the server does not read it (NoNumber); correct it, or leave it out",
		`{"op":{"Insert":{"id":{"U64":2},"vector":[1e39,2.0],"payload":{"body":"b"}}}}`:       "line 1: a number of its vector is too large for 32 bits; write one below 3.4e38",
		without: "line 1 deletes a document; delete it through the API instead",
	} {
		root := newRoot(t, two)
		_, err := reapply.Apply(root, things, strings.NewReader(lines), true)
		require.EqualError(t, err, message)
		require.Equal(t, two, logOf(t, root))
	}

	root := newRoot(t, `{"op`)
	_, err := reapply.Apply(root, things, strings.NewReader(one), false)
	require.ErrorContains(t, err, things.Log()+": line 1 is damaged (Torn); start the database once, which repairs it")
}
