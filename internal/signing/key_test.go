package signing_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/barq-db/barq-operator/internal/signing"
)

func record() *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "team", Name: "sh.helm.release.v1.db.v1",
			Labels: map[string]string{
				"owner": "helm", "name": "db", "version": "1", "status": "deployed", "createdAt": "1", "modifiedAt": "2",
				"barq.db/managed-by": "barq-operator", "barq.db/generation": "3", "barq.db/rollout": "requested", "barq.db/adopted-secrets": "one",
			},
		},
		Data: map[string][]byte{"release": []byte("content")},
	}
}

const uid = types.UID("uid of db")

func TestAnythingThatIsReadOfARecordIsSigned(t *testing.T) {
	key := signing.New([]byte("key"))
	signed := record()
	key.Sign(signed, uid)
	require.True(t, key.Verify(signed, uid))
	require.True(t, key.VerifyMetadata(signed, uid))

	changes := map[string]func(*corev1.Secret){
		"namespace":    func(s *corev1.Secret) { s.Namespace = "other" },
		"name":         func(s *corev1.Secret) { s.Name = "sh.helm.release.v1.db.v2" },
		"digest":       func(s *corev1.Secret) { s.Annotations[signing.DigestAnnotation] = "" },
		"signature":    func(s *corev1.Secret) { s.Annotations[signing.SignatureAnnotation] = "" },
		"no base64":    func(s *corev1.Secret) { s.Annotations[signing.SignatureAnnotation] = "%" },
		"no signature": func(s *corev1.Secret) { s.Annotations = nil },
	}
	for label := range record().Labels {
		changes["another "+label] = func(s *corev1.Secret) { s.Labels[label] += "0" }
		changes["no "+label] = func(s *corev1.Secret) { delete(s.Labels, label) }
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			forged := signed.DeepCopy()
			change(forged)
			require.False(t, key.Verify(forged, uid))
			require.False(t, key.VerifyMetadata(forged, uid))
		})
	}

	forged := signed.DeepCopy()
	forged.Data["release"] = []byte("other content")
	require.False(t, key.Verify(forged, uid))
	require.True(t, key.VerifyMetadata(forged, uid), "the metadata alone do not tell")

	require.False(t, key.Verify(signed, "uid of another"), "a record of a former BarqCluster is none of this one's")
	require.False(t, signing.New([]byte("other key")).Verify(signed, uid))
	require.False(t, (*signing.Key)(nil).Verify(signed, uid))
}

// An admission webhook may add labels and annotations to every Secret. That must not look like a forgery.
func TestWhatOthersAddIsNotSigned(t *testing.T) {
	key := signing.New([]byte("key"))
	signed := record()
	key.Sign(signed, uid)
	signed.Labels["team"], signed.Annotations["example.com/scanned"] = "search", "yes"
	require.True(t, key.Verify(signed, uid))

	signing.StripAnnotations(signed)
	require.Len(t, signed.Annotations, 2)
	require.True(t, key.VerifyMetadata(signed, uid))
	other := record()
	other.Annotations = map[string]string{"a": "b"}
	signing.StripAnnotations(other)
	require.Empty(t, other.Annotations)
}

// The signature covers where one text ends and the next begins.
func TestTextsDoNotRunTogether(t *testing.T) {
	key := signing.New([]byte("key"))
	signed := record()
	signed.Labels["name"], signed.Labels["owner"] = "ab", "c"
	key.Sign(signed, uid)
	signed.Labels["name"], signed.Labels["owner"] = "a", "bc"
	require.False(t, key.Verify(signed, uid))
}

func TestTheKeyIsMadeOnce(t *testing.T) {
	server := fake.NewClientset()
	secrets := server.CoreV1().Secrets("barq-system")
	first, err := signing.Load(t.Context(), secrets)
	require.NoError(t, err)
	second, err := signing.Load(t.Context(), secrets)
	require.NoError(t, err)
	signed := record()
	first.Sign(signed, uid)
	require.True(t, second.Verify(signed, uid))

	stored, err := secrets.Get(t.Context(), signing.SecretName, metav1.GetOptions{})
	require.NoError(t, err)
	require.True(t, *stored.Immutable)
	require.Len(t, stored.Data["key"], 64)

	other, err := signing.Load(t.Context(), server.CoreV1().Secrets("other"))
	require.NoError(t, err)
	require.False(t, other.Verify(signed, uid), "each installation has a key of its own")
}

// Two replicas start at the same time.
func TestAnotherReplicaMakesTheKeyFirst(t *testing.T) {
	server := fake.NewClientset()
	secrets := server.CoreV1().Secrets("barq-system")
	theirs := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "barq-system", Name: signing.SecretName}, Data: map[string][]byte{"key": make([]byte, 64)}}
	first := true
	server.PrependReactor("get", "secrets", func(clienttesting.Action) (bool, runtime.Object, error) {
		if !first {
			return false, nil, nil
		}
		first = false
		require.NoError(t, server.Tracker().Add(theirs))
		return true, nil, apierrors.NewNotFound(schema.GroupResource{Resource: "secrets"}, signing.SecretName)
	})
	key, err := signing.Load(t.Context(), secrets)
	require.NoError(t, err)
	signed := record()
	signing.New(make([]byte, 64)).Sign(signed, uid)
	require.True(t, key.Verify(signed, uid))
}

func TestAKeyThatIsNoneStopsTheOperator(t *testing.T) {
	short := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "barq-system", Name: signing.SecretName}, Data: map[string][]byte{"key": []byte("short")}}
	_, err := signing.Load(t.Context(), fake.NewClientset(short).CoreV1().Secrets("barq-system"))
	require.EqualError(t, err, `the Secret barq-system/barq-operator-record-key has no "key" of at least 64 bytes; delete the Secret, and the operator creates another`)

	server := fake.NewClientset()
	refused := errors.New("no")
	server.PrependReactor("*", "secrets", func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, refused })
	_, err = signing.Load(t.Context(), server.CoreV1().Secrets("barq-system"))
	require.ErrorIs(t, err, refused)
}
