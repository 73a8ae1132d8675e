package storage

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage/driver"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	fakeclientset "k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/barq-db/barq-operator/internal/helm/labels"
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
	long := numbered(2, release.StatusSuperseded, labels.Requested)
	long.Manifest = string(bytes.Repeat([]byte("manifest"), 100_000))
	long.Labels["version"], long.Labels["createdAt"] = "of the user", "once"
	bare := numbered(3, release.StatusFailed, labels.Requested)
	bare.Labels = nil
	for _, rel := range []*release.Release{numbered(1, release.StatusDeployed, labels.Unrequested), long, bare} {
		stored := func(store func(*notedSecrets) error) *corev1.Secret {
			server := fakeclientset.NewClientset()
			require.NoError(t, store(&notedSecrets{SecretInterface: server.CoreV1().Secrets("team"), versions: map[string]string{}}))
			secret, err := server.CoreV1().Secrets("team").Get(t.Context(), "key", metav1.GetOptions{})
			require.NoError(t, err)
			secret.ManagedFields = nil
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
			require.Equal(t, helms, ours)
		}
		compare(
			stored(func(n *notedSecrets) error { return driver.NewSecrets(n).Create("key", rel) }),
			stored(func(n *notedSecrets) error { return n.create("key", rel, unsigned) }),
			"createdAt",
		)
		update := func(with func(*notedSecrets) error) func(*notedSecrets) error {
			return func(n *notedSecrets) error {
				return errors.Join(n.create("key", numbered(9, release.StatusDeployed, labels.Requested), unsigned), with(n))
			}
		}
		compare(
			stored(update(func(n *notedSecrets) error { return driver.NewSecrets(n).Update("key", rel) })),
			stored(update(func(n *notedSecrets) error { return n.update("key", rel, unsigned) })),
			"modifiedAt",
		)
	}
}

func unsigned(*corev1.Secret) {}

func TestARevisionThatIsThereIsNotReplaced(t *testing.T) {
	server := fakeclientset.NewClientset()
	stored := &notedSecrets{SecretInterface: server.CoreV1().Secrets("team"), versions: map[string]string{}}
	rel := numbered(1, release.StatusDeployed, labels.Requested)
	require.NoError(t, stored.create("key", rel, unsigned))
	require.ErrorIs(t, stored.create("key", rel, unsigned), driver.ErrReleaseExists)

	refusal := errors.New("no")
	server.PrependReactor("*", "secrets", func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, refusal })
	require.ErrorIs(t, stored.create("key", rel, unsigned), refusal)
	require.ErrorIs(t, stored.update("key", rel, unsigned), refusal)
}
