package integration

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

// The API server takes every object of both charts as it is: each field is one that its OpenAPI
// knows, and each value one that its own validation and admission let through. Nothing
// is stored.
func TestTheAPIServerTakesEveryObjectOfTheCharts(t *testing.T) {
	t.Parallel()
	// The chart barq-operator has roles in the namespaces that its example watches.
	for _, name := range []string{"apps", "search"} {
		namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
		require.NoError(t, admin.Create(t.Context(), namespace))
		// The test's context has ended by then.
		t.Cleanup(func() { require.NoError(t, admin.Delete(context.Background(), namespace)) })
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
					"--api-versions", "monitoring.coreos.com/v1/PodMonitor", "--api-versions", "monitoring.coreos.com/v1/ServiceMonitor")
				var refusals bytes.Buffer
				template.Stderr = &refusals
				manifest, err := template.Output()
				require.NoError(t, err, refusals.String())
				makeAccountsOfPods(t, namespace, manifest)
				apply := kubectl("apply", "--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict", "-f", "-")
				apply.Stdin = bytes.NewReader(manifest)
				out := output(t, apply)
				require.Equal(t, strings.Count(string(manifest), "\nkind: "), strings.Count(out, "serverside-applied (server dry run)\n"), out)
			})
		}
	}
}

// makeAccountsOfPods makes the accounts of the pods in the manifest, without which the API
// server refuses pods, dry run or not. Those in the manifest are not stored.
func makeAccountsOfPods(t *testing.T, namespace string, manifest []byte) {
	t.Helper()
	for text := range strings.SplitSeq(string(manifest), "\n---\n") {
		var pod corev1.Pod
		if err := yaml.Unmarshal([]byte(text), &pod); err != nil || pod.Kind != "Pod" {
			continue
		}
		account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: pod.Spec.ServiceAccountName}}
		require.NoError(t, client.IgnoreAlreadyExists(admin.Create(t.Context(), account)))
	}
}
