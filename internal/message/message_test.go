package message_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/message"
)

func TestBound(t *testing.T) {
	require.Equal(t, "abcd", message.Bound("abcd", 4))
	require.Equal(t, "a...", message.Bound("abcde", 4))
	for limit := 4; limit < 20; limit++ {
		bounded := message.Bound(strings.Repeat("ü", 100), limit)
		require.LessOrEqual(t, len(bounded), limit)
		require.True(t, utf8.ValidString(bounded), bounded)
	}
}

func TestOneLine(t *testing.T) {
	require.Equal(t, "failed to pull: not found", message.OneLine("failed to pull:\n\tnot found\n"))
}
