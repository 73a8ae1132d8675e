package volumes

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/ownership"
	"github.com/barq-db/barq-operator/internal/translate"
)

// bound reports whether the claim has, or had, a volume.
func (v volume) bound() bool {
	return v.claim.Spec.VolumeName != "" || v.claim.Status.Phase == corev1.ClaimBound || v.claim.Status.Phase == corev1.ClaimLost
}

// outdatedTemplate returns the volume claim template of the StatefulSet if it is not what the spec asks for and no volume is bound, so
// that the StatefulSet can be replaced; else nil. The Helm side has to be done with the spec, or it would not make the StatefulSet again.
func (o observation) outdatedTemplate() *translate.Template {
	set := o.statefulSet
	if set == nil || set.DeletionTimestamp != nil || o.cluster.DeletionTimestamp != nil || o.cluster.Spec.Paused ||
		o.cluster.Spec.Tiering.HotPath == v1alpha1.HotPathEphemeralStorage || slices.ContainsFunc(o.volumes, volume.bound) {
		return nil
	}
	for _, pod := range o.pods {
		if pod.Spec.NodeName != "" {
			// Its volume is bound, by a claim that the operator does not see because it has other labels.
			return nil
		}
	}
	done := meta.FindStatusCondition(o.cluster.Status.Conditions, v1alpha1.ConditionIrreconcilable)
	if done == nil || done.Status != metav1.ConditionFalse || done.ObservedGeneration != o.cluster.Generation {
		return nil
	}
	template, wanted := clusters.Template(set), translate.TemplateOf(&o.cluster.Spec)
	if template == nil || same(*template, wanted) {
		return nil
	}
	return template
}

func same(a, b translate.Template) bool {
	return a.Size.Cmp(b.Size) == 0 && a.StorageClassName == b.StorageClassName && a.AccessMode == b.AccessMode
}

// madeFrom reports whether the claim looks as the StatefulSet has made it from the template. A claim that names where its data
// comes from, or is kept from before, is a person's.
func (v volume) madeFrom(template translate.Template) bool {
	spec, asks := &v.claim.Spec, v.asksFor()
	return spec.DataSource == nil && spec.DataSourceRef == nil && spec.Selector == nil && v.claim.DeletionTimestamp == nil &&
		asks.Cmp(template.Size) == 0 &&
		(template.StorageClassName == "" || ptr.Deref(spec.StorageClassName, "") == template.StorageClassName) &&
		slices.Equal(spec.AccessModes, []corev1.PersistentVolumeAccessMode{corev1.PersistentVolumeAccessMode(template.AccessMode)})
}

// replace deletes a StatefulSet whose claims were never bound and were to be others, and the claims that it has made. The Helm side makes
// it again from the spec. The API server is asked for everything again, and both are deleted only as they were seen.
func (r *Reconciler) replace(ctx context.Context, name types.NamespacedName) error {
	observed, err := r.observe(ctx, r.Live, ownership.Of, name)
	if err != nil {
		return client.IgnoreNotFound(err)
	}
	template := observed.outdatedTemplate()
	if template == nil {
		return nil
	}
	set := observed.statefulSet
	if err := r.Client.Delete(ctx, set, client.Preconditions{UID: &set.UID, ResourceVersion: &set.ResourceVersion},
		client.PropagationPolicy(metav1.DeletePropagationBackground)); err != nil {
		return fmt.Errorf("replacing StatefulSet %s, whose claims are to be others: %w", set.Name, client.IgnoreNotFound(err))
	}
	r.Events.Eventf(observed.cluster, set, corev1.EventTypeNormal, v1alpha1.ReasonStatefulSetReplaced, "Replace",
		"StatefulSet %s is made again, because its claims ask for %s and the spec for %s; no volume was bound",
		set.Name, describe(*template), describe(translate.TemplateOf(&observed.cluster.Spec)))
	for _, v := range observed.volumes {
		if !v.madeFrom(*template) {
			continue
		}
		err := r.Client.Delete(ctx, v.claim, client.Preconditions{UID: &v.claim.UID, ResourceVersion: &v.claim.ResourceVersion})
		if client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("replacing claim %s, which was never bound: %w", v.claim.Name, err)
		}
	}
	return nil
}

// describe says what a template asks for.
func describe(template translate.Template) string {
	class := "the default class"
	if template.StorageClassName != "" {
		class = "class " + template.StorageClassName
	}
	return fmt.Sprintf("%s of %s, %s", template.Size.String(), class, template.AccessMode)
}

// fixedSize is what the claim asks for and cannot take back. Storage may give more than is asked for, and a growth that it has not given
// is taken back.
func (v volume) fixedSize() resource.Quantity {
	has, asks := v.has(), v.asksFor()
	if v.bound() && has.Cmp(asks) < 0 {
		return has
	}
	return asks
}

// differences says of each claim in what it is not what the spec asks for and can never become that. A size above that of the spec is
// one, but for a growth that was taken back.
func (o observation) differences() []string {
	var found []string
	wanted := translate.TemplateOf(&o.cluster.Spec)
	for _, v := range o.volumes {
		var has, says []string
		if class := ptr.Deref(v.claim.Spec.StorageClassName, ""); wanted.StorageClassName != "" && class != wanted.StorageClassName {
			has, says = append(has, "class "+class), append(says, wanted.StorageClassName)
		}
		if mode := v.claim.Spec.AccessModes; wanted.AccessMode != "" && len(mode) > 0 && string(mode[0]) != wanted.AccessMode {
			has, says = append(has, "access mode "+string(mode[0])), append(says, wanted.AccessMode)
		}
		if size := v.fixedSize(); size.Cmp(sum(wanted.Size, leastGrowth)) > 0 {
			has, says = append(has, "size "+size.String()), append(says, wanted.Size.String())
		}
		for i := range has {
			text := fmt.Sprintf("claim %s has %s, and the spec says %s", v.claim.Name, has[i], says[i])
			if i == len(has)-1 && !v.bound() && v.claim.DeletionTimestamp == nil {
				text += fmt.Sprintf("; it was never bound: kubectl -n %s delete pvc %s lets another one be made", v.claim.Namespace, v.claim.Name)
			}
			found = append(found, text)
		}
	}
	return found
}
