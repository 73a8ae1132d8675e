package forgery_test

import (
	"encoding/base64"
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage/driver"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/barq-db/barq-operator/test/forgery"
)

// stored gives the Secret in which Helm itself stores a revision.
func stored(t *testing.T) *corev1.Secret {
	t.Helper()
	secrets := fake.NewClientset().CoreV1().Secrets("tenant")
	require.NoError(t, driver.NewSecrets(secrets).Create(forgery.SecretName("db", 1), &release.Release{
		Name: "db", Namespace: "tenant", Version: 1, Manifest: "kind: A\n",
		Info: &release.Info{Status: release.StatusDeployed}, Chart: &chart.Chart{Metadata: &chart.Metadata{Name: "barq-db", Version: "1.0.0"}},
	}))
	secret, err := secrets.Get(t.Context(), forgery.SecretName("db", 1), metav1.GetOptions{})
	require.NoError(t, err)
	secret.Labels["barq.db/managed-by"] = "barq-operator"
	secret.Annotations = map[string]string{"barq.db/record-signature": "signed", "other": "stays"}
	return secret
}

// read gives what Helm reads of a forged Secret.
func read(t *testing.T, forged *corev1.Secret) *release.Release {
	t.Helper()
	found, err := driver.NewSecrets(fake.NewClientset(forged).CoreV1().Secrets(forged.Namespace)).Get(forged.Name)
	require.NoError(t, err)
	return found
}

// A test with forged records proves nothing if Helm cannot read them.
func TestHelmReadsWhatIsForged(t *testing.T) {
	original := stored(t)
	before := original.DeepCopy()
	forged, err := forgery.Forge(original,
		forgery.Append("kind: B\n"), forgery.Prepend("kind: C\n"), forgery.Replace("kind: A", "kind: D"),
		forgery.Hook("pre-delete", "kind: E\n"), forgery.Status("pending-upgrade"), forgery.Deployed("2099-01-01T00:00:00Z"),
		forgery.Name("other"), forgery.Revision(7), forgery.InnerNamespace("victim"), forgery.Chart("foreign"), forgery.Notes(3),
		forgery.Config(map[string]any{"a": "b"}), forgery.Template([]byte("kind: F\n")), forgery.SubChart("sub", "kind: G\n"))
	require.NoError(t, err)
	require.Equal(t, before, original, "the stored one stays as it is")
	require.Equal(t, "sh.helm.release.v1.other.v7", forged.Name)
	require.Equal(t, forgery.SecretType, forged.Type)
	require.Equal(t, before.Annotations, forged.Annotations)
	require.Equal(t, "7", forged.Labels["version"])
	require.Equal(t, "pending-upgrade", forged.Labels["status"])
	require.Equal(t, "barq-operator", forged.Labels["barq.db/managed-by"])

	found := read(t, forged)
	require.Equal(t, "other", found.Name)
	require.Equal(t, 7, found.Version)
	require.Equal(t, "victim", found.Namespace)
	require.Equal(t, "kind: C\n\n---\nkind: D\n\n---\nkind: B\n\n---\n# Source: barq-db/charts/sub/templates/forged.yaml\nkind: G\n", found.Manifest)
	require.Equal(t, release.StatusPendingUpgrade, found.Info.Status)
	require.Equal(t, 2099, found.Info.LastDeployed.Year())
	require.Equal(t, "aaa", found.Info.Notes)
	require.Equal(t, "foreign", found.Chart.Name())
	require.Equal(t, "kind: F\n", string(found.Chart.Templates[0].Data))
	require.Equal(t, map[string]any{"a": "b"}, found.Config)
	require.Equal(t, []release.HookEvent{release.HookPreDelete}, found.Hooks[0].Events)
	require.Equal(t, "kind: E\n", found.Hooks[0].Manifest)
}

func TestMarksAndSignatures(t *testing.T) {
	forged, err := forgery.Forge(stored(t), forgery.Unmarked())
	require.NoError(t, err)
	require.NotContains(t, forged.Labels, "barq.db/managed-by")
	require.Equal(t, map[string]string{"other": "stays"}, forged.Annotations)

	forged, err = forgery.Forge(stored(t), forgery.Unsigned())
	require.NoError(t, err)
	require.Contains(t, forged.Labels, "barq.db/managed-by")
	require.Equal(t, map[string]string{"other": "stays"}, forged.Annotations)

	forged, err = forgery.Forge(stored(t), forgery.SignedWith("x"))
	require.NoError(t, err)
	require.Equal(t, map[string]string{"other": "stays", "barq.db/record-digest": "x", "barq.db/record-signature": "x"}, forged.Annotations)
}

func TestARecordCanBeAnyBytes(t *testing.T) {
	forged, err := forgery.Forge(stored(t), forgery.Raw([]byte(base64.StdEncoding.EncodeToString([]byte("x")))), forgery.StoredAs("a.v1x"))
	require.NoError(t, err)
	require.Equal(t, "a.v1x", forged.Name)
	require.Equal(t, "eA==", string(forged.Data["release"]))
}

// A record that says nothing can be no part of another one.
func TestARecordThatIsNullCannotBeForged(t *testing.T) {
	forged, err := forgery.Forge(stored(t), forgery.Content("null"))
	require.NoError(t, err)
	_, err = forgery.Forge(forged, forgery.Manifest("kind: Pod"))
	require.ErrorContains(t, err, "it is null")
}

// Two spellings of one name would be tried once.
func TestSpellingsHaveNames(t *testing.T) {
	seen := map[string]bool{}
	for _, spelling := range forgery.Spellings("tenant") {
		require.False(t, seen[spelling.Name], spelling.Name)
		seen[spelling.Name] = true
		text := spelling.Write(forgery.Target{APIVersion: "v1", Kind: "ConfigMap", Namespace: "victim", Name: "precious"})
		require.Contains(t, text, "precious", spelling.Name)
	}
	require.Greater(t, len(seen), 30)
}
