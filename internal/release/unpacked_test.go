package release

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/storage"
	"helm.sh/helm/v3/pkg/storage/driver"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	corev1 "k8s.io/api/core/v1"
)

// pack gives a stream as Helm stores it.
func pack(t *testing.T, content io.Reader) []byte {
	t.Helper()
	var packed bytes.Buffer
	writer, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	require.NoError(t, err)
	_, err = io.Copy(writer, content)
	require.NoError(t, err)
	require.NoError(t, writer.Close())
	return []byte(base64.StdEncoding.EncodeToString(packed.Bytes()))
}

// spaces are endless, and valid JSON before a record.
type spaces struct{}

func (spaces) Read(into []byte) (int, error) {
	for i := range into {
		into[i] = ' '
	}
	return len(into), nil
}

func TestARecordThatUnpacksToTooMuchIsDamaged(t *testing.T) {
	const name = "sh.helm.release.v1.vectors.v1"
	clients := fake.NewClientset(&corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: name, Labels: map[string]string{
			"name": "vectors", "owner": "helm", "status": "deployed", "version": "1", managedByLabel: managedBy,
		}},
		Type: "helm.sh/release.v1",
		Data: map[string][]byte{recordKey: pack(t, io.LimitReader(spaces{}, recordLimit+1))},
	})
	stored := storage.Init(newPassDriver(clients.CoreV1(), "team", &passFacts{}))
	_, err := stored.Get("vectors", 1)
	require.EqualError(t, err, `get: failed to get "sh.helm.release.v1.vectors.v1": the Secret sh.helm.release.v1.vectors.v1, in which Helm stores `+
		`a revision of a release, is damaged: it unpacks to more than any release has; restore it, or delete it`)
	_, err = stored.Last("vectors")
	require.ErrorIs(t, err, driver.ErrReleaseNotFound)
	_, err = clients.CoreV1().Secrets("team").Get(t.Context(), name, metav1.GetOptions{})
	require.True(t, apierrors.IsNotFound(err), "the operator had stored it: %v", err)
}

func TestALargeRecordIsLeft(t *testing.T) {
	// What is random does not get smaller, so this is about as large as a Secret can be.
	noise := make([]byte, 700<<10)
	random := rand.NewChaCha8([32]byte{})
	_, err := random.Read(noise)
	require.NoError(t, err)
	packed := pack(t, bytes.NewReader(noise))
	secret := &corev1.Secret{Data: map[string][]byte{recordKey: packed}}
	require.False(t, withoutBomb(secret))
	require.Equal(t, packed, secret.Data[recordKey])
}
