package status

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/absence"
	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/ownership"
	"github.com/barq-db/barq-operator/internal/retention"
	"github.com/barq-db/barq-operator/internal/routes"
	"github.com/barq-db/barq-operator/internal/spechash"
	"github.com/barq-db/barq-operator/internal/status"
)

// observe reads the BarqCluster's objects: the StatefulSet through the given reader, and the rest from
// the cache. It leaves out the reason why pods are missing.
func (r *Reconciler) observe(ctx context.Context, cluster *v1alpha1.BarqCluster, statefulSets client.Reader) (status.Observation, error) {
	observed := status.Observation{Cluster: cluster}
	var err error
	if observed.SpecHash, err = spechash.Of(&cluster.Spec); err != nil {
		return observed, err
	}
	if observed.Secrets, err = r.Secrets.Resolve(ctx, cluster); err != nil {
		return observed, err
	}
	if r.Queue != nil {
		observed.Queued = r.Queue.Waiting(cluster.UID)
	}
	if r.Kinds != nil {
		observed.KnowsPodMonitors, observed.KnowsServiceMonitors = r.Kinds.PodMonitors(), r.Kinds.ServiceMonitors()
	}
	if r.Protection != nil {
		observed.Protection = r.Protection.Effect()
	}
	if cluster.DeletionTimestamp != nil {
		if observed.Fate, err = retention.Observe(ctx, r.Client, ownership.InCache, cluster); err != nil {
			return observed, err
		}
	}
	if observed.StatefulSet, err = clusters.StatefulSet(ctx, statefulSets, cluster); err != nil || observed.StatefulSet == nil {
		return observed, err
	}
	if observed.Pods, err = clusters.Pods(ctx, r.Client, ownership.InCache, cluster, observed.StatefulSet); err != nil {
		return observed, err
	}
	if observed.Routes, err = routes.Find(ctx, r.Client, cluster, observed.StatefulSet); err != nil {
		return observed, err
	}
	now := r.Clock.Now()
	observed.Missing = r.absences.Note(client.ObjectKeyFromObject(cluster), observed.StatefulSet,
		absence.Missing(observed.StatefulSet, observed.Pods), absence.Earliest(&cluster.Status, now), now)
	if absence.IsLong(observed.Missing, now) {
		observed.FailedCreation, err = absence.FindFailedCreation(ctx, r.Live, observed.StatefulSet)
	}
	return observed, err
}
