package release

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage/driver"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/barq-db/barq-operator/internal/secrets"
)

// gzipWriters are kept because making one, with its tables, took a tenth of all memory that an install asked for.
var gzipWriters = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

// create stores a revision as Helm's own storage does, or gives driver.ErrReleaseExists. sign finishes the Secret.
func (n *notedSecrets) create(key string, rel *release.Release, sign func(*corev1.Secret)) error {
	secret, err := recordSecret(key, rel, "createdAt")
	if err != nil {
		return err
	}
	sign(secret)
	_, err = n.Create(context.Background(), secret, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return driver.ErrReleaseExists
	}
	if err != nil {
		return fmt.Errorf("storing revision %s: %w", key, err)
	}
	return nil
}

// tryCreate asks the API server whether it would store a revision, or gives driver.ErrReleaseExists.
func (n *notedSecrets) tryCreate(key string, rel *release.Release, sign func(*corev1.Secret)) error {
	secret, err := recordSecret(key, rel, "createdAt")
	if err != nil {
		return err
	}
	sign(secret)
	// Nothing is stored, so nothing is noted.
	_, err = n.SecretInterface.Create(context.Background(), secret, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
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
	secret, err := recordSecret(key, rel, "modifiedAt")
	if err != nil {
		return err
	}
	sign(secret)
	return n.replace(secret)
}

// updateText does the same with the text of an unsigned record, of which rel has labels and state.
func (n *notedSecrets) updateText(key string, text *recordText, rel *release.Release) error {
	record, err := packed(text)
	if err != nil {
		return fmt.Errorf("packing revision %s: %w", key, err)
	}
	return n.replace(secretWith(key, record, rel, "modifiedAt"))
}

func (n *notedSecrets) replace(secret *corev1.Secret) error {
	if _, err := n.Update(context.Background(), secret, metav1.UpdateOptions{}); err != nil {
		return fmt.Errorf("storing revision %s: %w", secret.Name, err)
	}
	return nil
}

// recordSecret makes the Secret that Helm stores a revision in, with the time of now in the named label.
func recordSecret(key string, rel *release.Release, timeLabel string) (*corev1.Secret, error) {
	record, err := packed(rel)
	if err != nil {
		return nil, fmt.Errorf("packing revision %s: %w", key, err)
	}
	return secretWith(key, record, rel, timeLabel), nil
}

func secretWith(key string, record []byte, rel *release.Release, timeLabel string) *corev1.Secret {
	labels := map[string]string{timeLabel: strconv.FormatInt(time.Now().Unix(), 10)}
	maps.Copy(labels, rel.Labels)
	maps.Copy(labels, map[string]string{
		"name": rel.Name, "owner": "helm", "status": rel.Info.Status.String(), "version": strconv.Itoa(rel.Version),
	})
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: key, Labels: labels},
		Type:       secrets.ReleaseType,
		Data:       map[string][]byte{recordKey: record},
	}
}

// packed makes JSON, gzip and base64 of a record.
func packed(record any) ([]byte, error) {
	content, err := json.Marshal(record)
	if err != nil {
		return nil, err
	}
	var zipped bytes.Buffer
	writer := gzipWriters.Get().(*gzip.Writer)
	defer gzipWriters.Put(writer)
	writer.Reset(&zipped)
	if _, err := writer.Write(content); err != nil {
		return nil, err
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	return base64.StdEncoding.AppendEncode(nil, zipped.Bytes()), nil
}
