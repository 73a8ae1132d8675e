package release

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
)

// notedSecrets notes the resourceVersions that writes give, empty for what was deleted.
type notedSecrets struct {
	corev1client.SecretInterface
	versions map[string]string
	// listed has the names that the last list gave, and whether the operator has stored them.
	listed map[string]bool
}

// List gives Secrets.
func (n *notedSecrets) List(ctx context.Context, opts metav1.ListOptions) (*corev1.SecretList, error) {
	list, err := n.SecretInterface.List(ctx, opts)
	if err != nil {
		return nil, err
	}
	n.listed = make(map[string]bool, len(list.Items))
	for i := range list.Items {
		n.listed[list.Items[i].Name] = list.Items[i].Labels[managedByLabel] == managedBy
		withoutBomb(&list.Items[i])
	}
	return list, nil
}

// Get gives one Secret.
func (n *notedSecrets) Get(ctx context.Context, name string, opts metav1.GetOptions) (*corev1.Secret, error) {
	secret, err := n.SecretInterface.Get(ctx, name, opts)
	if err == nil && withoutBomb(secret) {
		return nil, damaged(name, "it unpacks to more than any release has")
	}
	return secret, err
}

// Create makes a Secret.
func (n *notedSecrets) Create(ctx context.Context, secret *corev1.Secret, opts metav1.CreateOptions) (*corev1.Secret, error) {
	return n.note(n.SecretInterface.Create(ctx, secret, opts))
}

// Update replaces a Secret.
func (n *notedSecrets) Update(ctx context.Context, secret *corev1.Secret, opts metav1.UpdateOptions) (*corev1.Secret, error) {
	return n.note(n.SecretInterface.Update(ctx, secret, opts))
}

// Delete removes a Secret.
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
