package v1alpha1

// Annotations of a BarqCluster.
const (
	// AnnotationAdoptRelease lets the operator take over the release of barq-db that a user installed
	// with Helm. Its value is the release's name, which is the BarqCluster's.
	AnnotationAdoptRelease = "barq.db/adopt-release"
	// AnnotationOnDeletion says what the deletion of the BarqCluster does to the database. Without it
	// the database is uninstalled.
	AnnotationOnDeletion = "barq.db/on-deletion"
	// OnDeletionKeepRelease leaves the database running, as a release for Helm.
	OnDeletionKeepRelease = "keep-release"
)
