package markdown_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/test/markdown"
)

func TestReplacePart(t *testing.T) {
	replaced, err := markdown.ReplacePart([]byte("above\n<a>\nold\n<b>\nbelow\n"), "<a>", "<b>", "new\n")
	require.NoError(t, err)
	require.Equal(t, "above\n<a>\nnew\n<b>\nbelow\n", string(replaced))

	_, err = markdown.ReplacePart([]byte("<b>\n<a>\n"), "<a>", "<b>", "new\n")
	require.EqualError(t, err, `has not the lines "<a>" and "<b>", between which the results go`)
}

func TestTable(t *testing.T) {
	require.Equal(t, "| a    | b |\n|------|---|\n| more | ü |\n", markdown.Table{{"a", "b"}, {"more", "ü"}}.String())
	require.Empty(t, markdown.Table{}.String())
}
