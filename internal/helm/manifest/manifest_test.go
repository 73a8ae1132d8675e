package manifest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHas(t *testing.T) {
	for name, test := range map[string]struct {
		manifest string
		want     bool
	}{
		"nothing":             {"", false},
		"another kind":        {"---\nkind: Service\n---\n# nothing\n", false},
		"the kind in a text":  {"kind: ConfigMap\ndata:\n  text: |\n    kind: PodMonitor\n", false},
		"the second document": {"---\nkind: Service\n---\napiVersion: monitoring.coreos.com/v1\nkind: PodMonitor\n", true},
		"another spelling":    {"{\"kind\": \"PodMonitor\"}", true},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := Has(test.manifest, "PodMonitor")
			require.NoError(t, err)
			require.Equal(t, test.want, found)
		})
	}
	_, err := Has("a: b: c", "PodMonitor")
	require.ErrorContains(t, err, "looking for a PodMonitor")
}
