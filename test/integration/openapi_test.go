package integration

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The API server takes every object of both charts as it is: each field is one that its OpenAPI
// knows, and each value one that its own validation and admission let through. Nothing
// is stored.
func TestTheAPIServerTakesEveryObjectOfTheCharts(t *testing.T) {
	// The chart barq-operator has roles in the namespaces that its example watches.
	for _, name := range []string{"apps", "search"} {
		namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
		require.NoError(t, admin.Create(t.Context(), namespace))
		t.Cleanup(func() { require.NoError(t, admin.Delete(t.Context(), namespace)) })
	}
	for _, chart := range []string{"barq-db", "barq-operator"} {
		folder := filepath.Join(root, "helm-charts", chart)
		examples, err := filepath.Glob(filepath.Join(folder, "ci", "*-values.yaml"))
		require.NoError(t, err)
		require.NotEmpty(t, examples)
		for _, example := range append(examples, filepath.Join(folder, "values.yaml")) {
			t.Run(chart+"/"+filepath.Base(example), func(t *testing.T) {
				namespace := newNamespace(t)
				template := helm("template", chart, folder, "-n", namespace, "-f", example,
					"--api-versions", "monitoring.coreos.com/v1/PodMonitor")
				var refusals bytes.Buffer
				template.Stderr = &refusals
				manifest, err := template.Output()
				require.NoError(t, err, refusals.String())
				apply := kubectl("apply", "--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict", "-f", "-")
				apply.Stdin = bytes.NewReader(manifest)
				out := output(t, apply)
				require.Equal(t, strings.Count(string(manifest), "\nkind: "), strings.Count(out, "serverside-applied (server dry run)\n"), out)
			})
		}
	}
}
