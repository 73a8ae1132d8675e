package manifests

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestKustomization(t *testing.T) {
	plain, err := kustomization(Images{Operator: "example.com/operator:1", Agent: "example.com/agent:1"}, "")
	require.NoError(t, err)
	require.Contains(t, string(plain), "image: example.com/operator:1\n")
	require.Contains(t, string(plain), "name: RELATED_IMAGE_BARQ_AGENT\n")
	require.NotContains(t, string(plain), "RELATED_IMAGE_BARQ_DB", "the image of config/default")
	require.NotContains(t, string(plain), "kind: Namespace")

	marked, err := kustomization(Images{Operator: "o", Agent: "a", Database: "example.com/db:1"}, "example.com/mark")
	require.NoError(t, err)
	require.Contains(t, string(marked), "value: example.com/db:1\n")
	require.Contains(t, string(marked), `example.com/mark: "true"`)
	require.Equal(t, 2, strings.Count(string(marked), "- patch:"))
}
