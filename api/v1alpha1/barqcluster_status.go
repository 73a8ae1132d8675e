package v1alpha1

import (
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Phase is the state of a BarqCluster in one word, for users; programs read the conditions.
//
// +kubebuilder:validation:Enum=Pending;Progressing;Ready;Degraded;Failed;Hibernated;Paused
type Phase string

const (
	// PhasePending: nothing runs yet. The operator waits for a Secret, a volume or a node.
	PhasePending Phase = "Pending"
	// PhaseProgressing: pods are being created, replaced or deleted.
	PhaseProgressing Phase = "Progressing"
	// PhaseReady: what runs is what the spec asks for, and every pod answers.
	PhaseReady Phase = "Ready"
	// PhaseDegraded: something runs, but pods do not answer, or a change is held back.
	PhaseDegraded Phase = "Degraded"
	// PhaseFailed: clients get no answer and you have to act.
	PhaseFailed Phase = "Failed"
	// PhaseHibernated: replicas is 0, no pod runs and the volumes are kept.
	PhaseHibernated Phase = "Hibernated"
	// PhasePaused: spec.paused holds every change back.
	PhasePaused Phase = "Paused"
)

// BarqClusterStatus is what the operator observed.
//
// Four controllers share it by server-side apply, each with fields of its own. The cluster
// controller writes deployedRelease and the conditions Deployed, ReleaseFailed, Irreconcilable and
// Paused. The volumes controller writes storage and the condition
// VolumesResized. The lease controller writes operator and takeover. The status controller writes
// all other fields.
type BarqClusterStatus struct {
	// operator is the one operator that works on this BarqCluster: namespace and name of its Lease. All
	// others leave it alone.
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:text"}
	Operator string `json:"operator,omitempty"`

	// takeover is another operator that asks whether the one in operator is still there. That one
	// removes the question; if it does not within 30 seconds, the other takes its place.
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:text"}
	Takeover string `json:"takeover,omitempty"`

	// observedGeneration is the generation of the spec that this status describes. While it is
	// below metadata.generation the newest change has not been acted upon.
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:text"}
	ObservedGeneration int64 `json:"observedGeneration"`

	// phase is the state in one word: Pending, Progressing, Ready, Degraded, Failed, Hibernated or
	// Paused. Programs should read the conditions instead.
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:io.kubernetes.phase"}
	Phase Phase `json:"phase,omitempty"`

	// replicas is the number of pods that exist.
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:podCount"}
	Replicas int32 `json:"replicas"`

	// readyReplicas is the number of pods that answer.
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:podCount"}
	ReadyReplicas int32 `json:"readyReplicas"`

	// updatedReplicas is the number of pods that were made from the newest revision.
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:podCount"}
	UpdatedReplicas int32 `json:"updatedReplicas"`

	// selector finds the pods; autoscalers read it through the scale subresource.
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:text"}
	Selector string `json:"selector,omitempty"`

	// image is the desired image of the pods.
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:text"}
	Image string `json:"image,omitempty"`

	// endpoints are where clients inside the Kubernetes cluster reach the database.
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=status
	Endpoints *Endpoints `json:"endpoints,omitempty"`

	// storage is what the volumes have. Absent while there are none.
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=status
	Storage *StorageStatus `json:"storage,omitempty"`

	// database is what the agents say of the data. Absent while none has answered, and without agents.
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=status
	Database *DatabaseStatus `json:"database,omitempty"`

	// tiering is what the agents say of the buckets. Absent without tiering that they manage, and while none has answered.
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=status
	Tiering *TieringStatus `json:"tiering,omitempty"`

	// appliedSpecHash sums up the spec that was last applied, without paused. While a BarqCluster is
	// paused, another sum means that changes are pending.
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:text"}
	AppliedSpecHash string `json:"appliedSpecHash,omitempty"`

	// conditions: Ready, Reconciling and Stalled in kstatus's sense, SecretsAvailable, VolumesResized
	// and ChangesPending. Some depend on the spec: DataRedundancy is there with more than one pod,
	// DeletionProtected with spec.deletionProtection. VolumesRetained is there with
	// spec.storage.retention.reclaim, and Monitored with a monitor in spec.monitoring. AgentReachable,
	// LogIntact, SpaceAvailable, MemoryTight and IndexesSound are there where the pods have the agent, and TiersReachable and
	// Archiving where it manages tiers. Deployed is about the Helm release. ReleaseFailed, Irreconcilable and Paused are there only while they are True.
	// +listType=map
	// +listMapKey=type
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:io.kubernetes.conditions"}
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// deployedRelease is the Helm release that was last stored for this BarqCluster. It does not say
	// whether the database answers: see the condition Ready.
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=status
	DeployedRelease *DeployedRelease `json:"deployedRelease,omitempty"`
}

// Endpoints are addresses inside the Kubernetes cluster.
type Endpoints struct {
	// http is the URL of the HTTP API. Absent in mode Independent.
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=status,displayName="HTTP Endpoint",xDescriptors={"urn:alm:descriptor:org.w3:link"}
	HTTP string `json:"http,omitempty"`

	// grpc is the host and port of the gRPC API, which is plaintext. Absent in mode Independent.
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=status,displayName="gRPC Endpoint",xDescriptors={"urn:alm:descriptor:text"}
	GRPC string `json:"grpc,omitempty"`

	// databases are the addresses of each database in mode Independent. Absent in mode Primary.
	// +listType=map
	// +listMapKey=pod
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=status
	Databases []DatabaseEndpoint `json:"databases,omitempty"`
}

// DatabaseEndpoint is where clients reach the database of one pod.
type DatabaseEndpoint struct {
	// pod is the name of the pod.
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:io.kubernetes:Pod"}
	Pod string `json:"pod"`

	// http is the URL of the HTTP API.
	// +operator-sdk:csv:customresourcedefinitions:type=status,displayName="HTTP Endpoint",xDescriptors={"urn:alm:descriptor:org.w3:link"}
	HTTP string `json:"http"`

	// grpc is the host and port of the gRPC API, which is plaintext.
	// +operator-sdk:csv:customresourcedefinitions:type=status,displayName="gRPC Endpoint",xDescriptors={"urn:alm:descriptor:text"}
	GRPC string `json:"grpc"`
}

// StorageStatus is what the volumes have.
type StorageStatus struct {
	// capacity is the largest capacity that a volume of this BarqCluster has; spec.storage.size cannot go below it.
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:text"}
	Capacity *resource.Quantity `json:"capacity,omitempty"`

	// volumes is the number of volumes of the pods that spec.replicas asks for.
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:text"}
	Volumes int32 `json:"volumes,omitempty"`

	// resizedVolumes is how many of them have the size that the spec asks for.
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:text"}
	ResizedVolumes int32 `json:"resizedVolumes,omitempty"`
}

// DatabaseStatus is what the agents of the pods say of the data. Counts are sums over the pods that answered. They are written again when
// one has changed by a tenth, and otherwise once an hour.
type DatabaseStatus struct {
	// observedTime is when the agents said so.
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:text"}
	ObservedTime metav1.Time `json:"observedTime"`

	// pods is the number of pods whose agent answered.
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:podCount"}
	Pods int32 `json:"pods"`

	// agentVersion is the version of the agents, the oldest one if they differ.
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:text"}
	AgentVersion string `json:"agentVersion"`

	// tenants is the number of tenants.
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:text"}
	Tenants int64 `json:"tenants"`

	// collections is the number of collections.
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:text"}
	Collections int64 `json:"collections"`

	// documents is the number of documents.
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:text"}
	Documents int64 `json:"documents"`

	// logBytes is the size of the logs and their segments.
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:text"}
	LogBytes int64 `json:"logBytes"`

	// supersededBytes is about how much of logBytes is superseded by later writes and not yet compacted. The agents look at the
	// segments of a collection when they have grown by a seventh.
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:text"}
	SupersededBytes int64 `json:"supersededBytes"`

	// oldestUnsyncedTime is when the oldest write was made that is not synced to the disk, if that is more than two minutes ago.
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:text"}
	OldestUnsyncedTime *metav1.Time `json:"oldestUnsyncedTime,omitempty"`

	// freeBytes is the free space on the disk that has the least.
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:text"}
	FreeBytes int64 `json:"freeBytes"`

	// fullTime is when the first disk is full at the growth of the last hours. Absent without growth.
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:text"}
	FullTime *metav1.Time `json:"fullTime,omitempty"`

	// lastStart is the newest start of a database.
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=status
	LastStart *DatabaseStart `json:"lastStart,omitempty"`

	// lastRepair is the newest repair of a log before a start. Absent if the operator has seen none.
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=status
	LastRepair *DatabaseRepair `json:"lastRepair,omitempty"`

	// quarantinedWrites is the number of acknowledged writes that were taken out of the log and are still in quarantine.
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:text"}
	QuarantinedWrites int64 `json:"quarantinedWrites"`
}

// DatabaseStart is a start of the database of a pod.
type DatabaseStart struct {
	// pod is the name of the pod.
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:io.kubernetes:Pod"}
	Pod string `json:"pod"`

	// time is when the database began to read its log.
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:text"}
	Time metav1.Time `json:"time"`

	// seconds is how long it took until the database served. Absent while it reads its log.
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:text"}
	Seconds *int64 `json:"seconds,omitempty"`
}

// DatabaseRepair is a repair of the log of a pod.
type DatabaseRepair struct {
	// pod is the name of the pod.
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:io.kubernetes:Pod"}
	Pod string `json:"pod"`

	// time is when the log was repaired.
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:text"}
	Time metav1.Time `json:"time"`

	// files is the number of files that were repaired.
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:text"}
	Files int64 `json:"files"`

	// lostWrites is the number of acknowledged writes that were taken out, because Barq DB cannot read them.
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:text"}
	LostWrites int64 `json:"lostWrites"`
}

// TieringStatus is what the agents of the pods say of the buckets. What is counted is a sum over the pods that answered. A new
// value is written after a minute at the earliest, and after ten minutes if only recoverableUntil has moved.
type TieringStatus struct {
	// observedTime is when the agents said so.
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:text"}
	ObservedTime metav1.Time `json:"observedTime"`

	// pods is the number of pods whose agent answered.
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:podCount"}
	Pods int32 `json:"pods"`

	// epoch is the highest number of those that have written an archive one after the other. Absent until one writes.
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:text"}
	Epoch int64 `json:"epoch,omitempty"`

	// warm is what the bucket of the warm tier has. Absent without that tier.
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=status
	Warm *TierStatus `json:"warm,omitempty"`

	// cold is what the bucket of the cold tier has. Absent without that tier.
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=status
	Cold *TierStatus `json:"cold,omitempty"`

	// lastShippedTime is when data was last written to a bucket.
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:text"}
	LastShippedTime *metav1.Time `json:"lastShippedTime,omitempty"`

	// recoverableUntil is the time until which the buckets have every write that was answered, that of the pod which is
	// furthest behind. Absent while that of a pod is not known.
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:text"}
	RecoverableUntil *metav1.Time `json:"recoverableUntil,omitempty"`

	// lagSeconds is how long the oldest write has been waiting that is not in a bucket.
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:text"}
	LagSeconds int64 `json:"lagSeconds"`

	// pendingBytes is how much of the log was not yet in a bucket when the agent last looked, which it does within maxLag.
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:text"}
	PendingBytes int64 `json:"pendingBytes"`

	// restore is the newest restore from the buckets, while it runs and later. Absent if the operator has seen none.
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=status
	Restore *TieringRestore `json:"restore,omitempty"`
}

// TierStatus is what the bucket of a tier has of the data that the database needs.
type TierStatus struct {
	// objects is the number of objects.
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:text"}
	Objects int64 `json:"objects"`

	// bytes is their size.
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:text"}
	Bytes int64 `json:"bytes"`
}

// TieringRestore is a restore of the data of a pod from the buckets.
type TieringRestore struct {
	// pod is the name of the pod.
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:io.kubernetes:Pod"}
	Pod string `json:"pod"`

	// from is the path of the archive in its bucket: namespace, name and UID of a BarqCluster, and the number of a pod.
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:text"}
	From string `json:"from"`

	// startTime is when it began.
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:text"}
	StartTime metav1.Time `json:"startTime"`

	// endTime is when all data was on the disk. Absent while it runs.
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:text"}
	EndTime *metav1.Time `json:"endTime,omitempty"`

	// until is the time until which the data has every write that was answered.
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:text"}
	Until metav1.Time `json:"until"`

	// bytes is the size of the data.
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:text"}
	Bytes int64 `json:"bytes"`

	// restoredBytes is how much of it is on the disk.
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:text"}
	RestoredBytes int64 `json:"restoredBytes"`
}

// DeployedRelease names a Helm release.
type DeployedRelease struct {
	// name of the release, in the BarqCluster's namespace.
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:text"}
	Name string `json:"name,omitempty"`
}
