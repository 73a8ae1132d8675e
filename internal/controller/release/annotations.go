package release

import (
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// checkAnnotations refuses values that mean nothing. No rule of the CRD can: it does not see
// annotations.
func checkAnnotations(cluster client.Object) error {
	if _, err := adoptsRelease(cluster); err != nil {
		return err
	}
	_, err := keepsRelease(cluster)
	return err
}

// adoptsRelease tells whether the operator may take over a release that somebody installed
// with Helm.
func adoptsRelease(cluster client.Object) (bool, error) {
	value, ok := cluster.GetAnnotations()[v1alpha1.AnnotationAdoptRelease]
	if ok && value != cluster.GetName() {
		return false, fmt.Errorf("annotation %s: %q is not the name of this BarqCluster, and only a release of the same name can be taken over; "+
			"write %q, or remove the annotation", v1alpha1.AnnotationAdoptRelease, value, cluster.GetName())
	}
	return ok, nil
}

// keepsRelease tells whether the deletion of the BarqCluster leaves the release to Helm.
func keepsRelease(cluster client.Object) (bool, error) {
	value, ok := cluster.GetAnnotations()[v1alpha1.AnnotationOnDeletion]
	if ok && value != v1alpha1.OnDeletionKeepRelease {
		return false, fmt.Errorf("annotation %s: %q is unknown; write %q to leave the database to Helm, or remove the annotation to have it uninstalled",
			v1alpha1.AnnotationOnDeletion, value, v1alpha1.OnDeletionKeepRelease)
	}
	return ok, nil
}
