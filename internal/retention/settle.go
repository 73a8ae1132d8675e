package retention

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/ownership"
	"github.com/barq-db/barq-operator/internal/workload"
)

// Settler applies the newest spec to the PVCs of a BarqCluster that is deleted. It asks the API server
// itself, because no cache may decide what is deleted.
type Settler struct {
	// Live reads from the API server itself.
	Live client.Reader
	// Writer writes to it.
	Writer client.Writer
}

// +kubebuilder:rbac:groups=apps,resources=statefulsets,verbs=get;patch
// +kubebuilder:rbac:groups="",resources=persistentvolumeclaims,verbs=list;patch

// Keep is called before the objects of the release are deleted. It returns an error as long as PVCs
// that should be kept could be deleted with them.
func (s *Settler) Keep(ctx context.Context, object client.Object) error {
	cluster, fate, err := s.observe(ctx, object)
	if err != nil || cluster == nil || fate.Deletes || !fate.ours && fate.set != nil {
		return err
	}
	if set := fate.set; set != nil && set.DeletionTimestamp == nil {
		if err := s.retain(ctx, set); err != nil {
			return err
		}
		if !workload.Observed(set) {
			return fmt.Errorf("StatefulSet %s still deletes its PVCs, and spec.storage.retention.whenDeleted is Retain; "+
				"the deletion goes on once its controller has seen the change", set.Name)
		}
	}
	for _, pvc := range fate.PVCs {
		if err := s.keep(ctx, cluster, pvc, fate.orphans); err != nil {
			return err
		}
	}
	return nil
}

// keep lets a PVC outlive the StatefulSet and its pod, and notes whether the reason is
// --cascade=orphan.
func (s *Settler) keep(ctx context.Context, cluster *v1alpha1.BarqCluster, pvc clusters.PVC, orphans bool) error {
	mark := orphans && !orphanedBy(cluster)(pvc)
	if !Tied(cluster, pvc) && !mark {
		return nil
	}
	kept := pvc.DeepCopy()
	kept.OwnerReferences = Untied(cluster, pvc)
	if mark {
		metav1.SetMetaDataAnnotation(&kept.ObjectMeta, orphanedAnnotation, string(cluster.UID))
	}
	err := s.Writer.Patch(ctx, kept, client.MergeFromWithOptions(pvc.PersistentVolumeClaim, client.MergeFromWithOptimisticLock{}))
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("keeping PVC %s when StatefulSet %s is deleted: %w", pvc.Name, cluster.Name, err)
	}
	return nil
}

// retain sets the policy of a StatefulSet to Retain.
func (s *Settler) retain(ctx context.Context, set *appsv1.StatefulSet) error {
	if Retains(set) {
		return nil
	}
	before := set.DeepCopy()
	set.Spec.PersistentVolumeClaimRetentionPolicy = &appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy{
		WhenDeleted: appsv1.RetainPersistentVolumeClaimRetentionPolicyType,
		WhenScaled:  appsv1.RetainPersistentVolumeClaimRetentionPolicyType,
	}
	if err := s.Writer.Patch(ctx, set, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})); err != nil {
		return fmt.Errorf("letting StatefulSet %s keep its PVCs, as spec.storage.retention says: %w", set.Name, err)
	}
	return nil
}

// +kubebuilder:rbac:groups="",resources=persistentvolumeclaims,verbs=delete

// rounds is how often Delete looks for PVCs. The StatefulSet controller may create one more just after
// the StatefulSet is gone.
const rounds = 3

// Delete is called when the objects of the release are gone or being deleted. It deletes the PVCs, if
// the spec says so.
func (s *Settler) Delete(ctx context.Context, object client.Object) error {
	for range rounds {
		cluster, fate, err := s.observe(ctx, object)
		if err != nil || cluster == nil || !fate.Deletes {
			return err
		}
		deleted := false
		for _, pvc := range fate.PVCs {
			if pvc.DeletionTimestamp != nil {
				continue
			}
			deleted = true
			err := s.Writer.Delete(ctx, pvc.PersistentVolumeClaim, client.Preconditions{UID: &pvc.UID})
			// A conflict means a new PVC of the same name.
			if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
				return fmt.Errorf("deleting PVC %s, as spec.storage.retention.whenDeleted says: %w", pvc.Name, err)
			}
		}
		if !deleted {
			return nil
		}
	}
	return nil
}

// observe reads the BarqCluster and the fate of its PVCs; the BarqCluster is nil if it is gone.
func (s *Settler) observe(ctx context.Context, object client.Object) (*v1alpha1.BarqCluster, Fate, error) {
	cluster, err := clusters.Get(ctx, s.Live, client.ObjectKeyFromObject(object))
	if apierrors.IsNotFound(err) {
		return nil, Fate{}, nil
	}
	if err != nil {
		return nil, Fate{}, fmt.Errorf("reading the spec that is being deleted: %w", err)
	}
	if cluster.UID != object.GetUID() {
		return nil, Fate{}, nil
	}
	fate, err := Observe(ctx, s.Live, ownership.Of, cluster)
	return cluster, fate, err
}

// Retains reports whether the StatefulSet's own policy deletes no PVC.
func Retains(set *appsv1.StatefulSet) bool {
	policy := set.Spec.PersistentVolumeClaimRetentionPolicy
	return policy == nil ||
		policy.WhenDeleted != appsv1.DeletePersistentVolumeClaimRetentionPolicyType &&
			policy.WhenScaled != appsv1.DeletePersistentVolumeClaimRetentionPolicyType
}

// Tied reports whether the PVC is deleted with the StatefulSet or with its pod.
func Tied(cluster *v1alpha1.BarqCluster, pvc clusters.PVC) bool {
	return len(Untied(cluster, pvc)) < len(pvc.OwnerReferences)
}

// Untied returns the owner references of the PVC without those to the StatefulSet and to its pod.
func Untied(cluster *v1alpha1.BarqCluster, pvc clusters.PVC) []metav1.OwnerReference {
	var found []metav1.OwnerReference
	for _, owner := range pvc.OwnerReferences {
		group := schema.FromAPIVersionAndKind(owner.APIVersion, owner.Kind).GroupKind()
		ofSet := group == appsv1.SchemeGroupVersion.WithKind("StatefulSet").GroupKind() && owner.Name == cluster.Name
		ofPod := group == corev1.SchemeGroupVersion.WithKind("Pod").GroupKind() && owner.Name == pvc.Pod
		if !ofSet && !ofPod {
			found = append(found, owner)
		}
	}
	return found
}
