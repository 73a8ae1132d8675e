package signing

import (
	"context"
	"crypto/rand"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/utils/ptr"
)

const (
	// SecretName is the Secret in the operator's namespace that holds the key.
	SecretName = "barq-operator-record-key"
	// secretKey is the key of its data in that Secret.
	secretKey = "key"
	// keySize is the block size of SHA-256, the most that HMAC uses.
	keySize = 64
)

// Load returns the key in the Secret SecretName. It creates the Secret with a random key if it does not exist. It fails
// for a Secret with a shorter key.
func Load(ctx context.Context, secrets corev1client.SecretInterface) (*Key, error) {
	stored, err := secrets.Get(ctx, SecretName, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		stored, err = create(ctx, secrets)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the Secret %s, which holds the key that signs release records: %w", SecretName, err)
	}
	if len(stored.Data[secretKey]) < keySize {
		return nil, fmt.Errorf("the Secret %s/%s has no %q of at least %d bytes; delete the Secret, and the operator creates another",
			stored.Namespace, SecretName, secretKey, keySize)
	}
	return New(stored.Data[secretKey]), nil
}

// NewRandom returns a random key.
func NewRandom() (*Key, error) {
	key := make([]byte, keySize)
	_, err := rand.Read(key)
	return New(key), err
}

func create(ctx context.Context, secrets corev1client.SecretInterface) (*corev1.Secret, error) {
	key, err := NewRandom()
	if err != nil {
		return nil, err
	}
	made, err := secrets.Create(ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: SecretName},
		Immutable:  ptr.To(true),
		Data:       map[string][]byte{secretKey: key.secret},
	}, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		// Another replica has created the Secret first.
		return secrets.Get(ctx, SecretName, metav1.GetOptions{})
	}
	return made, err
}
