package termination_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/agent/termination"
	v1 "github.com/barq-db/barq-operator/internal/agentapi/v1"
)

func TestWrite(t *testing.T) {
	said := v1.Termination{Reason: v1.ReasonNothingToRecover, Message: "there is no archive of it"}
	path := filepath.Join(t.TempDir(), "termination-log")
	require.NoError(t, termination.Write(path, said))
	require.NoFileExists(t, path, "the kubelet makes it")
	require.NoError(t, termination.Write("", said))

	require.NoError(t, os.WriteFile(path, []byte("the message of the container before this one, which is longer than that of this one is"), 0o600))
	require.NoError(t, termination.Write(path, said))
	written, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(said.Encode()), string(written))

	require.ErrorContains(t, termination.Write(t.TempDir(), said), "write the termination message")
}
