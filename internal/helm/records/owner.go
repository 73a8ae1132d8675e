package records

import (
	"errors"
	"fmt"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage/driver"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/internal/helm/labels"
	"github.com/barq-db/barq-operator/internal/signing"
)

// Owner is the BarqCluster that records are of, with the key that signs them.
type Owner struct {
	Cluster client.Object
	Key     *signing.Key
}

// Has reports whether the operator has signed a Secret for the BarqCluster.
func (o Owner) Has(stored *corev1.Secret) bool { return o.Key.Verify(stored, o.Cluster.GetUID()) }

// Unread returns a record that is only counted. It is removed when it is among the oldest.
func (o Owner) Unread(secret string, number int) *Record {
	return &Record{Secret: secret, Number: number, Release: &release.Release{
		Name: o.Cluster.GetName(), Namespace: o.Cluster.GetNamespace(), Version: number, Info: &release.Info{Status: release.StatusSuperseded},
	}}
}

// Read reads a record. It returns nothing for a Secret that is not of this release. takenOver says that the release is
// the BarqCluster's, whatever the labels of the Secret say. limit is the most bytes to which the record may unpack; size
// is how many it has, or 0 for a signed one.
//
// The error of a record that cannot be read is ErrForeign if the record does not carry the operator's mark.
func (o Owner) Read(stored *corev1.Secret, number int, takenOver bool, limit int64) (found *Record, size int64, err error) {
	if stored.Labels["owner"] != "helm" || stored.Labels["name"] != o.Cluster.GetName() {
		// Helm finds records by their labels.
		return nil, 0, nil
	}
	if o.Has(stored) {
		found, err = signedRecord(stored, number)
	} else {
		if takenOver {
			stored.Labels[labels.ManagedBy] = labels.Operator
		}
		found, size, err = unsignedRecord(stored, number, o.Cluster.GetName(), o.Cluster.GetNamespace(), limit)
	}
	switch {
	case err == nil:
		return found, size, nil
	case stored.Labels[labels.ManagedBy] != labels.Operator:
		return nil, size, fmt.Errorf("the Secret %s, in which Helm stores a revision of a release, is damaged: %w; %w", stored.Name, err, ErrForeign)
	case errors.Is(err, errTooLarge):
		// No accident makes a record larger, so a tenant wrote it. There may be many, so it is not removed at once.
		return o.onlyNumber(stored.Name, number), 0, nil
	default:
		return nil, size, err
	}
}

// onlyNumber returns a record that carries the operator's mark, and of which only the number is known.
func (o Owner) onlyNumber(secret string, number int) *Record {
	one := o.Unread(secret, number)
	one.Release.Info.Status = release.StatusDeployed
	one.Release.Chart = &chart.Chart{Metadata: &chart.Metadata{}}
	one.Release.Labels = map[string]string{labels.ManagedBy: labels.Operator}
	return one
}

// Create returns the Secret of a new revision.
func (o Owner) Create(key string, made *release.Release) (*corev1.Secret, error) {
	secret, err := secretOf(func(helm *driver.Secrets) error { return helm.Create(key, compact(made)) })
	if err != nil {
		return nil, fmt.Errorf("packing revision %s: %w", key, err)
	}
	o.sign(secret)
	return secret, nil
}

// Update returns the Secret of a stored revision in another state, and the record that it will be. An unsigned record
// keeps what it says, and stays unsigned.
func (o Owner) Update(stored *Record, changed *release.Release) (*corev1.Secret, *Record, error) {
	after := &Record{Secret: stored.Secret, Number: stored.Number, Release: changed}
	secret, err := secretOf(func(helm *driver.Secrets) error { return helm.Update(stored.Secret, compact(changed)) })
	if err == nil && !stored.Signed() {
		if after.text, err = stored.text.withStatus(changed.Info); err == nil {
			secret.Data[recordKey], err = packed(after.text)
		}
	}
	if err != nil {
		return nil, nil, fmt.Errorf("packing revision %s: %w", stored.Secret, err)
	}
	if stored.Signed() {
		o.sign(secret)
	}
	return secret, after, nil
}

// sign signs a record of the operator's.
func (o Owner) sign(stored *corev1.Secret) {
	stored.Namespace = o.Cluster.GetNamespace()
	if stored.Labels[labels.ManagedBy] == labels.Operator {
		o.Key.Sign(stored, o.Cluster.GetUID())
	}
}
