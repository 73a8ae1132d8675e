package session

import (
	"context"

	"helm.sh/helm/v3/pkg/kube"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/barq-db/barq-operator/internal/adoption"
	"github.com/barq-db/barq-operator/internal/helm/kubeclient"
	"github.com/barq-db/barq-operator/internal/helm/owned"
	"github.com/barq-db/barq-operator/internal/helm/rejection"
)

// Objects are those that a BarqCluster owns, or is to own. Live implements it.
type Objects interface {
	adoption.Trial
	rejection.Objects
	// Unchanged reports whether objects are in the versions in which they were seen.
	Unchanged(ctx context.Context, seen owned.Versions) (bool, error)
	// Intact returns the objects of a manifest if they are what it asks for, and nil otherwise.
	Intact(ctx context.Context, cluster client.Object, helm kube.Interface, manifest string) (owned.Versions, error)
	// Delete deletes what a BarqCluster controls. believed says whether the operator has written its record.
	Delete(ctx context.Context, cluster client.Object, believed bool) error
	// Release ends the ownership of what a BarqCluster controls.
	Release(ctx context.Context, cluster client.Object) error
	// Forget removes what is remembered of a BarqCluster that is deleted.
	Forget(cluster types.UID)
}

// Live reads the objects from the cache where it can, and otherwise from the API server.
type Live struct {
	adoption.DryRun
	Owned   *owned.Objects
	Repairs *kubeclient.Repairs
}

// Unchanged compares the cached objects with those versions.
func (l Live) Unchanged(ctx context.Context, seen owned.Versions) (bool, error) {
	return seen.Unchanged(ctx, l.Owned.Cache)
}

// Intact compares the cached objects with the manifest.
func (l Live) Intact(ctx context.Context, cluster client.Object, helm kube.Interface, manifest string) (owned.Versions, error) {
	return kubeclient.Intact(ctx, l.Owned, cluster, l.Repairs, helm, manifest)
}

// There looks for the objects in the cache.
func (l Live) There(ctx context.Context, helm kube.Interface, manifest string) (string, error) {
	return rejection.ObjectsIn(ctx, l.Owned.Cache, helm, manifest)
}

// Delete deletes what the cache shows, and what a BarqCluster leaves behind that is deleted with --cascade=orphan.
func (l Live) Delete(ctx context.Context, cluster client.Object, believed bool) error {
	find := l.Owned.Cached
	if believed && controllerutil.ContainsFinalizer(cluster, metav1.FinalizerOrphanDependents) {
		find = l.Owned.Orphaned
	}
	found, err := find(ctx, cluster)
	if err != nil {
		return err
	}
	return l.Owned.Delete(ctx, found)
}

// Release removes the owner references.
func (l Live) Release(ctx context.Context, cluster client.Object) error {
	return l.Owned.Release(ctx, cluster)
}

// Forget removes what is remembered of its repairs.
func (l Live) Forget(cluster types.UID) { l.Repairs.Forget(cluster) }
