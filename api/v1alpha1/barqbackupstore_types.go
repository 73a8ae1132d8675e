package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// BarqBackupStore is a place in a bucket for what is kept of databases. The operator has a pod try whether that place can be used, and
// says in the condition Ready what came of it.
//
// +operator-sdk:csv:customresourcedefinitions:displayName="Barq Backup Store",resources={{Pod,v1},{Secret,v1}}
// +kubebuilder:object:root=true
// +kubebuilder:resource:shortName=bbs,categories=all
// +kubebuilder:subresource:status
// +kubebuilder:printcolumn:name="Provider",type=string,JSONPath=`.spec.provider`,description="The kind of object store"
// +kubebuilder:printcolumn:name="Bucket",type=string,JSONPath=`.spec.bucket`,description="The bucket, unless a Secret names it"
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`,description="Whether the last probe could use it"
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`,description="Why it can be used or not, in one word"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Message",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].message`,priority=1,description="The same in words"
type BarqBackupStore struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is where the place is.
	Spec BarqBackupStoreSpec `json:"spec"`

	// status is what the operator last observed. Only the operator writes it.
	// +optional
	Status BarqBackupStoreStatus `json:"status,omitempty"`
}

// BarqBackupStoreList is a list of BarqBackupStores.
//
// +kubebuilder:object:root=true
type BarqBackupStoreList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []BarqBackupStore `json:"items"`
}

// BarqBackupStoreSpec is where the place is, and with which identity it is used.
//
// +kubebuilder:validation:XValidation:rule="has(self.bucket) != has(self.bucketSecretRef)",message="needs exactly one of bucket and bucketSecretRef; write one and remove the other"
// +kubebuilder:validation:XValidation:rule="has(self.prefix) ? has(oldSelf.prefix) && self.prefix == oldSelf.prefix : !has(oldSelf.prefix)",fieldPath=".prefix",message="cannot change, because what was stored stays below the former one; put the old value back, or create a new BarqBackupStore"
// +kubebuilder:validation:XValidation:rule="self.provider != 'azure' || has(self.credentialsSecretRef) != has(self.storageAccount)",message="azure needs exactly one of credentialsSecretRef and storageAccount. Name a Secret with AZURE_STORAGE_ACCOUNT and AZURE_STORAGE_ACCESS_KEY, or write the storage account and use workload identity"
// +kubebuilder:validation:XValidation:rule="self.provider == 'azure' || !has(self.storageAccount)",fieldPath=".storageAccount",message="is for provider azure only; remove it"
// +kubebuilder:validation:XValidation:rule="self.provider == 's3' || !has(self.region)",fieldPath=".region",message="is for provider s3 only; remove it"
// +kubebuilder:validation:XValidation:rule="self.provider == 's3' || !has(self.forcePathStyle)",fieldPath=".forcePathStyle",message="is for provider s3 only; remove it"
// +kubebuilder:validation:XValidation:rule="self.provider == 's3' || !has(self.serverSideEncryption)",fieldPath=".serverSideEncryption",message="is for provider s3 only; remove it, and set the encryption of the bucket itself"
type BarqBackupStoreSpec struct {
	// provider of the object store: s3, gcs or azure. It cannot change.
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="cannot change; put the old value back, or create a new BarqBackupStore"
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:select:s3","urn:alm:descriptor:com.tectonic.ui:select:gcs","urn:alm:descriptor:com.tectonic.ui:select:azure"}
	Provider Provider `json:"provider"`

	// bucket is the name of the bucket, for azure of the container. It must exist. Either this or bucketSecretRef.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9][A-Za-z0-9._-]*$')",message="must be a bucket's name only; write for instance my-bucket, without a scheme or a path"
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:text"}
	Bucket string `json:"bucket,omitempty"`

	// bucketSecretRef takes the bucket's name from a Secret in the namespace of the BarqBackupStore.
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Bucket From Secret",xDescriptors={"urn:alm:descriptor:com.tectonic.ui:advanced"}
	BucketSecretRef *SecretKeyReference `json:"bucketSecretRef,omitempty"`

	// prefix is the part of the bucket below which everything is. Default: the whole bucket. It cannot change.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9_=+-]([A-Za-z0-9._=+-]*[A-Za-z0-9_=+-])?(/[A-Za-z0-9_=+-]([A-Za-z0-9._=+-]*[A-Za-z0-9_=+-])?)*$')",message="must be names with a slash between them, of letters, digits and . _ - = + and without a dot at either end; write for instance backups/search"
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:text"}
	Prefix string `json:"prefix,omitempty"`

	// region of an s3 bucket. Default: AWS_REGION of the credentials Secret, if present.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:text"}
	Region string `json:"region,omitempty"`

	// endpoint is the URL of a store that is not the provider's own. Default: the provider's.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="self.matches('^https?://[^/]') && isURL(self)",message="must be a URL; write for instance https://objects.example.com"
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:text"}
	Endpoint string `json:"endpoint,omitempty"`

	// forcePathStyle puts the name of an s3 bucket into the path of a URL instead of the host. Default: true with an endpoint,
	// false without.
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:booleanSwitch","urn:alm:descriptor:com.tectonic.ui:advanced"}
	ForcePathStyle *bool `json:"forcePathStyle,omitempty"`

	// caSecretRef names a key of a Secret in the same namespace with certificates in PEM, which are trusted beside the public ones.
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Certificates From Secret",xDescriptors={"urn:alm:descriptor:com.tectonic.ui:advanced"}
	CASecretRef *SecretKeyReference `json:"caSecretRef,omitempty"`

	// credentialsSecretRef names a Secret in the same namespace. For s3 it has AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and if
	// needed AWS_SESSION_TOKEN and AWS_REGION. For gcs it has GOOGLE_APPLICATION_CREDENTIALS_JSON. For azure it has
	// AZURE_STORAGE_ACCOUNT and AZURE_STORAGE_ACCESS_KEY. Without it, the workload identity of serviceAccountName is used.
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Credentials"
	CredentialsSecretRef *SecretReference `json:"credentialsSecretRef,omitempty"`

	// storageAccount is the storage account of an azure container, for workload identity.
	// +kubebuilder:validation:MaxLength=24
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]{3,24}$')",message="must be the name of a storage account: 3 to 24 lower-case letters and digits"
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:text"}
	StorageAccount string `json:"storageAccount,omitempty"`

	// serviceAccountName is the account of the pod that tries the store, whose workload identity is used without credentialsSecretRef.
	// Default: the namespace's own account, default.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="must be the name of an object: lower-case letters, digits, '-' and '.', with a letter or digit at both ends and beside each '.'"
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:io.kubernetes:ServiceAccount","urn:alm:descriptor:com.tectonic.ui:advanced"}
	ServiceAccountName string `json:"serviceAccountName,omitempty"`

	// serverSideEncryption is what an s3 store is asked to encrypt objects with. Default: what the store does by itself.
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:advanced"}
	ServerSideEncryption *ServerSideEncryption `json:"serverSideEncryption,omitempty"`
}

// EncryptionType is what a store encrypts objects with.
//
// +kubebuilder:validation:Enum=StoreDefault;AES256;KMS
type EncryptionType string

const (
	// EncryptionStoreDefault asks for nothing, so the store does what is set for the bucket.
	EncryptionStoreDefault EncryptionType = "StoreDefault"
	// EncryptionAES256 asks for a key of the store.
	EncryptionAES256 EncryptionType = "AES256"
	// EncryptionKMS asks for a key of the store's key service.
	EncryptionKMS EncryptionType = "KMS"
)

// ServerSideEncryption is what a store is asked to encrypt objects with.
//
// +kubebuilder:validation:XValidation:rule="!has(self.kmsKeyID) || self.type == 'KMS'",fieldPath=".kmsKeyID",message="is for type KMS only; remove it, or write type: KMS"
type ServerSideEncryption struct {
	// type is StoreDefault, AES256 or KMS. StoreDefault asks for nothing, AES256 for a key of the store, and KMS for one of its key service.
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Encryption",xDescriptors={"urn:alm:descriptor:com.tectonic.ui:select:StoreDefault","urn:alm:descriptor:com.tectonic.ui:select:AES256","urn:alm:descriptor:com.tectonic.ui:select:KMS","urn:alm:descriptor:com.tectonic.ui:advanced"}
	Type EncryptionType `json:"type"`

	// kmsKeyID is the key of the key service, for type KMS. Default: the one that the service has for the store.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9:/_.+=@-]+$')",message="must be the ID or the ARN of a key; write for instance arn:aws:kms:eu-central-1:111122223333:key/mrk-1"
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="KMS Key ID",xDescriptors={"urn:alm:descriptor:com.tectonic.ui:text","urn:alm:descriptor:com.tectonic.ui:advanced"}
	KMSKeyID string `json:"kmsKeyID,omitempty"`
}

// BarqBackupStoreStatus is what came of the last probe.
type BarqBackupStoreStatus struct {
	// observedGeneration is the generation of the spec that was last probed, or that cannot be probed for the reason in the
	// condition Ready.
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:text"}
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// observedSecrets is a sum over the values of the Secrets that were last probed. When they change, the store is probed again.
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:text"}
	ObservedSecrets string `json:"observedSecrets,omitempty"`

	// lastProbeTime is when the last probe ended.
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:text"}
	LastProbeTime *metav1.Time `json:"lastProbeTime,omitempty"`

	// conditions has Ready, which is True when the last probe could use the store.
	// +listType=map
	// +listMapKey=type
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=status,xDescriptors={"urn:alm:descriptor:io.kubernetes.conditions"}
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// UsesPathStyle reports whether the name of the bucket is in the path of a URL.
func (s *BarqBackupStoreSpec) UsesPathStyle() bool {
	return ptr.Deref(s.ForcePathStyle, s.Endpoint != "")
}
