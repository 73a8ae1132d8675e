package storage

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"helm.sh/helm/v3/pkg/release"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/internal/helm/labels"
	"github.com/barq-db/barq-operator/internal/helm/records"
)

// ErrUnfinished is the error of a reconcile that has reached its limits. The next one goes on.
var ErrUnfinished = errors.New("the next reconcile goes on")

// load finds the records. It reads the newest one, which must exist, and the newest one that is deployed.
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
				// Only its number counts, in the History.
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

// noneFound returns the error for a release whose newest Secrets only have the names of records. Some of them were
// removed.
func (d *Driver) noneFound(removed int) error {
	if removed > 0 {
		return fmt.Errorf("%d damaged Secrets of Helm release %q were removed, and there are more: %w", removed, d.owner.Cluster.GetName(), ErrUnfinished)
	}
	return fmt.Errorf("the newest %d Secrets that are named like revisions of Helm release %q store none; %w", readLimit, d.owner.Cluster.GetName(), records.ErrForeign)
}

// listed returns the records that the cache knows of, unread, the newest first. If there are more than listLimit, it
// leaves out those in the middle, so that the oldest are removed first.
func (d *Driver) listed() []*records.Record {
	var found []*records.Record
	for name := range d.facts.Stored {
		if number := records.NumberOf(name); number > 0 {
			found = append(found, d.owner.Unread(name, number))
		}
	}
	sortNewestFirst(found)
	if middle := len(found) - listLimit; middle > 0 {
		found = slices.Delete(found, readLimit, readLimit+middle)
	}
	return found
}

// readRecord reads a record. It returns nothing if the record no longer exists or is not of this release. limit is the
// most bytes to which it may unpack.
//
// It removes a record that cannot be read and carries the operator's mark. The BarqCluster and the objects have what
// the record said, and the next revision stores it anew. A person who has installed a release restores its record.
func (d *Driver) readRecord(listed *records.Record, limit int64) (*records.Record, int64, error) {
	stored, err := d.secrets.Get(context.Background(), listed.Secret, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("reading revision %s: %w", listed.Secret, err)
	}
	found, size, err := d.owner.Read(stored, listed.Number, d.facts.TakenOver, limit)
	if err == nil || errors.Is(err, records.ErrForeign) {
		return found, size, err
	}
	ctrl.Log.WithName("release").Info("Removing a Secret that stores no revision of a release any more",
		"namespace", d.owner.Cluster.GetNamespace(), "secret", listed.Secret, "because", err.Error())
	if err := d.secrets.Delete(context.Background(), listed.Secret, metav1.DeleteOptions{}); client.IgnoreNotFound(err) != nil {
		return nil, size, fmt.Errorf("removing the damaged Secret %s: %w", listed.Secret, err)
	}
	return nil, size, nil
}

// ReadAll reads as many records as readLimit allows, for a release that is handed back. Older records stay as they are.
// So do records that are not the operator's and cannot be read.
func (d *Driver) ReadAll() ([]*records.Record, error) {
	var found []*records.Record
	unpacked := int64(0)
	for _, listed := range d.listed() {
		if len(found) == readLimit {
			break
		}
		one, size, err := d.readRecord(listed, unpackLimit-unpacked)
		if err != nil && !errors.Is(err, records.ErrForeign) {
			return nil, err
		}
		if unpacked += size; one != nil {
			found = append(found, one)
		}
	}
	d.records, d.read = found, true
	return found, nil
}
