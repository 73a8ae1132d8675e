package release

import (
	"context"

	helmclient "github.com/operator-framework/helm-operator-plugins/pkg/client"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/release"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/helm/capabilities"
	"github.com/barq-db/barq-operator/internal/helm/kubeclient"
	"github.com/barq-db/barq-operator/internal/helm/labels"
	"github.com/barq-db/barq-operator/internal/helm/owned"
	"github.com/barq-db/barq-operator/internal/helm/storage"
)

// actionsGetter gives each pass Helm actions that know which releases are the
// operator's, that recover an interrupted one, and that do not ask the API server
// for what is known.
type actionsGetter struct {
	helmclient.ActionClientGetter
	chart *chart.Chart
	clock clock.Clock
	// secrets is a cache of the metadata of Secrets.
	secrets client.Reader
	// objects is a cache of what the chart renders.
	objects client.Reader
	settled *settledReleases
	refused *refusedAttempts
	repairs *kubeclient.Repairs
	// awaiting tells the status why an attempt has failed.
	awaiting *awaiting
	written  *storage.Writes
	// statefulSets gets the versions of those that are written.
	statefulSets *clusters.Versions
	// capabilities of the API server.
	capabilities *capabilities.Getter
	// rollouts paces those that nobody asked for.
	rollouts Rollouts
	// owned finds what a BarqCluster controls.
	owned *owned.Objects
	// events is told why pods restart; nil for nothing.
	events events.EventRecorder
	// retention decides about the volumes of a BarqCluster that goes.
	retention Retention
}

// Retention makes of the volumes of a BarqCluster that is deleted what its newest spec says. *retention.Settler does.
type Retention interface {
	// Keep is called before the objects of the release go. An error keeps them.
	Keep(ctx context.Context, cluster client.Object) error
	// Delete is called when they are gone, or go with the BarqCluster. An error keeps the BarqCluster.
	Delete(ctx context.Context, cluster client.Object) error
}

// newActionsGetter makes one that remembers nothing yet.
func newActionsGetter(now clock.Clock) *actionsGetter {
	return &actionsGetter{
		clock:   now,
		settled: newSettledReleases(),
		refused: newRefusedAttempts(now),
		repairs: kubeclient.NewRepairs(now),

		awaiting: &awaiting{},
		written:  storage.NewWrites(now),

		statefulSets: &clusters.Versions{},
	}
}

// ActionClientFor gives the actions for one pass over one BarqCluster.
func (g *actionsGetter) ActionClientFor(ctx context.Context, cluster client.Object) (helmclient.ActionInterface, error) {
	facts := &passFacts{}
	pass := &actions{
		getter:   g,
		cluster:  cluster,
		facts:    facts,
		deleting: cluster.GetDeletionTimestamp() != nil,
		begin:    func(change string) (bool, error) { return g.rollouts.Begin(ctx, cluster, change) },
		try:      triesOn(ctx, g.owned, client.ObjectKeyFromObject(cluster)),
		restarts: func(rendered *release.Release) (bool, error) {
			return restartsLivePods(ctx, g.objects, cluster, rendered.Manifest)
		},
	}
	pass.open = func() (err error) {
		pass.ActionInterface, err = g.ActionClientGetter.ActionClientFor(withPassFacts(ctx, facts), cluster)
		return err
	}
	pass.unchanged = func(objects owned.Versions) (bool, error) { return objects.Unchanged(ctx, g.objects) }
	pass.intact = func(manifest string) (owned.Versions, error) {
		return kubeclient.Intact(ctx, g.owned, cluster, g.repairs, pass.Config().KubeClient, manifest)
	}
	pass.there = func(manifest string) (string, error) {
		return objectsThere(ctx, g.objects, pass.Config().KubeClient, manifest)
	}
	pass.uninstall = func(stored *release.Release) error {
		find := g.owned.Cached
		if labels.Believed(stored) && controllerutil.ContainsFinalizer(cluster, metav1.FinalizerOrphanDependents) {
			find = g.owned.Orphaned
		}
		found, err := find(ctx, cluster)
		if err != nil {
			return err
		}
		return g.owned.Delete(ctx, found)
	}
	pass.release = func() error { return g.owned.Release(ctx, cluster) }
	pass.keepVolumes = func() error { return g.retention.Keep(ctx, cluster) }
	pass.deleteVolumes = func() error { return g.retention.Delete(ctx, cluster) }
	facts.records.Conflicted = func() bool { return facts.objects.Conflicted }
	facts.records.Admits = func(rendered *release.Release) error { return pass.admits(ctx, rendered) }
	if err := pass.finds(ctx); err != nil {
		return nil, err
	}
	if pass.deleting {
		g.forget(cluster)
		return pass, pass.open()
	}
	return pass, pass.begins()
}

// forget is for a BarqCluster that goes.
func (g *actionsGetter) forget(cluster client.Object) {
	uid := cluster.GetUID()
	g.settled.forget(uid)
	g.refused.forget(uid)
	g.repairs.Forget(uid)
	g.awaiting.note(uid, false)
	g.rollouts.Leave(uid)
	g.statefulSets.Wrote(client.ObjectKeyFromObject(cluster), "")
}
