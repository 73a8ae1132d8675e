package volumes

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/ownership"
	"github.com/barq-db/barq-operator/internal/pvcs"
	"github.com/barq-db/barq-operator/internal/translate"
)

// +kubebuilder:rbac:groups=apps,resources=statefulsets,verbs=delete

// replace deletes a StatefulSet that no longer fits the spec and whose PVCs were never bound, with the
// PVCs that it created. The release controller creates the StatefulSet again from the spec. The API
// server is asked for everything again, and both are deleted only if they are unchanged.
func (r *Reconciler) replace(ctx context.Context, name types.NamespacedName) error {
	observed, err := pvcs.Observe(ctx, r.Live, ownership.Of, name)
	if err != nil {
		return client.IgnoreNotFound(err)
	}
	template := observed.OutdatedTemplate()
	if template == nil {
		return nil
	}
	set := observed.StatefulSet
	if err := r.Client.Delete(ctx, set, client.Preconditions{UID: &set.UID, ResourceVersion: &set.ResourceVersion},
		client.PropagationPolicy(metav1.DeletePropagationBackground)); err != nil {
		return fmt.Errorf("replacing StatefulSet %s, whose PVCs have to change: %w", set.Name, client.IgnoreNotFound(err))
	}
	r.Events.Eventf(observed.Cluster, set, corev1.EventTypeNormal, v1alpha1.ReasonStatefulSetReplaced, "Replace",
		"the operator creates StatefulSet %s again, because its PVCs ask for %s and the spec for %s; no volume was bound",
		set.Name, describe(*template), describe(translate.TemplateOf(&observed.Cluster.Spec)))
	for _, pvc := range observed.PVCs {
		if !pvc.IsMadeFrom(*template) {
			continue
		}
		err := r.Client.Delete(ctx, pvc.PersistentVolumeClaim, client.Preconditions{UID: &pvc.UID, ResourceVersion: &pvc.ResourceVersion})
		if client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("replacing PVC %s, which was never bound: %w", pvc.Name, err)
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
