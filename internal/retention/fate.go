package retention

import (
	"context"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/ownership"
)

// Fate is what happens to the PVCs of a BarqCluster that is deleted.
type Fate struct {
	// Deletes reports whether the operator deletes the PVCs.
	Deletes bool
	// Why names the cause of the fate.
	Why string
	// PVCs are the PVCs of the BarqCluster, including those of pods that are gone.
	PVCs []clusters.PVC

	// set is the StatefulSet with the BarqCluster's name; nil if there is none.
	set *appsv1.StatefulSet
	// orphans reports whether the deletion uses --cascade=orphan while the spec says Delete.
	orphans bool
	// ours reports whether the StatefulSet belongs, or belonged, to the BarqCluster.
	ours bool
}

// Observe returns the fate of a BarqCluster's PVCs. lookup fits the reader.
func Observe(ctx context.Context, reader client.Reader, lookup ownership.Lookup, cluster *v1alpha1.BarqCluster) (Fate, error) {
	set := &appsv1.StatefulSet{}
	err := reader.Get(ctx, client.ObjectKeyFromObject(cluster), set, client.UnsafeDisableDeepCopy)
	if client.IgnoreNotFound(err) != nil {
		return Fate{}, fmt.Errorf("reading StatefulSet %s: %w", cluster.Name, err)
	}
	if err != nil {
		set = nil
	}
	pvcs, err := clusters.PVCs(ctx, reader, lookup, cluster)
	if err != nil {
		return Fate{}, err
	}
	return Of(cluster, set, pvcs), nil
}

// Of returns what happens to the PVCs. set is the StatefulSet with the BarqCluster's name, even if
// another owner has it; nil if there is none.
func Of(cluster *v1alpha1.BarqCluster, set *appsv1.StatefulSet, pvcs []clusters.PVC) Fate {
	controlled := set != nil && metav1.IsControlledBy(set, cluster)
	released := cluster.Status.DeployedRelease != nil
	fate := Fate{PVCs: pvcs, set: set, ours: controlled || set != nil && metav1.GetControllerOfNoCopy(set) == nil && released}
	switch {
	case cluster.Spec.Storage.Retention.WhenDeleted != v1alpha1.RetentionDelete:
		fate.Why = "spec.storage.retention.whenDeleted is Retain"
	case cluster.Annotations[v1alpha1.AnnotationOnDeletion] != "":
		fate.Why = "annotation " + v1alpha1.AnnotationOnDeletion + " keeps the release"
	case controllerutil.ContainsFinalizer(cluster, metav1.FinalizerOrphanDependents) || slices.ContainsFunc(pvcs, orphanedBy(cluster)):
		fate.orphans, fate.Why = true, "--cascade=orphan keeps what belongs to the BarqCluster"
	case set != nil && !controlled:
		fate.orphans = fate.ours
		// The garbage collector has orphaned it after a deletion with --cascade=orphan, or it belongs
		// to another owner.
		fate.Why = fmt.Sprintf("StatefulSet %s, which uses them, does not belong to the BarqCluster", set.Name)
	case set == nil && !released:
		fate.Why = "the BarqCluster has no release of its own"
	default:
		fate.Deletes, fate.Why = true, "spec.storage.retention.whenDeleted is Delete"
	}
	return fate
}

// orphanedAnnotation of a PVC has the UID of the BarqCluster that was deleted with --cascade=orphan.
// The garbage collector removes its finalizer and the operator deletes the StatefulSet. After that
// only the annotation shows it.
const orphanedAnnotation = "barq.db/orphaned-by"

func orphanedBy(cluster *v1alpha1.BarqCluster) func(clusters.PVC) bool {
	return func(pvc clusters.PVC) bool { return pvc.Annotations[orphanedAnnotation] == string(cluster.UID) }
}

// named is how many PVCs a message names.
const named = 20

// String says what happens to the PVCs and their volumes, for a message to the user.
func (f Fate) String() string {
	if len(f.PVCs) == 0 {
		return "it has no volumes"
	}
	kept, deleted, stay := f.sorted()
	var texts []string
	switch {
	case f.Deletes && len(deleted) > 0:
		texts = append(texts, fmt.Sprintf("its volumes are deleted with it, because %s: %s", f.Why, list(deleted)))
	case f.Deletes:
		texts = append(texts, "its PVCs are deleted with it, because "+f.Why)
	case len(kept) == 0 && len(deleted) > 0:
		texts = append(texts, "its volumes are not kept, because their PVCs were deleted before: "+list(deleted))
	case len(kept) > 0:
		texts = append(texts, fmt.Sprintf("its volumes are kept, because %s: %s", f.Why, list(kept)))
		if len(deleted) > 0 {
			texts = append(texts, "volumes whose PVCs were deleted before are not kept: "+list(deleted))
		}
	}
	if len(stay) > 0 {
		texts = append(texts, "the volumes of these PVCs stay when the PVCs are deleted (persistentVolumeReclaimPolicy Retain): "+list(stay))
	}
	return strings.Join(texts, "; ")
}

// sorted returns the names of the PVCs that are kept, of those deleted with their volumes, and of
// those deleted without them.
func (f Fate) sorted() (kept, deleted, stay []string) {
	for _, pvc := range f.PVCs {
		goes := f.Deletes || pvc.DeletionTimestamp != nil
		switch {
		case goes && clusters.VolumeStays(pvc.PersistentVolumeClaim):
			stay = append(stay, pvc.Name)
		case goes:
			deleted = append(deleted, pvc.Name)
		default:
			kept = append(kept, pvc.Name)
		}
	}
	return kept, deleted, stay
}

// list joins the names, and counts those that are too many.
func list(names []string) string {
	if len(names) <= named {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:named], ", "), len(names)-named)
}
