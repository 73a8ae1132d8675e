package volumes

import (
	"context"
	"errors"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/internal/pvcs"
)

// inherit gives the PVCs the labels and annotations of spec.inheritedMetadata. The StatefulSet cannot
// do that, because its claim templates are immutable.
func (r *Reconciler) inherit(ctx context.Context, observed pvcs.Observation) error {
	if observed.Cluster.Spec.Paused {
		return nil
	}
	var failed []error
	for _, pvc := range observed.PVCs {
		if pvc.DeletionTimestamp != nil {
			continue
		}
		changed, err := pvcs.Inheriting(pvc.PersistentVolumeClaim, observed.Cluster.Spec.InheritedMetadata)
		if err == nil && changed != nil {
			err = client.IgnoreNotFound(r.Client.Patch(ctx, changed, client.MergeFrom(pvc.PersistentVolumeClaim)))
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("giving PVC %s the labels and annotations to inherit: %w", pvc.Name, err))
		}
	}
	return errors.Join(failed...)
}
