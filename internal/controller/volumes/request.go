package volumes

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// requestedAnnotation holds the size that the operator last asked for at a claim.
const requestedAnnotation = "barq.db/requested-size"

// leastGrowth is how far above what a volume has a growth can be taken back.
// Kubernetes lets a request go down, but neither below nor to what the volume has
// (ValidatePersistentVolumeClaimUpdate). Most storage rounds up to a larger unit.
var leastGrowth = resource.MustParse("1Mi")

// request gives the size that the claim is to ask for, and whether it asks for
// another one now.
//
// A volume that has the size is left alone, whatever its claim asks for: there is
// nothing that could be refused. A request that is too large is lowered only if
// the operator made it, as somebody may have good reason to grow a claim by hand,
// and only while the volume itself has not grown.
func request(v volume, size resource.Quantity) (resource.Quantity, bool) {
	has, asks := v.has(), v.asksFor()
	if !v.usable() || asks.Cmp(size) == 0 {
		return size, false
	}
	if asks.Cmp(size) < 0 {
		return size, has.Cmp(size) < 0
	}

	if least := sum(has, leastGrowth); size.Cmp(least) < 0 {
		size = least
	}
	return size, asks.Cmp(size) > 0 && v.askedByOperator() && !v.grew()
}

// askedByOperator tells whether what the claim asks for is what the operator asked for.
func (v volume) askedByOperator() bool {
	noted, err := resource.ParseQuantity(v.claim.Annotations[requestedAnnotation])
	return err == nil && noted.Cmp(v.asksFor()) == 0
}

func sum(a, b resource.Quantity) resource.Quantity {
	total := a.DeepCopy()
	total.Add(b)
	return total
}

// grew tells whether the volume has grown and only its file system has not, which
// nobody can take back. If the node can never grow it, the storage may think again.
func (v volume) grew() bool {
	return v.condition(corev1.PersistentVolumeClaimFileSystemResizePending) != nil &&
		v.resize() != corev1.PersistentVolumeClaimNodeResizeInfeasible
}

// requesting gives a copy of the claim that asks for the size.
func requesting(claim *corev1.PersistentVolumeClaim, size resource.Quantity) *corev1.PersistentVolumeClaim {
	changed := claim.DeepCopy()
	changed.Spec.Resources.Requests[corev1.ResourceStorage] = size
	metav1.SetMetaDataAnnotation(&changed.ObjectMeta, requestedAnnotation, size.String())
	return changed
}
