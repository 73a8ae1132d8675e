package v1alpha1

import (
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Phase is the state of a BarqCluster in one word, for people; programs read the conditions.
//
// +kubebuilder:validation:Enum=Pending;Progressing;Ready;Degraded;Failed;Hibernated;Paused
type Phase string

const (
	// PhasePending: nothing runs yet, something is awaited (a Secret, a volume, a node).
	PhasePending Phase = "Pending"
	// PhaseProgressing: pods are being made, replaced or removed.
	PhaseProgressing Phase = "Progressing"
	// PhaseReady: what runs is what the spec asks for, and every pod answers.
	PhaseReady Phase = "Ready"
	// PhaseDegraded: something runs, but pods do not answer, or a change is held back.
	PhaseDegraded Phase = "Degraded"
	// PhaseFailed: clients get no answer and a person has to act.
	PhaseFailed Phase = "Failed"
	// PhaseHibernated: replicas is 0, no pod runs and the volumes are kept.
	PhaseHibernated Phase = "Hibernated"
	// PhasePaused: spec.paused holds every change back.
	PhasePaused Phase = "Paused"
)

// BarqClusterStatus is what the operator observed.
//
// Three writers share it by server-side apply, each with fields of its own: the Helm side writes
// deployedRelease and the conditions Initialized, Deployed, ReleaseFailed, Irreconcilable and
// Paused, the volumes controller storage and the condition VolumesResized, the status controller
// everything else but operator and takeover.
type BarqClusterStatus struct {
	// operator is the one operator that works on this BarqCluster: namespace and name of its Lease. All
	// others leave it alone.
	// +optional
	Operator string `json:"operator,omitempty"`

	// takeover is another operator that asks whether the one in operator is still there. That one
	// removes the question; if it does not within 30 seconds, the other takes its place.
	// +optional
	Takeover string `json:"takeover,omitempty"`

	// observedGeneration is the generation of the spec that this status describes. While it is
	// below metadata.generation the newest change has not been acted upon.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// phase is the state in one word: Pending, Progressing, Ready, Degraded, Failed, Hibernated or
	// Paused. Programs should read the conditions instead.
	// +optional
	Phase Phase `json:"phase,omitempty"`

	// replicas is the number of pods that exist.
	// +optional
	Replicas int32 `json:"replicas"`

	// readyReplicas is the number of pods that answer.
	// +optional
	ReadyReplicas int32 `json:"readyReplicas"`

	// updatedReplicas is the number of pods that were made from the newest revision.
	// +optional
	UpdatedReplicas int32 `json:"updatedReplicas"`

	// selector finds the pods; autoscalers read it through the scale subresource.
	// +optional
	Selector string `json:"selector,omitempty"`

	// image is the image that the pods are to run.
	// +optional
	Image string `json:"image,omitempty"`

	// endpoints are where clients inside the Kubernetes cluster reach the database.
	// +optional
	Endpoints *Endpoints `json:"endpoints,omitempty"`

	// storage is what the volumes have. Absent while there are none.
	// +optional
	Storage *StorageStatus `json:"storage,omitempty"`

	// appliedSpecHash sums up the spec that was last applied, without paused. While a BarqCluster is
	// paused, another sum means that changes are pending.
	// +optional
	AppliedSpecHash string `json:"appliedSpecHash,omitempty"`

	// conditions: Ready, Reconciling and Stalled in kstatus's sense, SecretsAvailable,
	// VolumesResized, ChangesPending, with more than one pod DataRedundancy, and those of the Helm
	// release: Initialized, Deployed, ReleaseFailed, Irreconcilable and Paused.
	// +listType=map
	// +listMapKey=type
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// deployedRelease is the Helm release that was last stored for this BarqCluster. Its being there does
	// not mean that the database answers: see the condition Ready.
	// +optional
	DeployedRelease *DeployedRelease `json:"deployedRelease,omitempty"`
}

// Endpoints are addresses inside the Kubernetes cluster.
type Endpoints struct {
	// http is the URL of the HTTP API. Absent in mode Independent.
	// +optional
	HTTP string `json:"http,omitempty"`

	// grpc is the host and port of the gRPC API, which is plaintext. Absent in mode Independent.
	// +optional
	GRPC string `json:"grpc,omitempty"`

	// databases are the addresses of each database in mode Independent. Absent in mode Primary.
	// +listType=map
	// +listMapKey=pod
	// +optional
	Databases []DatabaseEndpoint `json:"databases,omitempty"`
}

// DatabaseEndpoint is where clients reach the database of one pod.
type DatabaseEndpoint struct {
	// pod is the name of the pod.
	Pod string `json:"pod"`

	// http is the URL of the HTTP API.
	HTTP string `json:"http"`

	// grpc is the host and port of the gRPC API, which is plaintext.
	GRPC string `json:"grpc"`
}

// StorageStatus is what the volumes have.
type StorageStatus struct {
	// capacity is the largest capacity that a volume of this BarqCluster has; spec.storage.size cannot go below it.
	// +optional
	Capacity *resource.Quantity `json:"capacity,omitempty"`

	// volumes is the number of volumes of the pods that spec.replicas asks for.
	// +optional
	Volumes int32 `json:"volumes,omitempty"`

	// resizedVolumes is how many of them have the size that the spec asks for.
	// +optional
	ResizedVolumes int32 `json:"resizedVolumes,omitempty"`
}

// DeployedRelease names a Helm release.
type DeployedRelease struct {
	// name of the release, in the BarqCluster's namespace.
	// +optional
	Name string `json:"name,omitempty"`
}
