package storage

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
)

// notedSecrets notes the resourceVersion of each Secret that it writes, empty for a deleted one.
type notedSecrets struct {
	corev1client.SecretInterface
	versions map[string]string
}

// Create creates a Secret.
func (n *notedSecrets) Create(ctx context.Context, secret *corev1.Secret, opts metav1.CreateOptions) (*corev1.Secret, error) {
	return n.note(n.SecretInterface.Create(ctx, secret, opts))
}

// Update replaces a Secret.
func (n *notedSecrets) Update(ctx context.Context, secret *corev1.Secret, opts metav1.UpdateOptions) (*corev1.Secret, error) {
	return n.note(n.SecretInterface.Update(ctx, secret, opts))
}

// Delete deletes a Secret.
func (n *notedSecrets) Delete(ctx context.Context, name string, opts metav1.DeleteOptions) error {
	err := n.SecretInterface.Delete(ctx, name, opts)
	if err == nil {
		n.versions[name] = ""
	}
	return err
}

func (n *notedSecrets) note(stored *corev1.Secret, err error) (*corev1.Secret, error) {
	if err == nil {
		n.versions[stored.Name] = stored.ResourceVersion
	}
	return stored, err
}
