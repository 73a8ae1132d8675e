package session

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/release"
	helmstorage "helm.sh/helm/v3/pkg/storage"
	"helm.sh/helm/v3/pkg/storage/driver"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/barq-db/barq-operator/internal/helm/labels"
	"github.com/barq-db/barq-operator/internal/helm/manifest"
	"github.com/barq-db/barq-operator/internal/helm/owned"
	"github.com/barq-db/barq-operator/internal/helm/records"
	"github.com/barq-db/barq-operator/internal/helm/settled"
	"github.com/barq-db/barq-operator/internal/helm/storage"
	"github.com/barq-db/barq-operator/internal/helm/upgrade"
)

// The forms in which a record is stored: as Helm stores it now, as it did before it compressed records, and as neither.
const (
	compressed = iota
	encoded
	unencoded
	forms
)

// FuzzStoredRelease puts a record that anyone may have written into the Secret of a stored release. Then it begins a
// reconcile, and runs a deletion.
func FuzzStoredRelease(f *testing.F) {
	rendered := "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: vectors}\nspec: {replicas: 1, template: {metadata: {annotations: {a: b}}}}\n"
	whole := `{"name":"vectors","namespace":"team","version":1,"info":{"status":"deployed","last_deployed":"2026-01-02T03:04:05Z"},` +
		`"chart":{"metadata":{"name":"barq-db","version":"0.1.0"}},"config":{"secretsChecksum":"0123","replicas":1},"manifest":` + quoted(rendered) + `}`
	for _, record := range []string{
		"", "null", "{}", "[]", "0", whole, whole[:len(whole)/2], whole + whole,
		`{"name":"vectors","info":null}`, `{"name":"vectors","info":{}}`, `{"name":"vectors","chart":{}}`, `{"name":"vectors","chart":{"metadata":null},"info":{}}`,
		`{"name":"other","version":7,"info":{"status":"deployed"},"chart":{"metadata":{"name":"barq-db"}}}`,
		`{"name":"vectors","version":-1,"info":{"status":"pending-install"},"chart":{"metadata":{"name":"barq-db"}}}`,
		`{"name":"vectors","info":{"status":"\u0000"},"chart":{"metadata":{"name":"barq-db"}},"config":{"secretsChecksum":5},"manifest":"---\n"}`,
		`{"name":"vectors","info":{"status":"deployed"},"chart":{"metadata":{"name":"barq-db"}},"manifest":"kind: StatefulSet\nspec: 5"}`,
		`{"name":"vectors","info":{"status":"deployed"},"chart":{"metadata":{"name":"barq-db"}},"manifest":"kind: StatefulSet\nspec: {template: []}"}`,
		`{"name":"vectors","info":{"status":"deployed"},"chart":{"metadata":{"name":"barq-db"}},"manifest":"a: &a [*a]"}`,
		`{"name":"vectors","info":{"status":"deployed"},"chart":{"metadata":{"name":"nginx"}},"hooks":[null]}`,
	} {
		for form := range uint8(forms) {
			f.Add([]byte(record), form, true)
			f.Add([]byte(record), form, false)
		}
	}
	f.Fuzz(func(t *testing.T, record []byte, form uint8, labelled bool) {
		marks := map[string]string{"name": "vectors", "owner": "helm", "status": "deployed", "version": "1"}
		if labelled {
			marks[labels.ManagedBy] = labels.Operator
		}
		before := &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "sh.helm.release.v1.vectors.v1", Labels: marks},
			Type:       "helm.sh/release.v1", Data: map[string][]byte{"release": stores(t, record, form%forms)},
		}
		server := fake.NewClientset(before.DeepCopy()).CoreV1()
		secrets := server.Secrets("team")

		pass, inner := newSession(t, "barq-db", nil, release.StatusDeployed)
		inner.config.Releases = helmstorage.Init(storage.New(server, testKey, pass.cluster, &storage.Facts{Stored: records.Versions{before.Name: "1"}}))
		found, err := pass.Get("vectors")
		if err == nil {
			require.True(t, labelled, "taken for ours: %q", record)
			require.False(t, labels.Believed(found), "believed: %q", record)
			require.Empty(t, found.Manifest, "nothing of it is believed")
			require.Empty(t, found.Hooks, "nothing of it is believed")
			reads(pass, found)
		} else if !labelled || !errors.Is(err, driver.ErrReleaseNotFound) {
			require.NotEmpty(t, err.Error())
		}

		isDeleted(pass)
		_, err = pass.Uninstall("vectors")
		if inner.objects.deleted {
			require.NoError(t, err)
			require.True(t, labelled, "uninstalled though not ours: %q", record)
		}
		if !labelled {
			after, err := secrets.Get(t.Context(), before.Name, metav1.GetOptions{})
			require.NoError(t, err)
			require.Equal(t, before, after, "changed though not ours: %q", record)
		}
	})
}

// reads does with a stored release what a reconcile does. The test only expects it to end.
func reads(pass *Session, found *release.Release) {
	rendered := &release.Release{Manifest: "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: vectors}\n"}
	values := map[string]any{"secretsChecksum": "0123"}
	_, _ = upgrade.PlanOf(found, upgrade.Request{}, values, func() (bool, error) { return manifest.RestartsPods(found.Manifest, rendered.Manifest) })
	_ = pass.withoutAdoptedChecksum(values)
	_, _ = manifest.Typed[appsv1.StatefulSet](found.Manifest, owned.StatefulSetKind.Kind)
	_, _ = manifest.WithoutOwner(found.Manifest, pass.cluster.GetUID())
	settled.New().Put(pass.cluster.GetUID(), settled.Release{Release: found})
}

func stores(t *testing.T, record []byte, form uint8) []byte {
	t.Helper()
	switch form {
	case compressed:
		var buffer bytes.Buffer
		writer := gzip.NewWriter(&buffer)
		_, err := writer.Write(record)
		require.NoError(t, err)
		require.NoError(t, writer.Close())
		record = buffer.Bytes()
	case unencoded:
		return record
	}
	return []byte(base64.StdEncoding.EncodeToString(record))
}

func quoted(text string) string {
	return `"` + strings.ReplaceAll(strings.ReplaceAll(text, `"`, `\"`), "\n", `\n`) + `"`
}
