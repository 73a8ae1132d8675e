package records

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage/driver"
	corev1 "k8s.io/api/core/v1"

	"github.com/barq-db/barq-operator/internal/helm/labels"
	"github.com/barq-db/barq-operator/internal/helm/releasetest"
	"github.com/barq-db/barq-operator/internal/signing"
)

// unpackedRecord returns the record in a Secret as text.
func unpackedRecord(t *testing.T, stored *corev1.Secret) string {
	t.Helper()
	packed, err := base64.StdEncoding.DecodeString(string(stored.Data[recordKey]))
	require.NoError(t, err)
	reader, err := gzip.NewReader(bytes.NewReader(packed))
	require.NoError(t, err)
	content, err := io.ReadAll(reader)
	require.NoError(t, err)
	delete(stored.Data, recordKey)
	return string(content)
}

// The helm command finds what the operator has stored, and the operator finds what helm has stored.
func TestRevisionsAreStoredAsHelmStoresThem(t *testing.T) {
	owner := Owner{Cluster: releasetest.Cluster(), Key: signing.New([]byte("key"))}
	long := numbered(2, release.StatusSuperseded, labels.Requested)
	long.Manifest = string(bytes.Repeat([]byte("manifest"), 100_000))
	long.Labels["version"], long.Labels["createdAt"] = "of the user", "once"
	bare := numbered(3, release.StatusFailed, labels.Requested)
	bare.Labels = nil
	for _, rel := range []*release.Release{numbered(1, release.StatusDeployed, labels.Unrequested), long, bare} {
		helms := func(store func(*driver.Secrets) error) *corev1.Secret {
			secret, err := secretOf(store)
			require.NoError(t, err)
			secret.Namespace = "team"
			return secret
		}
		compare := func(helms, ours *corev1.Secret, timeLabel string) {
			require.JSONEq(t, unpackedRecord(t, helms), unpackedRecord(t, ours))
			if rel.Labels[timeLabel] == "" {
				for _, secret := range []*corev1.Secret{helms, ours} {
					var seconds int64
					require.NoError(t, json.Unmarshal([]byte(secret.Labels[timeLabel]), &seconds))
					require.InDelta(t, time.Now().Unix(), seconds, 60)
					delete(secret.Labels, timeLabel)
				}
			}
			// The signature is the operator's own.
			ours.Annotations = nil
			require.Equal(t, helms, ours)
		}
		ours, err := owner.Create("key", rel)
		require.NoError(t, err)
		require.Equal(t, rel.Labels != nil, owner.Has(ours), "it signs what it marks")
		compare(helms(func(helm *driver.Secrets) error { return helm.Create("key", rel) }), ours, "createdAt")
		ours, _, err = owner.Update(&Record{Secret: "key"}, rel)
		require.NoError(t, err)
		require.Equal(t, rel.Labels != nil, owner.Has(ours), "it signs what it marks")
		compare(helms(func(helm *driver.Secrets) error { return helm.Update("key", rel) }), ours, "modifiedAt")
	}
}
