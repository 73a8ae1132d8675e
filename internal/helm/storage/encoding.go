package storage

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage/driver"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
)

// create stores a revision as Helm's own storage does, or returns driver.ErrReleaseExists. sign finishes the Secret.
func (n *notedSecrets) create(key string, rel *release.Release, sign func(*corev1.Secret)) error {
	return createWith(n.Create, metav1.CreateOptions{}, key, rel, sign)
}

// tryCreate asks the API server whether it would store a revision, or returns driver.ErrReleaseExists. The dry run
// stores nothing, so this notes nothing.
func (n *notedSecrets) tryCreate(key string, rel *release.Release, sign func(*corev1.Secret)) error {
	return createWith(n.SecretInterface.Create, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}}, key, rel, sign)
}

// createWith creates the Secret of a revision by a function of a client.
func createWith(
	create func(context.Context, *corev1.Secret, metav1.CreateOptions) (*corev1.Secret, error), options metav1.CreateOptions,
	key string, rel *release.Release, sign func(*corev1.Secret),
) error {
	secret, err := secretOf(func(helm *driver.Secrets) error { return helm.Create(key, rel) })
	if err != nil {
		return fmt.Errorf("packing revision %s: %w", key, err)
	}
	sign(secret)
	_, err = create(context.Background(), secret, options)
	if apierrors.IsAlreadyExists(err) {
		return driver.ErrReleaseExists
	}
	if err != nil {
		return fmt.Errorf("storing revision %s: %w", key, err)
	}
	return nil
}

// update stores a revision over an older state of it, as Helm's own storage does. sign finishes the Secret.
func (n *notedSecrets) update(key string, rel *release.Release, sign func(*corev1.Secret)) error {
	secret, err := secretOf(func(helm *driver.Secrets) error { return helm.Update(key, rel) })
	if err != nil {
		return fmt.Errorf("packing revision %s: %w", key, err)
	}
	sign(secret)
	return n.replace(secret)
}

// updateText does the same with the text of an unsigned record. rel has its labels and state.
func (n *notedSecrets) updateText(key string, text *recordText, rel *release.Release) error {
	secret, err := secretOf(func(helm *driver.Secrets) error { return helm.Update(key, rel) })
	if err != nil {
		return fmt.Errorf("packing revision %s: %w", key, err)
	}
	if secret.Data[recordKey], err = packed(text); err != nil {
		return fmt.Errorf("packing revision %s: %w", key, err)
	}
	return n.replace(secret)
}

func (n *notedSecrets) replace(secret *corev1.Secret) error {
	if _, err := n.Update(context.Background(), secret, metav1.UpdateOptions{}); err != nil {
		return fmt.Errorf("storing revision %s: %w", secret.Name, err)
	}
	return nil
}

// secretOf returns the Secret that Helm's own storage would create or update. It stores nothing.
func secretOf(store func(*driver.Secrets) error) (*corev1.Secret, error) {
	kept := &keptSecret{}
	err := store(driver.NewSecrets(kept))
	return kept.secret, err
}

// keptSecret keeps what is to be stored.
type keptSecret struct {
	corev1client.SecretInterface
	secret *corev1.Secret
}

// Create keeps the Secret.
func (k *keptSecret) Create(_ context.Context, secret *corev1.Secret, _ metav1.CreateOptions) (*corev1.Secret, error) {
	k.secret = secret
	return secret, nil
}

// Update keeps the Secret.
func (k *keptSecret) Update(_ context.Context, secret *corev1.Secret, _ metav1.UpdateOptions) (*corev1.Secret, error) {
	k.secret = secret
	return secret, nil
}

// packed returns the form in which Helm stores a record: base64 of gzip of JSON.
func packed(record any) ([]byte, error) {
	var zipped bytes.Buffer
	writer := gzip.NewWriter(&zipped)
	if err := json.NewEncoder(writer).Encode(record); err != nil {
		return nil, err
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	return base64.StdEncoding.AppendEncode(nil, zipped.Bytes()), nil
}
