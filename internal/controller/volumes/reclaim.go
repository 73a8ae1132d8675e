package volumes

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/clusters"
)

// keepsVolumes reports whether volumes are to stay when their claims go.
func (o observation) keepsVolumes() bool {
	return o.cluster.Spec.Storage.Retention.Reclaim == v1alpha1.ReclaimRetain
}

// stays reports whether the claim says that its volume was told to stay.
func (v volume) stays() bool { return clusters.VolumeStays(v.claim) }

// keep tells the volumes to stay when their claims go, once for each claim, and notes what is refused. What was told is noted on the claim, so
// that a later pass asks for nothing. It is never taken back: who may write a claim may write the note, and may not have a volume deleted by it
// that an administrator keeps.
func (r *Reconciler) keep(ctx context.Context, observed *observation, now time.Time) error {
	name, cluster := client.ObjectKeyFromObject(observed.cluster), observed.cluster
	if !observed.keepsVolumes() || cluster.Spec.Paused {
		r.unkept.replace(name, nil)
		return nil
	}
	before := r.unkept.of(name)
	observed.unkept = map[types.UID]refusal{}
	var failed []error
	for i, v := range observed.volumes {
		if v.claim.Status.Phase != corev1.ClaimBound || v.stays() {
			continue
		}
		if refused, ok := before[v.claim.UID]; ok && refused.stands(v.claim, cluster.Generation, now) {
			observed.unkept[v.claim.UID] = refused
			continue
		}
		noted, err := r.keepVolume(ctx, v.claim)
		switch {
		case err == nil:
			observed.volumes[i].claim = noted
		case isRefusal(err) || apierrors.IsNotFound(err) || errors.Is(err, errOtherVolume):
			observed.unkept[v.claim.UID] = newRefusal(err, v.claim, cluster.Generation, now)
		default:
			failed = append(failed, fmt.Errorf("keeping the volume of claim %s: %w", v.claim.Name, err))
		}
	}
	r.unkept.replace(name, observed.unkept)
	return errors.Join(failed...)
}

// errOtherVolume is the error for a volume that does not say that it is the claim's.
var errOtherVolume = errors.New("it is bound to another claim")

// A PersistentVolume has no namespace, so an operator that is confined to namespaces may neither read nor change one.
// +kubebuilder:rbac:groups="",resources=persistentvolumes,verbs=get;patch

// keepVolume sets the reclaim policy of the claim's volume, and returns the claim with the note of it. What the claim says of its volume is
// not believed until the volume says the same of the claim: users may write claims, and only Kubernetes binds them.
func (r *Reconciler) keepVolume(ctx context.Context, claim *corev1.PersistentVolumeClaim) (*corev1.PersistentVolumeClaim, error) {
	stored := &corev1.PersistentVolume{}
	if err := r.Live.Get(ctx, client.ObjectKey{Name: claim.Spec.VolumeName}, stored); err != nil {
		return nil, err
	}
	if of := stored.Spec.ClaimRef; of == nil || of.Namespace != claim.Namespace || of.Name != claim.Name || of.UID != claim.UID {
		return nil, errOtherVolume
	}
	if stored.Spec.PersistentVolumeReclaimPolicy != corev1.PersistentVolumeReclaimRetain {
		kept := stored.DeepCopy()
		kept.Spec.PersistentVolumeReclaimPolicy = corev1.PersistentVolumeReclaimRetain
		if err := r.Client.Patch(ctx, kept, client.MergeFromWithOptions(stored, client.MergeFromWithOptimisticLock{})); err != nil {
			return nil, err
		}
	}
	noted := claim.DeepCopy()
	metav1.SetMetaDataAnnotation(&noted.ObjectMeta, clusters.VolumeStaysAnnotation, string(claim.UID))
	return noted, r.Client.Patch(ctx, noted, client.MergeFromWithOptions(claim, client.MergeFromWithOptimisticLock{}))
}

// retainedCondition says whether volumes stay when their claims go; nil while they are not to.
func (o observation) retainedCondition() *metav1.Condition {
	if !o.keepsVolumes() {
		return nil
	}
	var refused, waiting []string
	kept := 0
	for _, v := range o.volumes {
		unkept, isRefused := o.unkept[v.claim.UID]
		switch {
		case v.stays():
			kept++
		case isRefused:
			refused = append(refused, fmt.Sprintf("volume %s of claim %s goes with the claim: %s", volumeName(v.claim), v.claim.Name, excerpt(unkept.message)))
		case v.claim.Status.Phase == corev1.ClaimBound:
			waiting = append(waiting, fmt.Sprintf("the volume of claim %s is not kept yet", v.claim.Name))
		}
	}
	if o.cluster.Spec.Tiering.HotPath != v1alpha1.HotPathEphemeralStorage {
		waiting = append(waiting, o.missing()...)
	}
	condition := &metav1.Condition{Status: metav1.ConditionUnknown, Reason: v1alpha1.ReasonNoVolumes, Message: list(waiting)}
	switch {
	case len(refused) > 0:
		condition.Status, condition.Reason = metav1.ConditionFalse, v1alpha1.ReasonRetainRefused
		condition.Message = list(refused) + "; an administrator sets persistentVolumeReclaimPolicy of these PersistentVolumes to Retain, " +
			"or lets the operator get and patch persistentvolumes"
	case len(waiting) > 0 && o.cluster.Spec.Paused:
		condition.Message += "; nothing is changed until spec.paused is false"
	case len(waiting) > 0:
	case kept == 0:
		condition.Message = "there is no volume"
	default:
		condition.Status, condition.Reason = metav1.ConditionTrue, v1alpha1.ReasonRetainSet
		condition.Message = fmt.Sprintf("each volume was told to stay when its claim goes (persistentVolumeReclaimPolicy Retain): %d", kept)
	}
	return condition
}
