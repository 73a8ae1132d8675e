package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// BarqCluster runs Barq DB, a vector database, with one volume for each pod.
//
// The name is at most 52 characters, because Kubernetes adds a hash of 11 to it
// in a label of the pods, and it is a DNS label that starts with a letter, because a
// Service takes it.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:shortName=bqc,categories=all
// +kubebuilder:subresource:status
// +kubebuilder:subresource:scale:specpath=.spec.replicas,statuspath=.status.replicas,selectorpath=.status.selector
// +kubebuilder:printcolumn:name="Replicas",type=integer,JSONPath=`.spec.replicas`,description="Desired number of pods"
// +kubebuilder:printcolumn:name="Ready",type=integer,JSONPath=`.status.readyReplicas`,description="Pods that answer"
// +kubebuilder:printcolumn:name="Phase",type=string,JSONPath=`.status.phase`,description="The state in one word"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Image",type=string,JSONPath=`.status.image`,priority=1,description="The image that the pods are to run"
// +kubebuilder:printcolumn:name="Message",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].message`,priority=1,description="Why it is ready or not"
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 52",message="metadata.name: must be at most 52 characters, because Kubernetes adds a hash to it in a label of the pods; write a shorter name"
// +kubebuilder:validation:XValidation:rule="self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="metadata.name: must start with a letter and hold only lower-case letters, digits and '-', because a Service takes this name; write for instance my-vectors"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.status) || !has(oldSelf.status.storage) || !has(oldSelf.status.storage.capacity) || string(self.spec.storage.size) == string(oldSelf.spec.storage.size) || quantity(string(self.spec.storage.size)).compareTo(quantity(string(oldSelf.status.storage.capacity))) >= 0",messageExpression="'spec.storage.size: the volumes have ' + string(oldSelf.status.storage.capacity) + ' and cannot shrink; write ' + string(oldSelf.status.storage.capacity) + ' or more'",message="spec.storage.size: volumes cannot shrink; write at least the size in status.storage.capacity"
type BarqCluster struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what the database is to be.
	// +kubebuilder:default={}
	// +optional
	Spec BarqClusterSpec `json:"spec,omitempty"`

	// status is what the operator last observed. Only the operator writes it.
	// +optional
	Status BarqClusterStatus `json:"status,omitempty"`
}

// BarqClusterList is a list of BarqClusters.
//
// +kubebuilder:object:root=true
type BarqClusterList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []BarqCluster `json:"items"`
}

// BarqClusterSpec is what the user asks for.
type BarqClusterSpec struct {
	// replicas is the number of pods, 0 to 100; default 1. Each pod is a database of its own
	// with a volume of its own: Barq DB does not copy data between them. 0 stops the pods and
	// keeps the volumes. Volumes of pods that a lower number removes are kept too.
	// +kubebuilder:default=1
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	// +optional
	Replicas *int32 `json:"replicas,omitempty"`

	// image is the container image of Barq DB, by tag, by digest or both. Default: the image
	// that the operator was installed with (RELATED_IMAGE_BARQ_DB), else the chart's. A change
	// restarts the pods one at a time.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.matches('^([a-zA-Z0-9.-]+(:[0-9]+)?/)?[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*(:[A-Za-z0-9_][A-Za-z0-9_.-]*)?(@sha256:[a-f0-9]{64})?$')",message="must be an image reference; write for instance registry.example.com/barq-db:0.1.0 or registry.example.com/barq-db@sha256:<64 hexadecimal digits>"
	// +optional
	Image string `json:"image,omitempty"`

	// imagePullPolicy is when the image is pulled. Default: Kubernetes' own rule, Always for the
	// tag latest and IfNotPresent otherwise.
	// +kubebuilder:validation:Enum=Always;IfNotPresent;Never
	// +optional
	ImagePullPolicy corev1.PullPolicy `json:"imagePullPolicy,omitempty"`

	// imagePullSecrets name the Secrets, in the BarqCluster's namespace, with which the image is
	// pulled. Default none.
	// +kubebuilder:validation:MaxItems=16
	// +listType=map
	// +listMapKey=name
	// +optional
	ImagePullSecrets []ImagePullSecret `json:"imagePullSecrets,omitempty"`

	// storage is the volume of each pod.
	// +kubebuilder:default={}
	// +optional
	Storage StorageSpec `json:"storage,omitempty"`

	// tiering tells Barq DB where its hot, warm and cold tiers are.
	// +kubebuilder:default={}
	// +optional
	Tiering TieringSpec `json:"tiering,omitempty"`

	// resources of the database container. Default: requests of 500m CPU and 1Gi memory and no
	// limits; a CPU limit of 1 or less can starve the health endpoint while the database searches.
	// What is written here replaces the default as a whole. A change restarts the pods one at a time.
	// +kubebuilder:validation:XValidation:rule="['cpu','memory','ephemeral-storage'].all(r, !has(self.requests) || !(r in self.requests) || quantity(string(self.requests[r])).isGreaterThan(quantity('0')))",message="requests must be greater than zero; write for instance cpu: 500m, memory: 1Gi, or leave the request out"
	// +kubebuilder:validation:XValidation:rule="['cpu','memory','ephemeral-storage'].all(r, !has(self.limits) || !(r in self.limits) || quantity(string(self.limits[r])).isGreaterThan(quantity('0')))",message="limits must be greater than zero; write for instance memory: 4Gi, or leave the limit out"
	// +kubebuilder:validation:XValidation:rule="['cpu','memory','ephemeral-storage'].all(r, !has(self.requests) || !has(self.limits) || !(r in self.requests) || !(r in self.limits) || quantity(string(self.requests[r])).compareTo(quantity(string(self.limits[r]))) <= 0)",message="a request must not be above its limit; lower the request or raise the limit"
	// +kubebuilder:validation:XValidation:rule="!has(self.claims) || self.claims.size() == 0",message="claims refer to devices of the pod, which has none; remove claims"
	// +optional
	Resources *corev1.ResourceRequirements `json:"resources,omitempty"`

	// logLevel becomes RUST_LOG: off, error, warn, info, debug or trace, or a list such as
	// info,barq_storage=debug. Default info. A change restarts the pods one at a time.
	// +kubebuilder:default=info
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="self.matches('^([a-zA-Z0-9_:-]+=)?(off|error|warn|info|debug|trace)(,([a-zA-Z0-9_:-]+=)?(off|error|warn|info|debug|trace))*$')",message="must be off, error, warn, info, debug or trace, or a list such as info,barq_storage=debug"
	// +optional
	LogLevel string `json:"logLevel,omitempty"`

	// serviceAccount is the identity of the pods. Default: one of the BarqCluster's name is created.
	// +kubebuilder:default={}
	// +optional
	ServiceAccount ServiceAccountSpec `json:"serviceAccount,omitempty"`

	// env are extra environment variables of the database container. Default none. The variables
	// that the operator owns are refused: every BARQ_ variable, RUST_LOG and the credentials of the
	// tiers. A change restarts the pods one at a time.
	// +kubebuilder:validation:MaxItems=100
	// +listType=map
	// +listMapKey=name
	// +optional
	Env []EnvVar `json:"env,omitempty"`

	// paused stops every change to what runs; default false. Status is still reported, and a
	// BarqCluster that is paused can be deleted.
	// +optional
	Paused bool `json:"paused,omitempty"`
}

// ImagePullSecret names a Secret in the BarqCluster's namespace.
type ImagePullSecret struct {
	// name of the Secret.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
}

// AccessMode is the access mode of a volume.
//
// +kubebuilder:validation:Enum=ReadWriteOnce;ReadWriteOncePod
type AccessMode string

// StorageSpec is the volume of each pod.
//
// +kubebuilder:validation:XValidation:rule="has(self.storageClassName) == has(oldSelf.storageClassName) && (!has(self.storageClassName) || self.storageClassName == oldSelf.storageClassName)",fieldPath=".storageClassName",message="cannot change, because volumes cannot move between classes; put the old value back, or make a new BarqCluster and copy the data"
type StorageSpec struct {
	// size of each volume; default 10Gi. Disk use grows with the history of writes, because the
	// database never shortens its log. It can grow as far as the storage class can; it cannot go
	// below what the volumes have (status.storage.capacity). With tiering.hotPath
	// ephemeral-storage it is the limit of the pod's scratch space.
	// +kubebuilder:default="10Gi"
	// +kubebuilder:validation:XValidation:rule="quantity(string(self)).isGreaterThan(quantity('0'))",message="must be greater than zero; write for instance 10Gi"
	// +optional
	Size *resource.Quantity `json:"size,omitempty"`

	// storageClassName is the StorageClass of the volumes. Default: the cluster's default class.
	// It cannot change.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +optional
	StorageClassName *string `json:"storageClassName,omitempty"`

	// accessMode of the volumes: ReadWriteOnce (default), or ReadWriteOncePod where the class knows
	// it. Two processes on one volume corrupt it, so no mode that lets two nodes write is offered.
	// It cannot change.
	// +kubebuilder:default=ReadWriteOnce
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="cannot change, because the volumes were made with it; put the old value back, or make a new BarqCluster and copy the data"
	// +optional
	AccessMode AccessMode `json:"accessMode,omitempty"`
}

// HotPath says where the data directory is.
//
// +kubebuilder:validation:Enum=pvc;ephemeral-storage
type HotPath string

const (
	// HotPathPVC keeps the data directory on a PersistentVolumeClaim for each pod.
	HotPathPVC HotPath = "pvc"
	// HotPathEphemeralStorage keeps it on the node for as long as the pod lives.
	HotPathEphemeralStorage HotPath = "ephemeral-storage"
)

// TieringSpec tells Barq DB where its tiers are.
//
// One process has one set of credentials, one region and one endpoint for each provider, so two
// tiers of one provider must agree on them.
//
// +kubebuilder:validation:XValidation:rule="!has(self.enabled) || !self.enabled || has(self.warm) || has(self.cold)",message="enabled needs a tier; write warm or cold with provider and bucket, or set enabled: false"
// +kubebuilder:validation:XValidation:rule="!has(self.warm) || !has(self.cold) || self.warm.provider != self.cold.provider || has(self.warm.credentialsSecretRef) == has(self.cold.credentialsSecretRef) && (!has(self.warm.credentialsSecretRef) || self.warm.credentialsSecretRef.name == self.cold.credentialsSecretRef.name)",message="warm and cold use one provider, for which a process has one set of credentials; write the same credentialsSecretRef in both, or leave it out of both"
// +kubebuilder:validation:XValidation:rule="!has(self.warm) || !has(self.cold) || !has(self.warm.region) || !has(self.cold.region) || self.warm.region == self.cold.region",message="warm and cold use one provider, for which a process has one region; write the same region in both"
// +kubebuilder:validation:XValidation:rule="!has(self.warm) || !has(self.cold) || !has(self.warm.endpoint) || !has(self.cold.endpoint) || self.warm.endpoint == self.cold.endpoint",message="warm and cold use one provider, for which a process has one endpoint; write the same endpoint in both"
type TieringSpec struct {
	// enabled turns tiering on; default false. It needs at least one tier. While it is false the
	// tiers are ignored. A change restarts the pods one at a time.
	// +kubebuilder:default=false
	// +optional
	Enabled bool `json:"enabled"`

	// hotPath is where the data directory lives: pvc (default), or ephemeral-storage, which
	// is lost with the pod. It cannot change.
	// +kubebuilder:default=pvc
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="cannot change, because the data would be left behind; put the old value back, or make a new BarqCluster and copy the data"
	// +optional
	HotPath HotPath `json:"hotPath,omitempty"`

	// warm is the object store of the warm tier. Default none.
	// +optional
	Warm *TierSpec `json:"warm,omitempty"`

	// cold is the object store of the cold tier. Default none.
	// +optional
	Cold *TierSpec `json:"cold,omitempty"`
}

// Provider of an object store.
//
// +kubebuilder:validation:Enum=s3;gcs;azure
type Provider string

const (
	// ProviderS3 is Amazon S3 or a store that speaks its protocol.
	ProviderS3 Provider = "s3"
	// ProviderGCS is Google Cloud Storage.
	ProviderGCS Provider = "gcs"
	// ProviderAzure is Azure Blob Storage.
	ProviderAzure Provider = "azure"
)

// TierSpec is the object store of one tier.
//
// +kubebuilder:validation:XValidation:rule="has(self.bucket) != has(self.bucketSecretRef)",message="needs exactly one of bucket and bucketSecretRef; write one and remove the other"
// +kubebuilder:validation:XValidation:rule="self.provider != 'azure' || has(self.credentialsSecretRef)",message="azure needs credentialsSecretRef, because Barq DB knows no keyless identity there; name a Secret with AZURE_STORAGE_ACCOUNT and AZURE_STORAGE_ACCESS_KEY"
// +kubebuilder:validation:XValidation:rule="self.provider == 's3' || !has(self.region)",message="region is for provider s3 only; remove it"
// +kubebuilder:validation:XValidation:rule="self.provider == 's3' || !has(self.endpoint)",message="endpoint is for provider s3 only; remove it"
type TierSpec struct {
	// provider of the object store: s3, gcs or azure.
	Provider Provider `json:"provider"`

	// bucket is the name of the bucket, for azure of the container. Either this or bucketSecretRef.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9][A-Za-z0-9._-]*$')",message="must be a bucket's name only; write for instance my-bucket, without a scheme or a path"
	// +optional
	Bucket string `json:"bucket,omitempty"`

	// bucketSecretRef takes the bucket's name from a Secret in the BarqCluster's namespace.
	// +optional
	BucketSecretRef *SecretKeyReference `json:"bucketSecretRef,omitempty"`

	// credentialsSecretRef names a Secret in the BarqCluster's namespace whose keys are named like
	// the variables: for s3 AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and if present
	// AWS_SESSION_TOKEN and AWS_REGION; for gcs GOOGLE_APPLICATION_CREDENTIALS_JSON; for azure
	// AZURE_STORAGE_ACCOUNT and AZURE_STORAGE_ACCESS_KEY. Without it, s3 and gcs use the workload
	// identity of the service account. A change of the Secret restarts the pods one at a time.
	// +optional
	CredentialsSecretRef *SecretReference `json:"credentialsSecretRef,omitempty"`

	// region of an s3 bucket (AWS_REGION). Default: AWS_REGION of the credentials Secret, if present.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +optional
	Region string `json:"region,omitempty"`

	// endpoint is the URL of an s3 store that is not Amazon's (AWS_ENDPOINT_URL_S3). Default none.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="self.matches('^https?://[^/]') && isURL(self)",message="must be a URL; write for instance https://objects.example.com"
	// +optional
	Endpoint string `json:"endpoint,omitempty"`
}

// SecretReference names a Secret in the BarqCluster's namespace.
type SecretReference struct {
	// name of the Secret.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
}

// SecretKeyReference names one key of a Secret in the BarqCluster's namespace.
type SecretKeyReference struct {
	// name of the Secret.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`

	// key in the Secret.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Key string `json:"key"`
}

// ServiceAccountSpec is the identity of the pods.
//
// +kubebuilder:validation:XValidation:rule="!has(self.create) || self.create || has(self.name)",message="create: false needs the name of an account that exists; write name, or remove create"
// +kubebuilder:validation:XValidation:rule="!has(self.create) || self.create || !has(self.annotations) || self.annotations.size() == 0",message="annotations go on the account that the operator creates; annotate the existing account yourself, or remove create: false"
type ServiceAccountSpec struct {
	// create makes the account; default true. With false the account of the given name is used as it is.
	// +kubebuilder:default=true
	// +optional
	Create *bool `json:"create,omitempty"`

	// name of the account. Default: the BarqCluster's name.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +optional
	Name string `json:"name,omitempty"`

	// annotations of the account that is created; default none. They carry workload identity, for
	// instance eks.amazonaws.com/role-arn or iam.gke.io/gcp-service-account.
	// +optional
	Annotations map[string]string `json:"annotations,omitempty"`
}

// EnvVar is an extra environment variable, written as in a pod.
//
// +kubebuilder:validation:XValidation:rule="!has(self.valueFrom) || !has(self.valueFrom.fileKeyRef)",message="fileKeyRef refers to a volume of the pod, which has none but its data; write value, or another source in valueFrom"
// +kubebuilder:validation:XValidation:rule="!has(self.value) || !has(self.valueFrom)",message="has both value and valueFrom; write one of them"
type EnvVar struct {
	// name of the variable.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z_][A-Za-z0-9_.-]*$')",message="must be a variable's name: letters, digits, '_', '.' and '-', not starting with a digit"
	// +kubebuilder:validation:XValidation:rule="!self.startsWith('BARQ_')",messageExpression="self + ' belongs to the operator, as every BARQ_ variable does; remove it and write spec.storage or spec.tiering instead'",message="BARQ_ variables belong to the operator; write spec.storage or spec.tiering instead"
	// +kubebuilder:validation:XValidation:rule="self != 'RUST_LOG'",message="RUST_LOG belongs to the operator; remove it and write spec.logLevel instead"
	// +kubebuilder:validation:XValidation:rule="!(self in ['AWS_ACCESS_KEY_ID','AWS_SECRET_ACCESS_KEY','AWS_SESSION_TOKEN','GOOGLE_APPLICATION_CREDENTIALS_JSON','AZURE_STORAGE_ACCOUNT','AZURE_STORAGE_ACCESS_KEY'])",messageExpression="self + ' belongs to the operator; remove it and name a Secret that holds it in credentialsSecretRef of spec.tiering.warm or spec.tiering.cold'",message="credentials belong to the operator; name a Secret in credentialsSecretRef of a tier instead"
	// +kubebuilder:validation:XValidation:rule="self != 'AWS_REGION'",message="AWS_REGION belongs to the operator; remove it and write region of spec.tiering.warm or spec.tiering.cold instead"
	// +kubebuilder:validation:XValidation:rule="self != 'AWS_ENDPOINT_URL_S3'",message="AWS_ENDPOINT_URL_S3 belongs to the operator; remove it and write endpoint of spec.tiering.warm or spec.tiering.cold instead"
	Name string `json:"name"`

	// value of the variable. It is stored as it is: put secrets into a Secret and use valueFrom.
	// +kubebuilder:validation:MaxLength=32768
	// +optional
	Value string `json:"value,omitempty"`

	// valueFrom takes the value from a Secret, a ConfigMap or the pod itself.
	// +optional
	ValueFrom *corev1.EnvVarSource `json:"valueFrom,omitempty"`
}
