package v1alpha1

// Types of the conditions that the status and the volumes controller write. Ready, Reconciling and Stalled have
// the meaning that kstatus gives them, so that GitOps tools can wait for a BarqCluster.
const (
	// ConditionReady is True when what runs is what the spec asks for and every pod answers.
	ConditionReady = "Ready"
	// ConditionReconciling is True while the operator or Kubernetes works towards the spec.
	ConditionReconciling = "Reconciling"
	// ConditionStalled is True when the operator can't make progress until you act.
	ConditionStalled = "Stalled"
	// ConditionSecretsAvailable is True when every Secret that the spec names is there with
	// its keys. While it is False, changes are held back and running pods are left alone.
	ConditionSecretsAvailable = "SecretsAvailable"
	// ConditionVolumesResized is True when every volume has the size that the spec asks for.
	ConditionVolumesResized = "VolumesResized"
	// ConditionVolumesRetained is True when each volume stays when its PVC is deleted, and False when
	// the operator could not set this. Absent without spec.storage.retention.reclaim.
	ConditionVolumesRetained = "VolumesRetained"
	// ConditionChangesPending is True while the operator holds a change back. Causes are spec.paused,
	// a missing Secret, a refusal, or other BarqClusters that come first.
	ConditionChangesPending = "ChangesPending"
	// ConditionDataRedundancy is False with more than one pod, because Barq DB holds each document
	// on one volume only, however many pods there are. Absent otherwise.
	ConditionDataRedundancy = "DataRedundancy"
	// ConditionDeletionProtected is True when the API server refuses to delete the BarqCluster, and False when
	// spec.deletionProtection has no effect because the admission policy is missing. Absent while that is false.
	ConditionDeletionProtected = "DeletionProtected"
	// ConditionMonitored is True when the PodMonitor or ServiceMonitor that spec.monitoring asks for can be made, and False when the
	// Kubernetes cluster does not know that kind. Absent while none is asked for.
	ConditionMonitored = "Monitored"
)

// Types of the conditions that the database controller writes. They are there where the pods have the agent.
const (
	// ConditionAgentReachable is True when the agent of each running pod answers the operator. What the status says of
	// the data is as old as the last answer.
	ConditionAgentReachable = "AgentReachable"
	// ConditionLogIntact is False when acknowledged writes are in quarantine, or when damage in the log keeps a
	// database from starting.
	ConditionLogIntact = "LogIntact"
	// ConditionSpaceAvailable is False when the disk of a database has little space left, or will be full within a day.
	ConditionSpaceAvailable = "SpaceAvailable"
	// ConditionMemoryTight is True when a database takes nine tenths of its limit of memory, or took that before its last
	// end. Barq DB holds all documents in memory, and the kernel ends it at the limit.
	ConditionMemoryTight = "MemoryTight"
	// ConditionIndexesSound is False when a collection has an index of the kind HNSW, or of the kind IVF with pq. Barq DB 0.1
	// answers searches of these with the wrong documents.
	ConditionIndexesSound = "IndexesSound"
	// ConditionTiersReachable is True when the agent of each pod can use the bucket of each tier. Absent without tiering that the
	// agents manage.
	ConditionTiersReachable = "TiersReachable"
	// ConditionArchiving is True when what is written gets into the buckets within spec.tiering.maxLag. Absent without tiering
	// that the agents manage.
	ConditionArchiving = "Archiving"
)

// Types of the conditions that the release controller writes.
const (
	// ConditionDeployed is True when a release is stored, also while the newest one failed.
	ConditionDeployed = "Deployed"
	// ConditionReleaseFailed is True when the newest install or upgrade failed. Absent otherwise.
	ConditionReleaseFailed = "ReleaseFailed"
	// ConditionIrreconcilable is True when the last reconcile of the release controller ended in an
	// error. Absent otherwise.
	ConditionIrreconcilable = "Irreconcilable"
	// ConditionPaused is True while spec.paused holds every change back. Absent otherwise.
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
	// ReasonDeletionWaits: the BarqCluster is being deleted, and something keeps the operator from it.
	ReasonDeletionWaits = "DeletionWaits"
	// ReasonApplying: the newest spec has not been applied yet.
	ReasonApplying = "Applying"
	// ReasonRollingOut: pods are being created, replaced or deleted.
	ReasonRollingOut = "RollingOut"
	// ReasonPodsNotReady: pods do not answer, for a reason that is known or after they did.
	ReasonPodsNotReady = "PodsNotReady"
	// ReasonSecretMissing: a Secret, or a key in it, is not there. The condition Irreconcilable has the same reason.
	ReasonSecretMissing = "SecretMissing"
	// ReasonReferenceMissing: the account or the PriorityClass that the spec names for the pods is not there. The condition
	// Irreconcilable has the same reason.
	ReasonReferenceMissing = "ReferenceMissing"
	// ReasonAwaitingDeletion: an object is still being deleted, mostly one of the former BarqCluster of this name. It is created again
	// when it is gone. The condition Irreconcilable has the same reason.
	ReasonAwaitingDeletion = "AwaitingDeletion"
	// ReasonReleaseFailed: the API server or Helm refused the objects.
	ReasonReleaseFailed = "ReleaseFailed"
	// ReasonProgressDeadlineExceeded: pods have failed to start for longer than
	// spec.progressDeadlineSeconds.
	ReasonProgressDeadlineExceeded = "ProgressDeadlineExceeded"
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
	// ReasonResizeRefused: the API server refused to let a volume grow, mostly because its class
	// cannot expand.
	ReasonResizeRefused = "ResizeRefused"
	// ReasonResizeFailed: the storage tried to let a volume grow and failed.
	ReasonResizeFailed = "ResizeFailed"
	// ReasonDataAtRisk: a PVC is being deleted, or has lost its volume, while its pod uses it.
	ReasonDataAtRisk = "DataAtRisk"
	// ReasonVolumesDiffer: PVCs that were there before have another class or access mode than the spec
	// says, or are larger.
	ReasonVolumesDiffer = "VolumesDiffer"
	// ReasonFileSystemResizePending: a volume grew, and its file system will when its pod restarts.
	ReasonFileSystemResizePending = "FileSystemResizePending"
)

// Reasons of the conditions ChangesPending and DataRedundancy.
const (
	// ReasonNothingPending: no change is held back.
	ReasonNothingPending = "NothingPending"
	// ReasonRolloutQueued: a change that the spec does not ask for waits until other BarqClusters have
	// finished their rollouts. A new version of the operator brings such a change.
	ReasonRolloutQueued = "RolloutQueued"
	// ReasonPrimaryOnly: the first pod holds all data, the others hold none.
	ReasonPrimaryOnly = "PrimaryOnly"
	// ReasonIndependentDatabases: each pod holds data of its own, and no copy of another's.
	ReasonIndependentDatabases = "IndependentDatabases"
)

// Reasons of the condition Monitored.
const (
	// ReasonPodMonitorKnown: the Kubernetes cluster knows PodMonitors, and one is made.
	ReasonPodMonitorKnown = "PodMonitorKnown"
	// ReasonPodMonitorUnknown: the Kubernetes cluster does not know PodMonitors, so none is made.
	ReasonPodMonitorUnknown = "PodMonitorUnknown"
	// ReasonServiceMonitorKnown: the Kubernetes cluster knows ServiceMonitors, and one is made.
	ReasonServiceMonitorKnown = "ServiceMonitorKnown"
	// ReasonServiceMonitorUnknown: the Kubernetes cluster does not know ServiceMonitors, so none is made.
	ReasonServiceMonitorUnknown = "ServiceMonitorUnknown"
)

// Reasons of the conditions AgentReachable, LogIntact, SpaceAvailable, MemoryTight and IndexesSound.
const (
	// ReasonAgentAnswers: the agent of each running pod answers.
	ReasonAgentAnswers = "AgentAnswers"
	// ReasonAgentSilent: the agent of a running pod does not answer the operator.
	ReasonAgentSilent = "AgentSilent"
	// ReasonCertificatesRefused: the Secret with the certificates of the agents cannot be written.
	ReasonCertificatesRefused = "CertificatesRefused"
	// ReasonIntact: no acknowledged write is in quarantine.
	ReasonIntact = "Intact"
	// ReasonWritesQuarantined: acknowledged writes that Barq DB cannot read were taken out of the log.
	ReasonWritesQuarantined = "WritesQuarantined"
	// ReasonLogNotIntact: damage in the log keeps a database from starting until you decide.
	ReasonLogNotIntact = "LogNotIntact"
	// ReasonSyncFails: writes are not synced to the disk, so a crash of the node loses them.
	ReasonSyncFails = "SyncFails"
	// ReasonSpaceLeft: the disk has space for more than a day.
	ReasonSpaceLeft = "SpaceLeft"
	// ReasonFillsSoon: at the growth of the last hours the disk is full within a day.
	ReasonFillsSoon = "FillsSoon"
	// ReasonNearLimit: a database takes nine tenths of its limit of memory, or did.
	ReasonNearLimit = "NearLimit"
	// ReasonEstimateNearLimit: a database that reads its log takes nine tenths of its limit of memory, by an estimate.
	ReasonEstimateNearLimit = "EstimateNearLimit"
	// ReasonBelowLimit: each database takes less than nine tenths of its limit, or has none.
	ReasonBelowLimit = "BelowLimit"
	// ReasonWritesRefused: the agent refuses writes, because only the reserve of the disk is left.
	ReasonWritesRefused = "WritesRefused"
	// ReasonLittleSpace: less than a twentieth of the disk is free.
	ReasonLittleSpace = "LittleSpace"
	// ReasonNoFaultyIndex: no collection has an index that gives wrong answers.
	ReasonNoFaultyIndex = "NoFaultyIndex"
	// ReasonFaultyIndex: a collection has an index that gives wrong answers.
	ReasonFaultyIndex = "FaultyIndex"
)

// Reasons of the conditions TiersReachable and Archiving. Archiving has those of a bucket too, while that keeps writes out.
const (
	// ReasonReachable: each pod can use the bucket of each tier.
	ReasonReachable = "Reachable"
	// ReasonStoreUnreachable: a store does not answer a pod.
	ReasonStoreUnreachable = "StoreUnreachable"
	// ReasonCredentialsMissing: a pod has no credentials for a bucket.
	ReasonCredentialsMissing = "CredentialsMissing"
	// ReasonCredentialsRejected: a store does not know the credentials of a pod, or no longer.
	ReasonCredentialsRejected = "CredentialsRejected"
	// ReasonAccessDenied: the credentials of a pod may not do in a bucket what they have to.
	ReasonAccessDenied = "AccessDenied"
	// ReasonBucketMissing: a bucket does not exist.
	ReasonBucketMissing = "BucketMissing"
	// ReasonConditionalWritesUnsupported: a store replaces objects that it should not replace.
	ReasonConditionalWritesUnsupported = "ConditionalWritesUnsupported"
	// ReasonClockSkewed: the clock of a pod's node is too far from that of a store.
	ReasonClockSkewed = "ClockSkewed"
	// ReasonShipping: what is written gets into the buckets.
	ReasonShipping = "Shipping"
	// ReasonRestoring: the data of a pod comes back from the buckets, and its database serves nothing.
	ReasonRestoring = "Restoring"
	// ReasonLagging: writes have been waiting for the buckets for longer than spec.tiering.maxLag.
	ReasonLagging = "Lagging"
	// ReasonWriterFenced: another database writes the archive of a pod.
	ReasonWriterFenced = "WriterFenced"
	// ReasonArchiveDamaged: an object of an archive is gone, or is not what was written.
	ReasonArchiveDamaged = "ArchiveDamaged"
	// ReasonNotUnderstood: an agent says what this version of the operator does not know.
	ReasonNotUnderstood = "NotUnderstood"
)

// Reasons of the condition Ready of a BarqBackupStore. It also has SecretMissing, and those of a bucket.
const (
	// ReasonProbing: a pod tries whether the store can be used, for the first time or after a change.
	ReasonProbing = "Probing"
	// ReasonProbeFailed: the pod that tries the store cannot be made, does not start, or got an answer that no other reason has.
	ReasonProbeFailed = "ProbeFailed"
	// ReasonAgentImageMissing: the operator was installed without an image of the agent, which tries the store.
	ReasonAgentImageMissing = "AgentImageMissing"
)

// Reasons of the condition VolumesRetained, which also has NoVolumes.
const (
	// ReasonRetainSet: each volume stays when its PVC is deleted.
	ReasonRetainSet = "RetainSet"
	// ReasonRetainRefused: the operator could not set Retain on a volume, mostly because the operator
	// is confined to namespaces.
	ReasonRetainRefused = "RetainRefused"
)

// Reasons of the condition DeletionProtected.
const (
	// ReasonPolicyBound: the admission policy that refuses the deletion is installed.
	ReasonPolicyBound = "PolicyBound"
	// ReasonPolicyMissing: the admission policy or its binding is not installed, or does not refuse the deletion.
	ReasonPolicyMissing = "PolicyMissing"
	// ReasonPolicyUnknown: the operator may not read the admission policy, or has the setting not to
	// look for it.
	ReasonPolicyUnknown = "PolicyUnknown"
)

// Reasons of events that no condition has. The other events have the reason of a condition.
const (
	// ReasonResumed: spec.paused is false again.
	ReasonResumed = "Resumed"
	// ReasonStuckPodReplaced: a pod of a former spec that cannot start was deleted, so that it is made from the newest one.
	ReasonStuckPodReplaced = "StuckPodReplaced"
	// ReasonWoken: replicas is above 0 again.
	ReasonWoken = "Woken"
	// ReasonTierNotSupported: Barq DB is told of a tier on s3 or gcs, with which version 0.1.0 exits at startup.
	ReasonTierNotSupported = "TierNotSupported"
	// ReasonVolumeDeleted: the operator deleted the PVC of a pod that a lower number of replicas has
	// removed.
	ReasonVolumeDeleted = "VolumeDeleted"
	// ReasonStatefulSetReplaced: the StatefulSet was created again with other PVCs, because no volume was
	// bound.
	ReasonStatefulSetReplaced = "StatefulSetReplaced"
	// ReasonManagedElsewhere: another operator is installed too and leaves this BarqCluster alone.
	ReasonManagedElsewhere = "ManagedElsewhere"
)
