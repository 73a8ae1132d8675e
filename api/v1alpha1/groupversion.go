package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var (
	// GroupVersion is the group and version of every type in this package.
	GroupVersion = schema.GroupVersion{Group: "barq.db", Version: "v1alpha1"}

	// BarqClusterKind is the full kind of a BarqCluster, for code that handles
	// it unstructured as the Helm reconciler does.
	BarqClusterKind = GroupVersion.WithKind("BarqCluster")

	// BarqBackupStoreKind is the full kind of a BarqBackupStore.
	BarqBackupStoreKind = GroupVersion.WithKind("BarqBackupStore")

	schemeBuilder = runtime.NewSchemeBuilder(addKnownTypes)

	// AddToScheme registers the types of this package with a scheme.
	AddToScheme = schemeBuilder.AddToScheme
)

func addKnownTypes(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(GroupVersion, &BarqCluster{}, &BarqClusterList{}, &BarqBackupStore{}, &BarqBackupStoreList{})
	metav1.AddToGroupVersion(scheme, GroupVersion)
	return nil
}
