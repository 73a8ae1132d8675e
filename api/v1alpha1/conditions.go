package v1alpha1

// Types of the conditions that the status controller writes. Ready, Reconciling and Stalled have
// the meaning that kstatus gives them, so that GitOps tools can wait for a BarqCluster.
const (
	// ConditionReady is True when what runs is what the spec asks for and every pod answers.
	ConditionReady = "Ready"
	// ConditionReconciling is True while the operator or Kubernetes works towards the spec.
	ConditionReconciling = "Reconciling"
	// ConditionStalled is True when no progress is made until a person acts.
	ConditionStalled = "Stalled"
	// ConditionSecretsAvailable is True when every Secret that the spec names is there with
	// its keys. While it is False, changes are held back and running pods are left alone.
	ConditionSecretsAvailable = "SecretsAvailable"
	// ConditionVolumesResized is True when every volume has the size that the spec asks for.
	ConditionVolumesResized = "VolumesResized"
)

// Types of the conditions that the Helm side writes.
const (
	// ConditionInitialized is True once the release store was read.
	ConditionInitialized = "Initialized"
	// ConditionDeployed is True when a release is stored, also while the newest one failed.
	ConditionDeployed = "Deployed"
	// ConditionReleaseFailed is True when the newest install or upgrade failed.
	ConditionReleaseFailed = "ReleaseFailed"
	// ConditionIrreconcilable is True when the last Helm pass ended in an error.
	ConditionIrreconcilable = "Irreconcilable"
	// ConditionPaused is True while spec.paused holds every change back.
	ConditionPaused = "Paused"
)

// Reasons of the conditions Ready, Reconciling and Stalled.
const (
	// ReasonReady: every pod runs the newest revision and answers.
	ReasonReady = "Ready"
	// ReasonHibernated: replicas is 0 and no pod is left.
	ReasonHibernated = "Hibernated"
	// ReasonPaused: spec.paused holds every change back.
	ReasonPaused = "Paused"
	// ReasonDeleting: the BarqCluster is being deleted.
	ReasonDeleting = "Deleting"
	// ReasonApplying: the newest spec has not been applied yet.
	ReasonApplying = "Applying"
	// ReasonRollingOut: pods are being made, replaced or removed.
	ReasonRollingOut = "RollingOut"
	// ReasonPodsNotReady: pods of the newest revision do not answer.
	ReasonPodsNotReady = "PodsNotReady"
	// ReasonSecretMissing: a Secret, or a key in it, is not there.
	ReasonSecretMissing = "SecretMissing"
	// ReasonReleaseFailed: the API server or Helm refused the objects.
	ReasonReleaseFailed = "ReleaseFailed"
	// ReasonProgressing: work goes on, so nothing is stalled.
	ReasonProgressing = "Progressing"
)

// Reasons of the conditions SecretsAvailable and VolumesResized.
const (
	// ReasonAllFound: every Secret and key that the spec names is there.
	ReasonAllFound = "AllFound"
	// ReasonNoneReferenced: the spec names no Secret.
	ReasonNoneReferenced = "NoneReferenced"
	// ReasonSizeReached: every volume has the size that the spec asks for.
	ReasonSizeReached = "SizeReached"
	// ReasonNoVolumes: there are no volumes yet, or the data directory is not on one.
	ReasonNoVolumes = "NoVolumes"
	// ReasonResizing: volumes were asked to grow and have not got there yet.
	ReasonResizing = "Resizing"
	// ReasonResizeRefused is the reason of an event: the API server refused to let a volume grow.
	ReasonResizeRefused = "ResizeRefused"
)
