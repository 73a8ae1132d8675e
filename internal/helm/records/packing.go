package records

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage/driver"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/barq-db/barq-operator/internal/helm/labels"
)

// secretLimit is the most bytes of data that a Secret may have.
const secretLimit = 1 << 20

// ErrTooLongSpec is the error of a spec whose revision cannot be stored.
var ErrTooLongSpec = errors.New("the spec is too large")

// Fits refuses a revision that is too large for a Secret.
func Fits(rel *release.Release) error {
	if len(rel.Manifest) < secretLimit/8 {
		// A record packs the manifest and the values, and both together are at most three times as long as the
		// manifest.
		return nil
	}
	secret, err := secretOf(func(helm *driver.Secrets) error { return helm.Create(keyOf(rel.Name, rel.Version), compact(rel)) })
	if err != nil {
		return fmt.Errorf("packing revision %d: %w", rel.Version, err)
	}
	if size := len(secret.Data[recordKey]); size > secretLimit {
		return fmt.Errorf("%w: Helm's record of it would have %d bytes, and a Secret has room for %d; "+
			"shorten spec.env, annotations, spec.affinity or spec.networkPolicy.from", ErrTooLongSpec, size, secretLimit)
	}
	return nil
}

// compact returns one of the operator's revisions without the chart's templates, which are most of it. The templates
// are in the operator's image, and what they have rendered is in the revision.
func compact(rel *release.Release) *release.Release {
	if rel.Chart == nil || !labels.IsOurs(rel) {
		return rel
	}
	small := *rel
	small.Chart = &chart.Chart{Metadata: rel.Chart.Metadata, Values: rel.Chart.Values}
	return &small
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
