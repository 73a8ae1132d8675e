package adoption

import (
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// CheckAnnotations refuses unknown values. No rule of the CRD can do that, because it does not see annotations.
func CheckAnnotations(cluster client.Object) error {
	if _, err := Adopts(cluster); err != nil {
		return err
	}
	_, err := HandsBack(cluster)
	return err
}

// Adopts reports whether the operator may take over a release that a person installed with Helm.
func Adopts(cluster client.Object) (bool, error) {
	value, ok := cluster.GetAnnotations()[v1alpha1.AnnotationAdoptRelease]
	if ok && value != cluster.GetName() {
		return false, fmt.Errorf("annotation %s: %q is not the name of this BarqCluster. Only a release of the same name can be taken over; "+
			"write %q, or remove the annotation", v1alpha1.AnnotationAdoptRelease, value, cluster.GetName())
	}
	return ok, nil
}

// HandsBack reports whether the deletion of the BarqCluster leaves the release to Helm.
func HandsBack(cluster client.Object) (bool, error) {
	value, ok := cluster.GetAnnotations()[v1alpha1.AnnotationOnDeletion]
	if ok && value != v1alpha1.OnDeletionKeepRelease {
		return false, fmt.Errorf("annotation %s: %q is unknown; write %q to leave the database to Helm, or remove the annotation to have it uninstalled",
			v1alpha1.AnnotationOnDeletion, value, v1alpha1.OnDeletionKeepRelease)
	}
	return ok, nil
}
