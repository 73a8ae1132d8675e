package storage

import (
	"context"
	"fmt"

	"helm.sh/helm/v3/pkg/storage/driver"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
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

// store stores the Secret of a new revision, or returns driver.ErrReleaseExists.
func (n *notedSecrets) store(secret *corev1.Secret) error {
	_, err := n.Create(context.Background(), secret, metav1.CreateOptions{})
	return outcome(secret, err)
}

// try asks the API server whether it would store a new revision, or returns driver.ErrReleaseExists. The dry run stores
// nothing, so this notes nothing.
func (n *notedSecrets) try(secret *corev1.Secret) error {
	_, err := n.SecretInterface.Create(context.Background(), secret, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	return outcome(secret, err)
}

// replace stores a revision over an older state of it.
func (n *notedSecrets) replace(secret *corev1.Secret) error {
	_, err := n.Update(context.Background(), secret, metav1.UpdateOptions{})
	return outcome(secret, err)
}

// outcome returns the error of a write of a Secret.
func outcome(secret *corev1.Secret, err error) error {
	switch {
	case err == nil:
		return nil
	case apierrors.IsAlreadyExists(err):
		return driver.ErrReleaseExists
	default:
		return fmt.Errorf("storing revision %s: %w", secret.Name, err)
	}
}
