package storage

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/release"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/internal/helm/labels"
)

// ErrUnfinished is the error of a reconcile that has more to do than one may, and goes on in the next one.
var ErrUnfinished = errors.New("the next reconcile goes on")

// load finds the records, and reads the newest one, which must not be missing, and the newest one that is deployed.
func (d *Driver) load() error {
	if d.read {
		return nil
	}
	d.records = nil
	reads, unpacked, deployed := 0, int64(0), false
	written := len(d.secrets.versions)
	for _, one := range d.listed() {
		wanted := len(d.records) == 0 || !deployed || d.facts.CalledDeployed[one.Secret]
		if wanted && reads < readLimit {
			reads++
			found, size, err := d.readRecord(one, unpackLimit-unpacked)
			if err != nil {
				return err
			}
			if unpacked += size; found == nil {
				continue
			}
			if one = found; len(d.records) > 0 && labels.IsOurs(one.Release) && !labels.Believed(one.Release) {
				// It is a number in the History.
				one.Release.Info.Status = release.StatusSuperseded
			}
		}
		if one.Release.Chart == nil && len(d.records) == 0 {
			return d.noneFound(len(d.secrets.versions) - written)
		}
		deployed = deployed || one.Release.Info.Status == release.StatusDeployed
		d.records = append(d.records, one)
	}
	d.read = true
	return nil
}

// noneFound is the error for the newest Secrets that are named like records, of which some were removed.
func (d *Driver) noneFound(removed int) error {
	if removed > 0 {
		return fmt.Errorf("%d damaged Secrets of Helm release %q were removed, and there are more: %w", removed, d.cluster.GetName(), ErrUnfinished)
	}
	return fmt.Errorf("the newest %d Secrets that are named like revisions of Helm release %q store none; %w", readLimit, d.cluster.GetName(), ErrForeign)
}

// listed returns the records that the cache knows of, unread, the newest first. Of more than listLimit it leaves out those in the middle, so
// that the oldest are removed first.
func (d *Driver) listed() []*Record {
	var found []*Record
	for name := range d.facts.Stored {
		if number := revisionOf(name); number > 0 {
			found = append(found, d.unread(name, number))
		}
	}
	sortNewestFirst(found)
	if middle := len(found) - listLimit; middle > 0 {
		found = slices.Delete(found, readLimit, readLimit+middle)
	}
	return found
}

// unread stands for a record that is only counted, and removed when it is among the oldest.
func (d *Driver) unread(secret string, number int) *Record {
	return &Record{Secret: secret, Number: number, Release: &release.Release{
		Name: d.cluster.GetName(), Namespace: d.cluster.GetNamespace(), Version: number, Info: &release.Info{Status: release.StatusSuperseded},
	}}
}

// readRecord reads a record, or nothing if it is gone, or none of this release. limit is the most bytes to which it may unpack.
//
// One that cannot be read and carries the operator's mark is removed. What it said is in the BarqCluster and in the
// objects, and the next revision stores it anew. One of a person's is theirs to restore.
func (d *Driver) readRecord(listed *Record, limit int64) (*Record, int64, error) {
	stored, err := d.secrets.Get(context.Background(), listed.Secret, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("reading revision %s: %w", listed.Secret, err)
	}
	if stored.Labels["owner"] != "helm" || stored.Labels["name"] != d.cluster.GetName() {
		// Helm finds records by their labels.
		return nil, 0, nil
	}
	var found *Record
	var size int64
	if d.key.Verify(stored, d.cluster.GetUID()) {
		found, err = signedRecord(stored, listed.Number)
	} else {
		if d.facts.TakenOver {
			stored.Labels[labels.ManagedBy] = labels.Operator
		}
		found, size, err = unsignedRecord(stored, listed.Number, d.cluster.GetName(), d.cluster.GetNamespace(), limit)
	}
	switch {
	case err == nil:
		return found, size, nil
	case stored.Labels[labels.ManagedBy] != labels.Operator:
		return nil, size, damaged(listed.Secret, err)
	case errors.Is(err, errTooLarge):
		// No accident makes a record larger. There may be many.
		return d.number(listed), 0, nil
	}
	ctrl.Log.WithName("release").Info("Removing a Secret that stores no revision of a release any more",
		"namespace", d.cluster.GetNamespace(), "secret", listed.Secret, "because", err.Error())
	if err := d.secrets.Delete(context.Background(), listed.Secret, metav1.DeleteOptions{}); client.IgnoreNotFound(err) != nil {
		return nil, size, fmt.Errorf("removing the damaged Secret %s: %w", listed.Secret, err)
	}
	return nil, size, nil
}

// number stands for a record that carries the operator's mark, and of which nothing else is known.
func (d *Driver) number(listed *Record) *Record {
	one := d.unread(listed.Secret, listed.Number)
	one.Release.Info.Status = release.StatusDeployed
	one.Release.Chart = &chart.Chart{Metadata: &chart.Metadata{}}
	one.Release.Labels = map[string]string{labels.ManagedBy: labels.Operator}
	return one
}

// ReadAll reads as many records as may be read, for a release that is handed back. Those that are older stay as they are, and so do those that
// are not the operator's and cannot be read.
func (d *Driver) ReadAll() ([]*Record, error) {
	var found []*Record
	unpacked := int64(0)
	for _, listed := range d.listed() {
		if len(found) == readLimit {
			break
		}
		one, size, err := d.readRecord(listed, unpackLimit-unpacked)
		if err != nil && !errors.Is(err, ErrForeign) {
			return nil, err
		}
		if unpacked += size; one != nil {
			found = append(found, one)
		}
	}
	d.records, d.read = found, true
	return found, nil
}
