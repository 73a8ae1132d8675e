package pvcs

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/translate"
)

// LeastGrowth is how far above the size of a volume a growth can be taken back. Kubernetes lets a
// request go down, but only to more than the volume has (ValidatePersistentVolumeClaimUpdate). Most
// storage rounds up to a larger unit.
var LeastGrowth = resource.MustParse("1Mi")

// OutdatedTemplate returns the volume claim template of the StatefulSet if it differs from the spec;
// else nil. It also returns nil once a volume is bound, because the StatefulSet cannot be replaced
// then. The release controller must be done with the spec, or it would not create the StatefulSet
// again.
func (o Observation) OutdatedTemplate() *translate.Template {
	set := o.StatefulSet
	if set == nil || set.DeletionTimestamp != nil || o.Cluster.DeletionTimestamp != nil || o.Cluster.Spec.Paused ||
		o.Cluster.Spec.Tiering.HotPath == v1alpha1.HotPathEphemeralStorage || slices.ContainsFunc(o.PVCs, PVC.IsBound) {
		return nil
	}
	for _, pod := range o.Pods {
		if pod.Spec.NodeName != "" {
			// The volume is bound to a PVC that the operator does not see, because the PVC has other
			// labels.
			return nil
		}
	}
	if clusters.AppliedGeneration(o.Cluster.Status.Conditions) != o.Cluster.Generation {
		return nil
	}
	template, wanted := clusters.Template(set), translate.TemplateOf(&o.Cluster.Spec)
	if template == nil || same(*template, wanted) {
		return nil
	}
	return template
}

func same(a, b translate.Template) bool {
	return a.Size.Cmp(b.Size) == 0 && a.StorageClassName == b.StorageClassName && a.AccessMode == b.AccessMode
}

// IsMadeFrom reports whether the PVC looks as the StatefulSet creates it from the template. A PVC that
// names a source of data, or is kept from before, belongs to a person.
func (p PVC) IsMadeFrom(template translate.Template) bool {
	asks := p.AsksFor()
	return p.Spec.DataSource == nil && p.Spec.DataSourceRef == nil && p.Spec.Selector == nil && p.DeletionTimestamp == nil &&
		asks.Cmp(template.Size) == 0 &&
		(template.StorageClassName == "" || ptr.Deref(p.Spec.StorageClassName, "") == template.StorageClassName) &&
		slices.Equal(p.Spec.AccessModes, []corev1.PersistentVolumeAccessMode{corev1.PersistentVolumeAccessMode(template.AccessMode)})
}

// fixedSize returns the size that the PVC cannot take back. Storage may give more than the PVC asks
// for. A growth that the storage has not given is taken back.
func (p PVC) fixedSize() resource.Quantity {
	has, asks := p.Has(), p.AsksFor()
	if p.IsBound() && has.Cmp(asks) < 0 {
		return has
	}
	return asks
}

// Differences says for each PVC how it differs from the spec for ever. A size above the size of the
// spec counts, except after a growth was taken back.
func (o Observation) Differences() []string {
	var found []string
	wanted := translate.TemplateOf(&o.Cluster.Spec)
	most := wanted.Size.DeepCopy()
	most.Add(LeastGrowth)
	for _, pvc := range o.PVCs {
		var has, says []string
		if class := ptr.Deref(pvc.Spec.StorageClassName, ""); wanted.StorageClassName != "" && class != wanted.StorageClassName {
			has, says = append(has, "class "+class), append(says, wanted.StorageClassName)
		}
		if mode := pvc.Spec.AccessModes; wanted.AccessMode != "" && len(mode) > 0 && string(mode[0]) != wanted.AccessMode {
			has, says = append(has, "access mode "+string(mode[0])), append(says, wanted.AccessMode)
		}
		if size := pvc.fixedSize(); size.Cmp(most) > 0 {
			has, says = append(has, "size "+size.String()), append(says, wanted.Size.String())
		}
		for i := range has {
			text := fmt.Sprintf("PVC %s has %s, and the spec says %s", pvc.Name, has[i], says[i])
			if i == len(has)-1 && !pvc.IsBound() && pvc.DeletionTimestamp == nil {
				text += fmt.Sprintf("; it was never bound: kubectl -n %s delete pvc %s lets Kubernetes create another one", pvc.Namespace, pvc.Name)
			}
			found = append(found, text)
		}
	}
	return found
}
