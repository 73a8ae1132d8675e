package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// BarqCluster runs Barq DB, a vector database, with one volume for each pod.
//
// The name is at most 52 characters, because Kubernetes adds a hash of 11 to it in a label of the
// pods. It is a DNS label that starts with a letter, because a Service takes it.
//
// +operator-sdk:csv:customresourcedefinitions:displayName="Barq Cluster",resources={{StatefulSet,v1},{Pod,v1},{PersistentVolumeClaim,v1},{Service,v1},{ServiceAccount,v1},{ConfigMap,v1},{Secret,v1},{NetworkPolicy,v1},{PodDisruptionBudget,v1},{PodMonitor,v1}}
// +kubebuilder:object:root=true
// +kubebuilder:resource:shortName=bqc,categories=all
// +kubebuilder:subresource:status
// +kubebuilder:subresource:scale:specpath=.spec.replicas,statuspath=.status.replicas,selectorpath=.status.selector
// +kubebuilder:printcolumn:name="Replicas",type=integer,JSONPath=`.spec.replicas`,description="Desired number of pods"
// +kubebuilder:printcolumn:name="Ready",type=integer,JSONPath=`.status.readyReplicas`,description="Pods that answer"
// +kubebuilder:printcolumn:name="Phase",type=string,JSONPath=`.status.phase`,description="The state in one word"
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`,description="Why it is ready or not, in one word"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Image",type=string,JSONPath=`.status.image`,priority=1,description="The desired image of the pods"
// +kubebuilder:printcolumn:name="Operator",type=string,JSONPath=`.status.operator`,priority=1,description="The operator that works on it"
// +kubebuilder:printcolumn:name="Message",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].message`,priority=1,description="The same in words"
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 52",message="metadata.name: must be at most 52 characters, because Kubernetes adds a hash to it in a label of the pods; write a shorter name"
// +kubebuilder:validation:XValidation:rule="self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="metadata.name: must start with a letter and hold only lower-case letters, digits and '-', because a Service takes this name; write for instance my-vectors"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.status) || !has(oldSelf.status.storage) || !has(oldSelf.status.storage.capacity) || string(self.spec.storage.size) == string(oldSelf.spec.storage.size) || quantity(string(self.spec.storage.size)).compareTo(quantity(string(oldSelf.status.storage.capacity))) >= 0",messageExpression="'spec.storage.size: the volumes have ' + string(oldSelf.status.storage.capacity) + ' and cannot shrink; write ' + string(oldSelf.status.storage.capacity) + ' or more'",message="spec.storage.size: volumes cannot shrink; write at least the size in status.storage.capacity"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.status) || !has(oldSelf.status.storage) || !has(oldSelf.status.storage.capacity) || has(self.spec.storage.storageClassName) == has(oldSelf.spec.storage.storageClassName) && (!has(self.spec.storage.storageClassName) || self.spec.storage.storageClassName == oldSelf.spec.storage.storageClassName)",fieldPath=".spec.storage.storageClassName",message="cannot change, because volumes cannot move between classes; put the old value back, or create a new BarqCluster and copy the data"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.status) || !has(oldSelf.status.storage) || !has(oldSelf.status.storage.capacity) || self.spec.storage.accessMode == oldSelf.spec.storage.accessMode",fieldPath=".spec.storage.accessMode",message="cannot change, because the volumes were created with it; put the old value back, or create a new BarqCluster and copy the data"
type BarqCluster struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is the desired state of the database.
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

// BarqClusterSpec is the desired state of the database.
//
// +kubebuilder:validation:XValidation:rule="!has(self.topology) || self.topology.mode != 'Independent' || self.topology.scaleDown == 'Allow' || !has(self.replicas) || !has(oldSelf.replicas) || self.replicas >= oldSelf.replicas",fieldPath=".replicas",message="a lower number would take data offline, because every pod of topology.mode Independent has data of its own; keep the number, or set topology.scaleDown: Allow"
// +kubebuilder:validation:XValidation:rule="(has(self.env) ? self.env.map(v, [v.name, ?v.?value, ?v.?valueFrom.?secretKeyRef.?name, ?v.?valueFrom.?secretKeyRef.?key, ?v.?valueFrom.?configMapKeyRef.?name, ?v.?valueFrom.?configMapKeyRef.?key, ?v.?valueFrom.?fieldRef.?apiVersion, ?v.?valueFrom.?fieldRef.?fieldPath, ?v.?valueFrom.?resourceFieldRef.?containerName, ?v.?valueFrom.?resourceFieldRef.?resource].map(text, text.size()).sum()).sum() : 0) + (has(self.podLabels) ? self.podLabels.map(key, key.size() + self.podLabels[key].size()).sum() : 0) + (has(self.podAnnotations) ? self.podAnnotations.map(key, key.size() + self.podAnnotations[key].size()).sum() : 0) + (has(self.nodeSelector) ? self.nodeSelector.map(key, key.size() + self.nodeSelector[key].size()).sum() : 0) + (has(self.service) && has(self.service.annotations) ? self.service.annotations.map(key, key.size() + self.service.annotations[key].size()).sum() : 0) + (has(self.serviceAccount) && has(self.serviceAccount.annotations) ? self.serviceAccount.annotations.map(key, key.size() + self.serviceAccount.annotations[key].size()).sum() : 0) + (has(self.monitoring) && has(self.monitoring.podMonitor) && has(self.monitoring.podMonitor.labels) ? self.monitoring.podMonitor.labels.map(key, key.size() + self.monitoring.podMonitor.labels[key].size()).sum() : 0) + (has(self.monitoring) && has(self.monitoring.serviceMonitor) && has(self.monitoring.serviceMonitor.labels) ? self.monitoring.serviceMonitor.labels.map(key, key.size() + self.monitoring.serviceMonitor.labels[key].size()).sum() : 0) <= 65536",message="env, podLabels, podAnnotations, nodeSelector, service.annotations, serviceAccount.annotations, monitoring.podMonitor.labels and monitoring.serviceMonitor.labels have more than 65536 characters together, names and values. The record of what runs has no room for more. Put long texts into a ConfigMap or a Secret, and name it in valueFrom of a variable"
// +kubebuilder:validation:XValidation:rule="!has(self.topology) || !has(self.topology.mode) || self.topology.mode != 'Independent' || !has(self.service) || !has(self.service.annotations) || self.service.annotations.map(key, key.size() + self.service.annotations[key].size()).sum() <= 2048",fieldPath=".service.annotations",message="have more than 2048 characters together, names and values. In mode Independent each pod has a Service with all of them; write fewer or shorter ones"
// +kubebuilder:validation:XValidation:rule="!has(self.durability) || !has(self.durability.mode) || self.durability.mode != 'Archived' || self.tiering.enabled && (!has(self.tiering.managedBy) || self.tiering.managedBy == 'Agent')",fieldPath=".durability.mode",message="Archived needs tiering that the agent manages; set tiering.enabled: true with a tier and remove managedBy: Server, or write Sync"
// +kubebuilder:validation:XValidation:rule="!has(self.durability) || !has(self.durability.mode) || self.durability.mode != 'Archived' || !has(self.tiering.warm) || !has(self.tiering.warm.after) || duration(self.tiering.warm.after) == duration('0s')",fieldPath=".tiering.warm.after",message="must be 0s with durability.mode Archived, because a write is answered once it is in this tier; remove after, or write durability.mode: Sync"
// +kubebuilder:validation:XValidation:rule="oldSelf.hasValue() || !has(self.bootstrap) || !has(self.bootstrap.recovery) || self.tiering.enabled && (!has(self.tiering.managedBy) || self.tiering.managedBy == 'Agent')",fieldPath=".bootstrap.recovery",optionalOldSelf=true,message="needs tiering that the agent manages, because the data comes from its buckets. Set tiering.enabled: true with the tiers of the former BarqCluster, and remove managedBy: Server"
// +kubebuilder:validation:XValidation:rule="has(self.bootstrap) && has(self.bootstrap.recovery) ? has(oldSelf.bootstrap) && has(oldSelf.bootstrap.recovery) && self.bootstrap.recovery.name == oldSelf.bootstrap.recovery.name && (has(self.bootstrap.recovery.__namespace__) ? has(oldSelf.bootstrap.recovery.__namespace__) && self.bootstrap.recovery.__namespace__ == oldSelf.bootstrap.recovery.__namespace__ : !has(oldSelf.bootstrap.recovery.__namespace__)) && (has(self.bootstrap.recovery.uid) ? has(oldSelf.bootstrap.recovery.uid) && self.bootstrap.recovery.uid == oldSelf.bootstrap.recovery.uid : !has(oldSelf.bootstrap.recovery.uid)) : !has(oldSelf.bootstrap) || !has(oldSelf.bootstrap.recovery)",fieldPath=".bootstrap.recovery",message="cannot change, because a database begins once; put the old value back, or create a new BarqCluster"
type BarqClusterSpec struct {
	// replicas is the number of pods, 0 to 100; default 1. Barq DB does not copy data between them:
	// topology.mode says what further pods are for. 0 stops the pods and keeps the volumes. It also
	// keeps volumes of pods that a lower number removes, unless storage.retention says otherwise.
	// +barq:effect=apply
	// +kubebuilder:default=1
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:podCount"}
	Replicas *int32 `json:"replicas,omitempty"`

	// image is the container image of Barq DB, by tag, by digest or both. Default: the image
	// that the operator was installed with (RELATED_IMAGE_BARQ_DB), else the chart's. A change
	// restarts the pods one at a time.
	// +barq:effect=restart
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.matches('^(([a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?([.][a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?)*|[[][a-fA-F0-9:]+])(:[0-9]+)?/)?[a-z0-9]+(([.]|__?|-+)[a-z0-9]+)*(/[a-z0-9]+(([.]|__?|-+)[a-z0-9]+)*)*(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[a-f0-9]{64})?$')",message="must be an image reference; write for instance registry.example.com/barq-db:0.1.0 or registry.example.com/barq-db@sha256:<64 hexadecimal digits>"
	// +kubebuilder:validation:XValidation:rule="(self.contains('/') && !self.split('/')[0].contains('_') ? self.substring(self.indexOf('/') + 1) : self).find('^[^:@]*').size() <= 255",message="must have at most 255 characters between the registry and the tag, which is all that container runtimes take; write a shorter name"
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:text"}
	Image string `json:"image,omitempty"`

	// imagePullPolicy is when the image is pulled. Default: Kubernetes' own rule, Always for the
	// tag latest and IfNotPresent otherwise.
	// A change restarts the pods one at a time.
	// +barq:effect=restart
	// +kubebuilder:validation:Enum=Always;IfNotPresent;Never
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:imagePullPolicy","urn:alm:descriptor:com.tectonic.ui:advanced"}
	ImagePullPolicy corev1.PullPolicy `json:"imagePullPolicy,omitempty"`

	// imagePullSecrets name the Secrets, in the BarqCluster's namespace, with which the image is
	// pulled. Default none.
	// A change restarts the pods one at a time.
	// +barq:effect=restart
	// +kubebuilder:validation:MaxItems=16
	// +listType=map
	// +listMapKey=name
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:advanced"}
	ImagePullSecrets []ImagePullSecret `json:"imagePullSecrets,omitempty"`

	// topology defines how pods share data.
	// +kubebuilder:default={}
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec
	Topology TopologySpec `json:"topology,omitempty"`

	// storage is the volume of each pod.
	// +kubebuilder:default={}
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec
	Storage StorageSpec `json:"storage,omitempty"`

	// tiering keeps the data in buckets too. The agent of a pod writes it to the warm tier, and moves what is old to the cold
	// tier. It brings the data back to an empty disk.
	// +kubebuilder:default={}
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec
	Tiering TieringSpec `json:"tiering,omitempty"`

	// bootstrap says what a new database begins with. Default: nothing, it is empty.
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:advanced"}
	Bootstrap *BootstrapSpec `json:"bootstrap,omitempty"`

	// log says what becomes of damage in the log of the database, for pods with the agent. Barq DB reads its log at each
	// start, and exits at a line that it cannot read.
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:advanced"}
	Log *LogSpec `json:"log,omitempty"`

	// durability says when writes are on the disk, for pods with the agent.
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:advanced"}
	Durability *DurabilitySpec `json:"durability,omitempty"`

	// compatibility says what the agent lets through although Barq DB does it wrong.
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec
	Compatibility *CompatibilitySpec `json:"compatibility,omitempty"`

	// resources of the database container. Default: requests of 500m CPU and 1Gi memory and no limits.
	// A CPU limit of 1 or less can starve the health endpoint while the database searches. What is
	// written here replaces the default as a whole. A change restarts the pods one at a time.
	// +barq:effect=restart
	// +kubebuilder:validation:XValidation:rule="['cpu','memory','ephemeral-storage'].all(r, !has(self.requests) || !(r in self.requests) || quantity(string(self.requests[r])).isGreaterThan(quantity('0')))",message="requests must be greater than zero; write for instance cpu: 500m, memory: 1Gi, or leave the request out"
	// +kubebuilder:validation:XValidation:rule="['cpu','memory','ephemeral-storage'].all(r, !has(self.limits) || !(r in self.limits) || quantity(string(self.limits[r])).isGreaterThan(quantity('0')))",message="limits must be greater than zero; write for instance memory: 4Gi, or leave the limit out"
	// +kubebuilder:validation:XValidation:rule="['cpu','memory','ephemeral-storage'].all(r, !has(self.requests) || !has(self.limits) || !(r in self.requests) || !(r in self.limits) || quantity(string(self.requests[r])).compareTo(quantity(string(self.limits[r]))) <= 0)",message="a request must not be above its limit; lower the request or raise the limit"
	// +kubebuilder:validation:XValidation:rule="(!has(self.requests) || self.requests.all(name, name.matches('^[-A-Za-z0-9_./]+$'))) && (!has(self.limits) || self.limits.all(name, name.matches('^[-A-Za-z0-9_./]+$')))",message="names of resources have letters, digits, '-', '_', '.' and '/'; write for instance cpu or example.com/gpu"
	// +kubebuilder:validation:XValidation:rule="(!has(self.requests) || self.requests.size() <= 32 && self.requests.all(name, name.size() <= 317)) && (!has(self.limits) || self.limits.size() <= 32 && self.limits.all(name, name.size() <= 317))",message="requests and limits have at most 32 resources each, with names of at most 317 characters; remove the others"
	// +kubebuilder:validation:XValidation:rule="!has(self.claims) || self.claims.size() == 0",message="claims refer to devices of the pod, which has none; remove claims"
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:resourceRequirements"}
	Resources *corev1.ResourceRequirements `json:"resources,omitempty"`

	// logLevel becomes RUST_LOG: off, error, warn, info, debug or trace, or a list such as
	// info,barq_storage=debug. Default info. A change restarts the pods one at a time.
	// +barq:effect=restart
	// +kubebuilder:default=info
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="self.matches('^([a-zA-Z0-9_:-]+=)?(off|error|warn|info|debug|trace)(,([a-zA-Z0-9_:-]+=)?(off|error|warn|info|debug|trace))*$')",message="must be off, error, warn, info, debug or trace, or a list such as info,barq_storage=debug"
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:text","urn:alm:descriptor:com.tectonic.ui:advanced"}
	LogLevel string `json:"logLevel,omitempty"`

	// serviceAccount is the identity of the pods. Default: one of the BarqCluster's name is created.
	// +kubebuilder:default={}
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:advanced"}
	ServiceAccount ServiceAccountSpec `json:"serviceAccount,omitempty"`

	// env are extra environment variables of the database container. Default none. The variables
	// that the operator owns are refused: every BARQ_ variable, RUST_LOG and the credentials of the
	// tiers. Variables, labels and annotations of the whole spec have at most 65536 characters together. A change
	// restarts the pods one at a time.
	// +barq:effect=restart
	// +kubebuilder:validation:MaxItems=100
	// +listType=map
	// +listMapKey=name
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Environment Variables",xDescriptors={"urn:alm:descriptor:com.tectonic.ui:advanced"}
	Env []EnvVar `json:"env,omitempty"`

	// minReadySeconds is for how long a new pod must answer before a rollout goes on to the next one;
	// default 5, at most 3600. A change restarts nothing.
	// +barq:effect=apply
	// +kubebuilder:default=5
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=3600
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:number","urn:alm:descriptor:com.tectonic.ui:advanced"}
	MinReadySeconds *int32 `json:"minReadySeconds,omitempty"`

	// startupDeadlineSeconds is for how long a pod may restore and read its data before Kubernetes starts its container
	// again. Default 3600, at least 5; it is rounded up to a multiple of 5. A restore goes on where it was, and reading
	// begins anew. A change restarts the pods one at a time.
	// +barq:effect=restart
	// +kubebuilder:validation:Minimum=5
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:number","urn:alm:descriptor:com.tectonic.ui:advanced"}
	StartupDeadlineSeconds *int32 `json:"startupDeadlineSeconds,omitempty"`

	// progressDeadlineSeconds is for how long pods may fail to start before the condition Stalled
	// becomes True; default 600, at least 10, at most 86400. The operator goes on trying after
	// that. A pod that is still reading its log into memory does not count as failing.
	// +barq:effect=none
	// +kubebuilder:default=600
	// +kubebuilder:validation:Minimum=10
	// +kubebuilder:validation:Maximum=86400
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:number","urn:alm:descriptor:com.tectonic.ui:advanced"}
	ProgressDeadlineSeconds *int32 `json:"progressDeadlineSeconds,omitempty"`

	// networkPolicy says who may reach the database. Each client that reaches it is its administrator,
	// so by default only pods of the BarqCluster's namespace may.
	// +barq:effect=apply
	// +kubebuilder:default={}
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec
	NetworkPolicy NetworkPolicySpec `json:"networkPolicy,omitempty"`

	// tls encrypts the HTTP API. Default: it is plain text. The gRPC API is always plain text.
	// A change restarts the pods one at a time.
	// +barq:effect=restart
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec
	TLS *TLSSpec `json:"tls,omitempty"`

	// service is how clients reach the database.
	// +kubebuilder:default={}
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec
	Service ServiceSpec `json:"service,omitempty"`

	// monitoring hands the metrics to Prometheus.
	// +barq:effect=apply
	// +kubebuilder:default={}
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:advanced"}
	Monitoring MonitoringSpec `json:"monitoring,omitempty"`

	// podDisruptionBudget limits how many pods a drain of nodes takes away at a time.
	// +barq:effect=apply
	// +kubebuilder:default={}
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:advanced"}
	PodDisruptionBudget PodDisruptionBudgetSpec `json:"podDisruptionBudget,omitempty"`

	// podLabels are extra labels of the pods. Default none. Labels by which pods are found are refused, and those that begin
	// with helm.sh/, meta.helm.sh/ or barq.db/. A change restarts the pods one at a time.
	// +barq:effect=restart
	// +kubebuilder:validation:XValidation:rule="self.all(key, !(key in ['app.kubernetes.io/name','app.kubernetes.io/instance','app.kubernetes.io/component','statefulset.kubernetes.io/pod-name','apps.kubernetes.io/pod-index','controller-revision-hash']))",message="app.kubernetes.io/name, app.kubernetes.io/instance, app.kubernetes.io/component and the labels of StatefulSets find the pods and belong to the operator; choose other names"
	// +kubebuilder:validation:XValidation:rule="self.all(key, !['helm.sh/', 'meta.helm.sh/', 'barq.db/'].exists(prefix, key.startsWith(prefix)))",message="labels that begin with helm.sh/, meta.helm.sh/ or barq.db/ belong to Helm and the operator; choose other names"
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:advanced"}
	PodLabels Labels `json:"podLabels,omitempty"`

	// podAnnotations are extra annotations of the pods. Default none. Those that begin with helm.sh/,
	// meta.helm.sh/ or barq.db/ are refused. A change restarts the pods one at a time.
	// +barq:effect=restart
	// +kubebuilder:validation:XValidation:rule="self.all(key, key != 'kubernetes.io/config.mirror' && !['seccomp.security.alpha.kubernetes.io/', 'container.seccomp.security.alpha.kubernetes.io/', 'container.apparmor.security.beta.kubernetes.io/'].exists(prefix, key.startsWith(prefix)))",message="kubernetes.io/config.mirror is the kubelet's, and the security profile of the pods is the operator's; remove the annotation"
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:advanced"}
	PodAnnotations Annotations `json:"podAnnotations,omitempty"`

	// inheritedMetadata are labels and annotations that every object of the BarqCluster gets, pods and
	// PVCs too. Default none, at most 2048 characters together. An object's own win: podLabels,
	// podAnnotations, and the labels and annotations of service, serviceAccount and
	// monitoring. A change restarts the pods one at a time.
	// +barq:effect=restart
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:advanced"}
	InheritedMetadata *InheritedMetadata `json:"inheritedMetadata,omitempty"`

	// nodeSelector are labels that a node must have for the pods to run there. Default: any node.
	// A change restarts the pods one at a time.
	// +barq:effect=restart
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:advanced"}
	NodeSelector Labels `json:"nodeSelector,omitempty"`

	// tolerations let the pods run on nodes with taints. Default none, at most 4096 characters together. A change
	// restarts the pods one at a time.
	// +barq:effect=restart
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:XValidation:rule="self.map(t, [?t.?key, ?t.?operator, ?t.?value, ?t.?effect].map(text, text.size()).sum()).sum() <= 4096",message="have more than 4096 characters together; write fewer or shorter ones, for instance with operator: Exists and without a value"
	// +listType=atomic
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:advanced"}
	Tolerations []corev1.Toleration `json:"tolerations,omitempty"`

	// affinity of the pods. Default: preferably no two pods of a BarqCluster on one node. What is
	// written here replaces the default as a whole. A change restarts the pods one at a time.
	// +barq:effect=restart
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:advanced"}
	Affinity *corev1.Affinity `json:"affinity,omitempty"`

	// topologySpreadConstraints of the pods. Default: spread over zones, as far as nodes allow. What is
	// written here replaces the default as a whole; an empty list means none. One without a labelSelector gets the pods of
	// the BarqCluster. Each pair of topologyKey and whenUnsatisfiable can be there once. A change restarts the pods
	// one at a time.
	// +barq:effect=restart
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:XValidation:rule="self.all(c, c.maxSkew > 0 && (!has(c.minDomains) || c.minDomains > 0))",message="maxSkew and minDomains must be greater than zero"
	// +kubebuilder:validation:XValidation:rule="self.all(c, c.topologyKey.size() > 0)",message="topologyKey must be the name of a label of the nodes; write for instance topology.kubernetes.io/zone"
	// +kubebuilder:validation:XValidation:rule="self.all(c, c.whenUnsatisfiable in ['DoNotSchedule', 'ScheduleAnyway'])",message="whenUnsatisfiable must be DoNotSchedule or ScheduleAnyway"
	// +kubebuilder:validation:XValidation:rule="self.all(c, (!has(c.nodeAffinityPolicy) || c.nodeAffinityPolicy in ['Honor', 'Ignore']) && (!has(c.nodeTaintsPolicy) || c.nodeTaintsPolicy in ['Honor', 'Ignore']))",message="nodeAffinityPolicy and nodeTaintsPolicy must be Honor or Ignore"
	// +listType=map
	// +listMapKey=topologyKey
	// +listMapKey=whenUnsatisfiable
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:advanced"}
	TopologySpreadConstraints []corev1.TopologySpreadConstraint `json:"topologySpreadConstraints,omitempty"`

	// priorityClassName is the PriorityClass of the pods. Default: the cluster's default. The classes of
	// Kubernetes itself, which begin with system-, are refused. Changes are held back until the class exists. A change
	// restarts the pods one at a time.
	// +barq:effect=restart
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="!self.startsWith('system-')",message="classes that begin with system- are for what keeps the Kubernetes cluster running, and evict all other pods. Write the name of another PriorityClass, or create one"
	// +kubebuilder:validation:XValidation:rule="self.size() == 0 || self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="must be the name of an object: lower-case letters, digits, '-' and '.', with a letter or digit at both ends and beside each '.'"
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:io.kubernetes:PriorityClass","urn:alm:descriptor:com.tectonic.ui:advanced"}
	PriorityClassName string `json:"priorityClassName,omitempty"`

	// podSecurityContext says as which user and groups the pods run. Default: user, group and fsGroup 1000; on OpenShift
	// none of them, because its security context constraints assign them to each namespace. Pods that OpenShift runs
	// with 1000 already keep it. What is written here replaces the default as a whole, so that {} leaves the choice to the
	// platform. Elsewhere than on OpenShift write a runAsUser, because the image's own user is root. The pods never run as
	// root, and what is not listed here belongs to the operator. A change restarts the pods one at a time.
	// +barq:effect=restart
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:advanced"}
	PodSecurityContext *PodSecurityContext `json:"podSecurityContext,omitempty"`

	// deletionProtection makes the API server refuse to delete this BarqCluster while it is true;
	// default false. It needs the ValidatingAdmissionPolicy that the operator is installed with; the condition
	// DeletionProtected says whether it is there.
	// Deleting the namespace or the CRD takes the database all the same.
	// +barq:effect=none
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:booleanSwitch"}
	DeletionProtection bool `json:"deletionProtection,omitempty"`

	// paused stops every change to what runs; default false. Status is still reported, the condition
	// ChangesPending says whether there is something to do, and a BarqCluster that is paused can be
	// deleted.
	// +barq:effect=none
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:booleanSwitch"}
	Paused bool `json:"paused,omitempty"`
}

// PodSecurityContext says as which user and groups the pods run.
type PodSecurityContext struct {
	// runAsUser is the number of the user. Default: the platform assigns one.
	// +kubebuilder:validation:XValidation:rule="self > 0 && self <= 2147483647",message="must be from 1 to 2147483647, because the database never runs as root, which is 0; write for instance 1000"
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:number","urn:alm:descriptor:com.tectonic.ui:advanced"}
	RunAsUser *int64 `json:"runAsUser,omitempty"`

	// runAsGroup is the number of the user's group. Default: that of the platform or the image.
	// +kubebuilder:validation:XValidation:rule="self >= 0 && self <= 2147483647",message="must be from 0 to 2147483647; write for instance 1000"
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:number","urn:alm:descriptor:com.tectonic.ui:advanced"}
	RunAsGroup *int64 `json:"runAsGroup,omitempty"`

	// fsGroup is the number of the group that volumes belong to. Default: the platform assigns one.
	// +kubebuilder:validation:XValidation:rule="self >= 0 && self <= 2147483647",message="must be from 0 to 2147483647; write for instance 1000"
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="File System Group",xDescriptors={"urn:alm:descriptor:com.tectonic.ui:number","urn:alm:descriptor:com.tectonic.ui:advanced"}
	FSGroup *int64 `json:"fsGroup,omitempty"`

	// fsGroupChangePolicy says when Kubernetes gives all files of a volume to fsGroup: OnRootMismatch
	// (default) or Always. OnRootMismatch does so if the folder at its top belongs to another group,
	// and Always at each start of a pod.
	// +kubebuilder:validation:Enum=OnRootMismatch;Always
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="File System Group Change Policy",xDescriptors={"urn:alm:descriptor:com.tectonic.ui:select:OnRootMismatch","urn:alm:descriptor:com.tectonic.ui:select:Always","urn:alm:descriptor:com.tectonic.ui:advanced"}
	FSGroupChangePolicy corev1.PodFSGroupChangePolicy `json:"fsGroupChangePolicy,omitempty"`

	// supplementalGroups are the numbers of further groups of the user. Default none.
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:XValidation:rule="self.all(group, group >= 0 && group <= 2147483647)",message="must be from 0 to 2147483647; write for instance 1000"
	// +listType=atomic
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:advanced"}
	SupplementalGroups []int64 `json:"supplementalGroups,omitempty"`
}

// InheritedMetadata are labels and annotations of every object of a BarqCluster.
//
// +kubebuilder:validation:XValidation:rule="(has(self.labels) ? self.labels.map(key, key.size() + self.labels[key].size()).sum() : 0) + (has(self.annotations) ? self.annotations.map(key, key.size() + self.annotations[key].size()).sum() : 0) <= 2048",message="have more than 2048 characters together, names and values, and every object gets all of them; write fewer or shorter ones"
type InheritedMetadata struct {
	// labels of every object. Default none. Labels that every object has already are refused, and those that begin with
	// helm.sh/, meta.helm.sh/ or barq.db/.
	// +kubebuilder:validation:XValidation:rule="self.all(key, !(key in ['app.kubernetes.io/name','app.kubernetes.io/instance','app.kubernetes.io/component','app.kubernetes.io/version','app.kubernetes.io/managed-by','statefulset.kubernetes.io/pod-name','apps.kubernetes.io/pod-index','controller-revision-hash']))",message="app.kubernetes.io/name, instance, component, version and managed-by and the labels of StatefulSets belong to the operator; choose other names"
	// +kubebuilder:validation:XValidation:rule="self.all(key, !['helm.sh/', 'meta.helm.sh/', 'barq.db/'].exists(prefix, key.startsWith(prefix)))",message="labels that begin with helm.sh/, meta.helm.sh/ or barq.db/ belong to Helm and the operator; choose other names"
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:advanced"}
	Labels Labels `json:"labels,omitempty"`

	// annotations of every object. Default none. Those that begin with helm.sh/, meta.helm.sh/ or barq.db/ are refused.
	// +kubebuilder:validation:XValidation:rule="self.all(key, key != 'kubernetes.io/config.mirror' && !['seccomp.security.alpha.kubernetes.io/', 'container.seccomp.security.alpha.kubernetes.io/', 'container.apparmor.security.beta.kubernetes.io/'].exists(prefix, key.startsWith(prefix)))",message="kubernetes.io/config.mirror is the kubelet's, and the security profile of the pods is the operator's; remove the annotation"
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:advanced"}
	Annotations Annotations `json:"annotations,omitempty"`
}

// Labels are labels of Kubernetes objects.
//
// +kubebuilder:validation:MaxProperties=64
// +kubebuilder:validation:XValidation:rule="self.all(key, key.indexOf('/') <= 253 && key.matches('^([a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$'))",message="the name of a label has at most 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends. It may have a domain and '/' before it; write for instance team or example.com/team"
type Labels map[string]LabelValue

// LabelValue is the value of a label.
//
// +kubebuilder:validation:MaxLength=63
// +kubebuilder:validation:XValidation:rule="self.matches('^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$')",message="the value of a label has letters, digits, '-', '_' and '.', with a letter or digit at both ends; put other texts into an annotation"
type LabelValue string

// Annotations are annotations of Kubernetes objects.
//
// +kubebuilder:validation:MaxProperties=64
// +kubebuilder:validation:XValidation:rule="self.all(key, !['helm.sh/', 'meta.helm.sh/', 'barq.db/'].exists(prefix, key.startsWith(prefix)))",message="annotations that begin with helm.sh/, meta.helm.sh/ or barq.db/ tell Helm and the operator what to do with the object; choose other names"
// +kubebuilder:validation:XValidation:rule="self.all(key, key.indexOf('/') <= 253 && key.matches('^([A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?([.][A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?)*/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$'))",message="the name of an annotation has at most 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends. It may have a domain and '/' before it; write for instance example.com/owner"
type Annotations map[string]string

// TopologyMode is how the pods of a BarqCluster share data.
//
// +kubebuilder:validation:Enum=Primary;Independent
type TopologyMode string

const (
	// TopologyPrimary: the first pod holds all data and answers all clients.
	TopologyPrimary TopologyMode = "Primary"
	// TopologyIndependent: each pod is a database of its own.
	TopologyIndependent TopologyMode = "Independent"
)

// ScaleDown says whether the number of independent databases may be lowered.
//
// +kubebuilder:validation:Enum=Refuse;Allow
type ScaleDown string

const (
	// ScaleDownRefuse: the API server refuses a lower number.
	ScaleDownRefuse ScaleDown = "Refuse"
	// ScaleDownAllow: a lower number stops the databases of the highest ordinals.
	ScaleDownAllow ScaleDown = "Allow"
)

// TopologySpec defines how pods share data.
type TopologySpec struct {
	// mode is Primary (default) or Independent. With Primary, pod 0 holds all data and the Service
	// leads to it alone; further pods hold no data. With Independent each pod is a database of its
	// own with a Service of its own, and clients choose between them. It cannot change.
	// +barq:effect=restart
	// +kubebuilder:default=Primary
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",messageExpression="'cannot change, because data would be left in pods that no client reaches. Put ' + oldSelf + ' back, or create a new BarqCluster and copy the data'",message="cannot change, because data would be left in pods that no client reaches. Put the old value back, or create a new BarqCluster and copy the data"
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:select:Primary","urn:alm:descriptor:com.tectonic.ui:select:Independent"}
	Mode TopologyMode `json:"mode,omitempty"`

	// scaleDown says whether replicas may be lowered in mode Independent, which takes the data of the
	// removed pods offline: Refuse (default) or Allow. It has no effect in mode Primary.
	// +barq:effect=none
	// +kubebuilder:default=Refuse
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:select:Refuse","urn:alm:descriptor:com.tectonic.ui:select:Allow","urn:alm:descriptor:com.tectonic.ui:fieldDependency:topology.mode:Independent"}
	ScaleDown ScaleDown `json:"scaleDown,omitempty"`
}

// NetworkPolicySpec says who may reach the database.
type NetworkPolicySpec struct {
	// enabled makes a NetworkPolicy that lets pods of the BarqCluster's namespace reach ports 8080 and
	// 50051, and no other pod; default true. It takes a network plugin that enforces policies.
	// +kubebuilder:default=true
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:booleanSwitch"}
	Enabled *bool `json:"enabled,omitempty"`

	// from are further peers that may reach the two ports, written as in a NetworkPolicy. Default none.
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:XValidation:rule="self.all(peer, has(peer.ipBlock) != (has(peer.podSelector) || has(peer.namespaceSelector)))",message="each peer needs either ipBlock, or podSelector, namespaceSelector or both"
	// +kubebuilder:validation:XValidation:rule="self.all(peer, !has(peer.ipBlock) || peer.ipBlock.cidr.size() > 0)",message="ipBlock needs a cidr; write for instance 10.0.0.0/8"
	// +listType=atomic
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:advanced"}
	From []networkingv1.NetworkPolicyPeer `json:"from,omitempty"`
}

// InvalidLines is what becomes of acknowledged writes that Barq DB cannot read.
//
// +kubebuilder:validation:Enum=Quarantine;Refuse
type InvalidLines string

const (
	// InvalidLinesQuarantine: they are taken out of the log and kept, and the database starts.
	InvalidLinesQuarantine InvalidLines = "Quarantine"
	// InvalidLinesRefuse: the log stays as it is, and the database does not start.
	InvalidLinesRefuse InvalidLines = "Refuse"
)

// LogSpec says what becomes of damage in the log.
type LogSpec struct {
	// invalidLines is what becomes of acknowledged writes that Barq DB cannot read: Quarantine (default) or Refuse.
	// Quarantine takes them out of the log, keeps them on the volume, and starts the database. Refuse leaves the
	// log as it is, and the database does not start. Either way the condition LogIntact names the place.
	// A change restarts the pods one at a time.
	// +barq:effect=restart
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:select:Quarantine","urn:alm:descriptor:com.tectonic.ui:select:Refuse","urn:alm:descriptor:com.tectonic.ui:advanced"}
	InvalidLines InvalidLines `json:"invalidLines,omitempty"`

	// takeOut names damaged lines that you want to do without, each as FILE@OFFSET, as the message of a database that
	// does not start names them. They are kept in quarantine. Default none. A change restarts the pods one at a time.
	// +barq:effect=restart
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=1024
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^tenants/[^,]+@[0-9]{1,18}$')",message="must be a file and an offset; write for instance tenants/default/collections/things/wal.jsonl@1024"
	// +listType=set
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:advanced"}
	TakeOut []string `json:"takeOut,omitempty"`
}

// BootstrapSpec says what a new database begins with.
type BootstrapSpec struct {
	// recovery takes the data of a former BarqCluster out of the buckets in tiering. Default none. The disk of a pod gets what
	// the pod of the same number had, before the database starts. The buckets of the former BarqCluster are only read there, and the
	// data is then written under the new one's own path. It cannot change.
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:advanced"}
	Recovery *RecoverySpec `json:"recovery,omitempty"`
}

// RecoverySpec names a former BarqCluster, which may be gone.
type RecoverySpec struct {
	// namespace of the former BarqCluster. Default: the namespace of this one. It cannot change.
	// +barq:effect=restart
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="must be the name of a namespace: lower-case letters, digits and '-', with a letter or digit at both ends"
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:io.kubernetes:Namespace","urn:alm:descriptor:com.tectonic.ui:advanced"}
	Namespace string `json:"namespace,omitempty"`

	// name of the former BarqCluster, which may be that of this one. It cannot change.
	// +barq:effect=restart
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=52
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="must be the name of a BarqCluster: lower-case letters, digits and '-', starting with a letter; write for instance my-vectors"
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:text","urn:alm:descriptor:com.tectonic.ui:advanced"}
	Name string `json:"name"`

	// uid of the former BarqCluster, its metadata.uid. Default: the only one of that name in the buckets; if there are several,
	// the database does not start, and its message lists them. It cannot change.
	// +barq:effect=restart
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?$')",message="must be the uid of a BarqCluster: letters, digits and '-', with a letter or digit at both ends; write for instance 6e8f0c6e-1f0c-4f4e-9a43-2d2b6d0f6a11"
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="UID",xDescriptors={"urn:alm:descriptor:com.tectonic.ui:text","urn:alm:descriptor:com.tectonic.ui:advanced"}
	UID string `json:"uid,omitempty"`
}

// DurabilityMode says when writes are on the disk.
//
// +kubebuilder:validation:Enum=Sync;Interval;None;Archived
type DurabilityMode string

const (
	// DurabilitySync: a write is answered once it is on the disk.
	DurabilitySync DurabilityMode = "Sync"
	// DurabilityInterval: the log is synced at an interval, so a crash of the node loses at most the writes of one.
	DurabilityInterval DurabilityMode = "Interval"
	// DurabilityNone: the log is synced when the database stops, and otherwise when the kernel does it.
	DurabilityNone DurabilityMode = "None"
	// DurabilityArchived: a write is answered once it is on the disk and in the bucket of a tier.
	DurabilityArchived DurabilityMode = "Archived"
)

// DurabilitySpec says when writes are on the disk.
//
// +kubebuilder:validation:XValidation:rule="!has(self.interval) || has(self.mode) && self.mode == 'Interval'",fieldPath=".interval",message="is for mode Interval; remove it, or set mode: Interval"
type DurabilitySpec struct {
	// mode is Sync (default), Interval, None or Archived. With Sync a write is answered once it is on the disk; writes at the same
	// time share a sync. With Interval the log is synced once in an interval, and a crash of the node loses at most the
	// writes of one. With None it is synced when the database stops. With Archived a write is answered once it is on the
	// disk and in the bucket of the warm tier. Without a warm tier it is that of the cold one. Writes at the same time share an
	// upload. It needs tiering that the agent manages. While the bucket cannot be reached, no write is answered. A change restarts the pods one at a time.
	// +barq:effect=restart
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:select:Sync","urn:alm:descriptor:com.tectonic.ui:select:Interval","urn:alm:descriptor:com.tectonic.ui:select:None","urn:alm:descriptor:com.tectonic.ui:select:Archived","urn:alm:descriptor:com.tectonic.ui:advanced"}
	Mode DurabilityMode `json:"mode,omitempty"`

	// interval between two syncs of the log in mode Interval, from 100ms to 1m; default 1s. A change restarts the pods one at a time.
	// +barq:effect=restart
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,5}ms|[0-9]{1,2}s|1m)$') && duration(self) >= duration('100ms') && duration(self) <= duration('1m')",message="must be a duration from 100ms to 1m; write for instance 500ms or 2s"
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:text","urn:alm:descriptor:com.tectonic.ui:advanced"}
	Interval string `json:"interval,omitempty"`
}

// CompatibilitySpec says what the agent lets through although Barq DB does it wrong.
type CompatibilitySpec struct {
	// allowUnsoundIndexes lets clients make indexes of the kind HNSW, and of the kind IVF with pq. Barq DB 0.1 answers
	// searches of them with the wrong documents. Default false: the agent refuses to make them. Indexes that exist stay.
	// A change restarts the pods one at a time.
	// +barq:effect=restart
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:booleanSwitch","urn:alm:descriptor:com.tectonic.ui:advanced"}
	AllowUnsoundIndexes bool `json:"allowUnsoundIndexes,omitempty"`
}

// TLSSpec encrypts the HTTP API.
type TLSSpec struct {
	// secretName names a Secret in the BarqCluster's namespace with tls.crt and tls.key, as
	// cert-manager writes it. The certificate must be for the names of the Services. A change of the
	// Secret restarts the pods one at a time. It asks clients for no certificates. The agent in the pod serves TLS,
	// because Barq DB 0.1 cannot: without an agent it exits at startup.
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="must be the name of an object: lower-case letters, digits, '-' and '.', with a letter or digit at both ends and beside each '.'"
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:io.kubernetes:Secret"}
	SecretName string `json:"secretName"`
}

// ServiceSpec is how clients reach the database.
//
// +kubebuilder:validation:XValidation:rule="!has(self.ipFamilies) || self.ipFamilies.size() < 2 || has(self.ipFamilyPolicy) && self.ipFamilyPolicy != 'SingleStack'",fieldPath=".ipFamilies",message="two families need ipFamilyPolicy PreferDualStack or RequireDualStack; write one of these, or one family"
type ServiceSpec struct {
	// type of the Service, in mode Independent of each pod's Service: ClusterIP (default), NodePort or
	// LoadBalancer. What comes from outside must also be let in by networkPolicy.from.
	// +barq:effect=apply
	// +kubebuilder:default=ClusterIP
	// +kubebuilder:validation:Enum=ClusterIP;NodePort;LoadBalancer
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:select:ClusterIP","urn:alm:descriptor:com.tectonic.ui:select:NodePort","urn:alm:descriptor:com.tectonic.ui:select:LoadBalancer"}
	Type corev1.ServiceType `json:"type,omitempty"`

	// ipFamilyPolicy of all Services: SingleStack, PreferDualStack or RequireDualStack, as Kubernetes has them. Default:
	// Kubernetes' own, SingleStack. With a policy for both families IPv6 is answered too, but gRPC without the agent is not. A
	// change to or from SingleStack restarts the pods that have no agent.
	// +barq:effect=apply
	// +kubebuilder:validation:Enum=SingleStack;PreferDualStack;RequireDualStack
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="IP Family Policy",xDescriptors={"urn:alm:descriptor:com.tectonic.ui:select:SingleStack","urn:alm:descriptor:com.tectonic.ui:select:PreferDualStack","urn:alm:descriptor:com.tectonic.ui:select:RequireDualStack","urn:alm:descriptor:com.tectonic.ui:advanced"}
	IPFamilyPolicy corev1.IPFamilyPolicy `json:"ipFamilyPolicy,omitempty"`

	// ipFamilies of all Services: IPv4, IPv6 or both, the first one first. Default: what the Kubernetes cluster has. Write
	// IPv6 where pods have addresses of IPv6 only: both families are answered then, gRPC by IPv4 only without the agent. The
	// first one cannot change. A change restarts the pods that have no agent.
	// +barq:effect=apply
	// +kubebuilder:validation:MaxItems=2
	// +kubebuilder:validation:items:Enum=IPv4;IPv6
	// +kubebuilder:validation:XValidation:rule="self.size() < 2 || self[0] != self[1]",message="has one family twice; write each once"
	// +kubebuilder:validation:XValidation:rule="self.size() == 0 || oldSelf.size() == 0 || self[0] == oldSelf[0]",message="the first family cannot change, because Services cannot change it; put the old one first, or create a new BarqCluster and copy the data"
	// +listType=atomic
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="IP Families",xDescriptors={"urn:alm:descriptor:com.tectonic.ui:advanced"}
	IPFamilies []corev1.IPFamily `json:"ipFamilies,omitempty"`

	// annotations of the Service, in mode Independent of each pod's Service. Default none. Those that begin
	// with helm.sh/, meta.helm.sh/ or barq.db/ are refused. In mode Independent they have at most 2048 characters together.
	// +barq:effect=apply
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:advanced"}
	Annotations Annotations `json:"annotations,omitempty"`
}

// MonitoringSpec hands the metrics to Prometheus.
//
// +kubebuilder:validation:XValidation:rule="!has(self.podMonitor) || !has(self.podMonitor.enabled) || !self.podMonitor.enabled || !has(self.serviceMonitor) || !has(self.serviceMonitor.enabled) || !self.serviceMonitor.enabled",fieldPath=".serviceMonitor.enabled",message="podMonitor and serviceMonitor are both enabled, so each pod would be scraped twice; enable one of them"
type MonitoringSpec struct {
	// podMonitor is for the Prometheus operator, which then finds the pods themselves.
	// +kubebuilder:default={}
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:advanced"}
	PodMonitor PodMonitorSpec `json:"podMonitor,omitempty"`

	// serviceMonitor is for the Prometheus operator too, which then finds each pod by the Service NAME-headless. It is for a Prometheus
	// that chooses ServiceMonitors only. podMonitor and serviceMonitor cannot both be enabled.
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:advanced"}
	ServiceMonitor ServiceMonitorSpec `json:"serviceMonitor,omitempty"`
}

// PodMonitorSpec is what the Prometheus operator is asked for.
type PodMonitorSpec struct {
	// enabled makes a PodMonitor, where the Kubernetes cluster knows that kind; default false. The condition Monitored says
	// whether it does.
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:booleanSwitch","urn:alm:descriptor:com.tectonic.ui:advanced"}
	Enabled bool `json:"enabled,omitempty"`

	// interval between two scrapes. Default: that of Prometheus.
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$')",message="must be a duration with the largest unit first; write for instance 30s or 1m30s"
	// +kubebuilder:validation:MaxLength=32
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:text","urn:alm:descriptor:com.tectonic.ui:advanced"}
	Interval string `json:"interval,omitempty"`

	// labels of the PodMonitor, by which a Prometheus chooses it. Default none. Labels that every object has are
	// refused, and those that begin with helm.sh/, meta.helm.sh/ or barq.db/.
	// +kubebuilder:validation:XValidation:rule="self.all(key, !(key in ['app.kubernetes.io/name','app.kubernetes.io/instance','app.kubernetes.io/component','app.kubernetes.io/version','app.kubernetes.io/managed-by']))",message="app.kubernetes.io/name, instance, component, version and managed-by are on every object and belong to the operator; choose other names"
	// +kubebuilder:validation:XValidation:rule="self.all(key, !['helm.sh/', 'meta.helm.sh/', 'barq.db/'].exists(prefix, key.startsWith(prefix)))",message="labels that begin with helm.sh/, meta.helm.sh/ or barq.db/ belong to Helm and the operator; choose other names"
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:advanced"}
	Labels Labels `json:"labels,omitempty"`
}

// ServiceMonitorSpec is what the Prometheus operator is asked for instead.
type ServiceMonitorSpec struct {
	// enabled makes a ServiceMonitor, where the Kubernetes cluster knows that kind; default false. The condition Monitored says
	// whether it does.
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:booleanSwitch","urn:alm:descriptor:com.tectonic.ui:advanced"}
	Enabled bool `json:"enabled,omitempty"`

	// interval between two scrapes. Default: that of Prometheus.
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$')",message="must be a duration with the largest unit first; write for instance 30s or 1m30s"
	// +kubebuilder:validation:MaxLength=32
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:text","urn:alm:descriptor:com.tectonic.ui:advanced"}
	Interval string `json:"interval,omitempty"`

	// labels of the ServiceMonitor, by which a Prometheus chooses it. Default none. Labels that every object has are
	// refused, and those that begin with helm.sh/, meta.helm.sh/ or barq.db/.
	// +kubebuilder:validation:XValidation:rule="self.all(key, !(key in ['app.kubernetes.io/name','app.kubernetes.io/instance','app.kubernetes.io/component','app.kubernetes.io/version','app.kubernetes.io/managed-by']))",message="app.kubernetes.io/name, instance, component, version and managed-by are on every object and belong to the operator; choose other names"
	// +kubebuilder:validation:XValidation:rule="self.all(key, !['helm.sh/', 'meta.helm.sh/', 'barq.db/'].exists(prefix, key.startsWith(prefix)))",message="labels that begin with helm.sh/, meta.helm.sh/ or barq.db/ belong to Helm and the operator; choose other names"
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:advanced"}
	Labels Labels `json:"labels,omitempty"`
}

// PodDisruptionBudgetSpec limits how many pods a drain of nodes takes away at a time.
type PodDisruptionBudgetSpec struct {
	// enabled makes a PodDisruptionBudget that lets one pod go at a time; default true. It never
	// keeps a node from being drained: a single pod may go, and pods that do not answer always may.
	// +kubebuilder:default=true
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:booleanSwitch","urn:alm:descriptor:com.tectonic.ui:advanced"}
	Enabled *bool `json:"enabled,omitempty"`
}

// ImagePullSecret names a Secret in the BarqCluster's namespace.
type ImagePullSecret struct {
	// name of the Secret.
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="must be the name of an object: lower-case letters, digits, '-' and '.', with a letter or digit at both ends and beside each '.'"
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:io.kubernetes:Secret","urn:alm:descriptor:com.tectonic.ui:advanced"}
	Name string `json:"name"`
}

// AccessMode is the access mode of a volume.
//
// +kubebuilder:validation:Enum=ReadWriteOnce;ReadWriteOncePod
type AccessMode string

// StorageSpec is the volume of each pod.
type StorageSpec struct {
	// size of each volume; default 10Gi. Without the agent, disk use grows with the history of writes, because the
	// database never shortens its log. It can grow as far as the storage class can; it cannot go
	// below what the volumes have (status.storage.capacity). With tiering.hotPath
	// ephemeral-storage it is the limit of the pod's scratch space.
	// +barq:effect=apply
	// +kubebuilder:default="10Gi"
	// +kubebuilder:validation:XValidation:rule="quantity(string(self)).isGreaterThan(quantity('0'))",message="must be greater than zero; write for instance 10Gi"
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:text"}
	Size *resource.Quantity `json:"size,omitempty"`

	// storageClassName is the StorageClass of the volumes. Default: the cluster's default class.
	// It cannot change once there is a volume (status.storage.capacity).
	// +barq:effect=apply
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="must be the name of an object: lower-case letters, digits, '-' and '.', with a letter or digit at both ends and beside each '.'"
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Storage Class",xDescriptors={"urn:alm:descriptor:io.kubernetes:StorageClass"}
	StorageClassName *string `json:"storageClassName,omitempty"`

	// accessMode of the volumes: ReadWriteOnce (default), or ReadWriteOncePod where the class knows
	// it. Two processes on one volume corrupt it, so no mode that lets two nodes write is offered.
	// It cannot change once there is a volume (status.storage.capacity).
	// +barq:effect=apply
	// +kubebuilder:default=ReadWriteOnce
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:select:ReadWriteOnce","urn:alm:descriptor:com.tectonic.ui:select:ReadWriteOncePod","urn:alm:descriptor:com.tectonic.ui:advanced"}
	AccessMode AccessMode `json:"accessMode,omitempty"`

	// retention says when volumes are deleted. By default never.
	// +barq:effect=operator
	// +kubebuilder:default={}
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:advanced"}
	Retention RetentionSpec `json:"retention,omitempty"`
}

// RetentionPolicy says what happens to volumes that are no longer used.
//
// +kubebuilder:validation:Enum=Retain;Delete
type RetentionPolicy string

const (
	// RetentionRetain keeps the volumes.
	RetentionRetain RetentionPolicy = "Retain"
	// RetentionDelete deletes the volumes and what they hold.
	RetentionDelete RetentionPolicy = "Delete"
)

// RetentionSpec says when volumes are deleted.
type RetentionSpec struct {
	// whenDeleted says what happens to the volumes when the BarqCluster is deleted: Retain (default)
	// or Delete. It is about all of them, also those of pods that are gone. Only the BarqCluster takes
	// them along: with the StatefulSet, or with --cascade=orphan, no volume goes.
	// +kubebuilder:default=Retain
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:select:Retain","urn:alm:descriptor:com.tectonic.ui:select:Delete","urn:alm:descriptor:com.tectonic.ui:advanced"}
	WhenDeleted RetentionPolicy `json:"whenDeleted,omitempty"`

	// whenScaled says what happens to the volumes of pods that a lower number of replicas removes:
	// Retain (default) or Delete. With replicas 0 they are kept whatever is written here. So are those of
	// pods that went before Delete was written.
	// +kubebuilder:default=Retain
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:select:Retain","urn:alm:descriptor:com.tectonic.ui:select:Delete","urn:alm:descriptor:com.tectonic.ui:advanced"}
	WhenScaled RetentionPolicy `json:"whenScaled,omitempty"`

	// reclaim Retain keeps a volume when its PVC is deleted, with the namespace too: the operator sets
	// persistentVolumeReclaimPolicy of the PersistentVolume to Retain. Default: what the StorageClass
	// says, mostly Delete. When you remove this, kept volumes stay so. An operator that is confined to
	// namespaces may not do it; the condition VolumesRetained says so.
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:select:Retain","urn:alm:descriptor:com.tectonic.ui:advanced"}
	Reclaim ReclaimPolicy `json:"reclaim,omitempty"`
}

// ReclaimPolicy says what becomes of a volume whose PVC is deleted.
//
// +kubebuilder:validation:Enum=Retain
type ReclaimPolicy string

// ReclaimRetain keeps the volume.
const ReclaimRetain ReclaimPolicy = "Retain"

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

// ManagedBy says what keeps the data in the tiers.
//
// +kubebuilder:validation:Enum=Agent;Server
type ManagedBy string

const (
	// ManagedByAgent: the agent of each pod does, and Barq DB knows nothing of the tiers.
	ManagedByAgent ManagedBy = "Agent"
	// ManagedByServer: Barq DB gets the variables of the tiers, and what it does with them is up to its version.
	ManagedByServer ManagedBy = "Server"
)

// TieringSpec says where the tiers are, and what keeps the data in them.
//
// One process has one set of credentials, one region, one endpoint and one storage account for each
// provider, so two tiers of one provider must agree on them.
//
// +kubebuilder:validation:XValidation:rule="!has(self.enabled) || !self.enabled || has(self.warm) || has(self.cold)",message="enabled needs a tier; write warm or cold with provider and bucket, or set enabled: false"
// +kubebuilder:validation:XValidation:rule="!has(self.warm) || !has(self.cold) || self.warm.provider != self.cold.provider || has(self.warm.credentialsSecretRef) == has(self.cold.credentialsSecretRef) && (!has(self.warm.credentialsSecretRef) || self.warm.credentialsSecretRef.name == self.cold.credentialsSecretRef.name)",message="warm and cold use one provider, for which a process has one set of credentials. Write the same credentialsSecretRef in both, or leave it out of both"
// +kubebuilder:validation:XValidation:rule="!has(self.warm) || !has(self.cold) || !has(self.warm.region) || !has(self.cold.region) || self.warm.region == self.cold.region",message="warm and cold use one provider, for which a process has one region; write the same region in both"
// +kubebuilder:validation:XValidation:rule="!has(self.warm) || !has(self.cold) || self.warm.provider != self.cold.provider || !has(self.warm.endpoint) || !has(self.cold.endpoint) || self.warm.endpoint == self.cold.endpoint",message="warm and cold use one provider, for which a process has one endpoint; write the same endpoint in both"
// +kubebuilder:validation:XValidation:rule="!has(self.warm) || !has(self.cold) || !has(self.warm.storageAccount) || !has(self.cold.storageAccount) || self.warm.storageAccount == self.cold.storageAccount",message="warm and cold use one provider, for which a process has one storage account; write the same storageAccount in both"
// +kubebuilder:validation:XValidation:rule="!has(self.managedBy) || self.managedBy != 'Server' || !has(self.maxLag)",fieldPath=".maxLag",message="is for tiering that the agent manages; remove it, or remove managedBy: Server"
// +kubebuilder:validation:XValidation:rule="!has(self.managedBy) || self.managedBy != 'Server' || !has(self.encryptionKeySecretRef)",fieldPath=".encryptionKeySecretRef",message="is for tiering that the agent manages; remove it, or remove managedBy: Server"
// +kubebuilder:validation:XValidation:rule="!has(self.managedBy) || self.managedBy != 'Server' || !has(self.warm) || !has(self.warm.after) && !has(self.warm.forcePathStyle) && !has(self.warm.storageAccount) && (self.warm.provider == 's3' || !has(self.warm.endpoint))",fieldPath=".warm",message="after, forcePathStyle, storageAccount and, but for s3, endpoint are for tiering that the agent manages, because Barq DB has no variables for them. Remove them, and write credentialsSecretRef for azure; or remove managedBy: Server"
// +kubebuilder:validation:XValidation:rule="!has(self.managedBy) || self.managedBy != 'Server' || !has(self.cold) || !has(self.cold.after) && !has(self.cold.forcePathStyle) && !has(self.cold.storageAccount) && (self.cold.provider == 's3' || !has(self.cold.endpoint))",fieldPath=".cold",message="after, forcePathStyle, storageAccount and, but for s3, endpoint are for tiering that the agent manages, because Barq DB has no variables for them. Remove them, and write credentialsSecretRef for azure; or remove managedBy: Server"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.hotPath) || oldSelf.hotPath != 'ephemeral-storage' || !has(oldSelf.enabled) || !oldSelf.enabled || has(oldSelf.managedBy) && oldSelf.managedBy == 'Server' || has(self.enabled) && self.enabled",fieldPath=".enabled",message="cannot become false, because with hotPath ephemeral-storage the data is in the buckets only. Create a new BarqCluster with bootstrap.recovery instead, which takes the data from there"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.hotPath) || oldSelf.hotPath != 'ephemeral-storage' || !has(oldSelf.enabled) || !oldSelf.enabled || has(oldSelf.managedBy) && oldSelf.managedBy == 'Server' || !has(self.managedBy) || self.managedBy == 'Agent'",fieldPath=".managedBy",message="cannot become Server, because with hotPath ephemeral-storage the data is in the buckets only, and the agent brings it back. Create a new BarqCluster with bootstrap.recovery instead, which takes the data from there"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.hotPath) || oldSelf.hotPath != 'ephemeral-storage' || !has(oldSelf.enabled) || !oldSelf.enabled || has(oldSelf.managedBy) && oldSelf.managedBy == 'Server' || (has(oldSelf.warm) ? has(self.warm) && self.warm.provider == oldSelf.warm.provider && (has(self.warm.bucket) ? has(oldSelf.warm.bucket) && self.warm.bucket == oldSelf.warm.bucket : has(self.warm.bucketSecretRef) && has(oldSelf.warm.bucketSecretRef) && self.warm.bucketSecretRef.name == oldSelf.warm.bucketSecretRef.name && self.warm.bucketSecretRef.key == oldSelf.warm.bucketSecretRef.key) : !has(self.warm))",fieldPath=".warm",message="its provider and bucket cannot change, and it cannot come or go, because with hotPath ephemeral-storage the data is in the buckets only. Create a new BarqCluster with bootstrap.recovery instead, which takes the data from there"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.hotPath) || oldSelf.hotPath != 'ephemeral-storage' || !has(oldSelf.enabled) || !oldSelf.enabled || has(oldSelf.managedBy) && oldSelf.managedBy == 'Server' || !has(oldSelf.cold) || has(self.cold) && self.cold.provider == oldSelf.cold.provider && (has(self.cold.bucket) ? has(oldSelf.cold.bucket) && self.cold.bucket == oldSelf.cold.bucket : has(self.cold.bucketSecretRef) && has(oldSelf.cold.bucketSecretRef) && self.cold.bucketSecretRef.name == oldSelf.cold.bucketSecretRef.name && self.cold.bucketSecretRef.key == oldSelf.cold.bucketSecretRef.key)",fieldPath=".cold",message="its provider and bucket cannot change, and it cannot go, because with hotPath ephemeral-storage the data is in the buckets only. Create a new BarqCluster with bootstrap.recovery instead, which takes the data from there"
type TieringSpec struct {
	// enabled turns tiering on; default false. It needs at least one tier. While it is false the tiers
	// are ignored. With hotPath ephemeral-storage it cannot become false again. A change restarts the pods one at a time.
	// +barq:effect=restart
	// +kubebuilder:default=false
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:booleanSwitch"}
	Enabled bool `json:"enabled"`

	// managedBy is what keeps the data in the tiers: Agent (default) or Server. With Agent the agent of each pod writes the
	// log of the database to the warm tier. Without a warm tier it writes it to the cold one. It moves what is old to the cold
	// tier, and brings all of it back to an empty disk before the database starts. Barq DB knows nothing of the tiers. With
	// Server the variables of the tiers reach Barq DB, for a version that can use them. Barq DB 0.1.0 moves nothing between
	// tiers, and exits at startup with one on s3 or gcs. Without an agent in the pods it is always Server.
	// A change restarts the pods one at a time.
	// +barq:effect=restart
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:select:Agent","urn:alm:descriptor:com.tectonic.ui:select:Server","urn:alm:descriptor:com.tectonic.ui:advanced"}
	ManagedBy ManagedBy `json:"managedBy,omitempty"`

	// maxLag is for how long a write may be on the disk only, from 1s to 1h; default 10s. A shorter one makes more
	// requests to the bucket. If a write waits longer, the condition Archiving becomes False. A change restarts the pods one at a time.
	// +barq:effect=restart
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,4}s|[0-9]{1,2}m|1h)$') && duration(self) >= duration('1s') && duration(self) <= duration('1h')",message="must be a duration from 1s to 1h; write for instance 10s or 5m"
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:text","urn:alm:descriptor:com.tectonic.ui:fieldDependency:tiering.enabled:true","urn:alm:descriptor:com.tectonic.ui:advanced"}
	MaxLag string `json:"maxLag,omitempty"`

	// hotPath is where the data directory lives: pvc (default), or ephemeral-storage, which is lost with the pod. With tiering
	// that the agent manages, each start of a pod brings the data back from the buckets. It cannot change.
	// +barq:effect=restart
	// +kubebuilder:default=pvc
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="cannot change, because the data would be left behind; put the old value back, or create a new BarqCluster and copy the data"
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:select:pvc","urn:alm:descriptor:com.tectonic.ui:select:ephemeral-storage","urn:alm:descriptor:com.tectonic.ui:advanced"}
	HotPath HotPath `json:"hotPath,omitempty"`

	// warm is the object store of the warm tier, which has all data that is not in the cold one. Default none.
	// A change restarts the pods one at a time.
	// +barq:effect=restart
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Warm Tier",xDescriptors={"urn:alm:descriptor:com.tectonic.ui:fieldDependency:tiering.enabled:true"}
	Warm *TierSpec `json:"warm,omitempty"`

	// cold is the object store of the cold tier, for data that is old. Without a warm tier it has all data. Default none.
	// A change restarts the pods one at a time.
	// +barq:effect=restart
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Cold Tier",xDescriptors={"urn:alm:descriptor:com.tectonic.ui:fieldDependency:tiering.enabled:true"}
	Cold *TierSpec `json:"cold,omitempty"`

	// encryptionKeySecretRef is a key of a Secret with age identities, a line each, as age-keygen writes them. The agent
	// encrypts what it writes to the buckets for all of them, and reads with any of them. Without them nothing can be
	// brought back, so keep a copy elsewhere. Default none: nothing is encrypted but by the store. A change restarts the pods one at a time.
	// +barq:effect=restart
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Encryption Key Secret",xDescriptors={"urn:alm:descriptor:com.tectonic.ui:fieldDependency:tiering.enabled:true","urn:alm:descriptor:com.tectonic.ui:advanced"}
	EncryptionKeySecretRef *SecretKeyReference `json:"encryptionKeySecretRef,omitempty"`
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
// +kubebuilder:validation:XValidation:rule="self.provider != 'azure' || has(self.credentialsSecretRef) != has(self.storageAccount)",message="azure needs exactly one of credentialsSecretRef and storageAccount. Name a Secret with AZURE_STORAGE_ACCOUNT and AZURE_STORAGE_ACCESS_KEY, or write the storage account and use workload identity"
// +kubebuilder:validation:XValidation:rule="self.provider == 'azure' || !has(self.storageAccount)",message="storageAccount is for provider azure only; remove it"
// +kubebuilder:validation:XValidation:rule="self.provider == 's3' || !has(self.region)",message="region is for provider s3 only; remove it"
// +kubebuilder:validation:XValidation:rule="self.provider == 's3' || !has(self.forcePathStyle)",message="forcePathStyle is for provider s3 only; remove it"
type TierSpec struct {
	// provider of the object store: s3, gcs or azure. With managedBy Server, Barq DB 0.1.0 exits at startup with a tier on s3
	// or gcs: these are for an image that can serve them.
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:select:s3","urn:alm:descriptor:com.tectonic.ui:select:gcs","urn:alm:descriptor:com.tectonic.ui:select:azure"}
	Provider Provider `json:"provider"`

	// bucket is the name of the bucket, for azure of the container. Either this or bucketSecretRef.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9][A-Za-z0-9._-]*$')",message="must be a bucket's name only; write for instance my-bucket, without a scheme or a path"
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:text"}
	Bucket string `json:"bucket,omitempty"`

	// bucketSecretRef takes the bucket's name from a Secret in the BarqCluster's namespace.
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Bucket From Secret",xDescriptors={"urn:alm:descriptor:com.tectonic.ui:advanced"}
	BucketSecretRef *SecretKeyReference `json:"bucketSecretRef,omitempty"`

	// credentialsSecretRef names a Secret in the BarqCluster's namespace whose keys are named like the
	// variables. For s3 these are AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and if present
	// AWS_SESSION_TOKEN and AWS_REGION. For gcs it is GOOGLE_APPLICATION_CREDENTIALS_JSON. For azure
	// these are AZURE_STORAGE_ACCOUNT and AZURE_STORAGE_ACCESS_KEY. Without it, the
	// workload identity of the service account is used. The agent reads the Secret again at each use, so a change of it restarts
	// nothing. With managedBy Server a change restarts the pods one at a time.
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Credentials"
	CredentialsSecretRef *SecretReference `json:"credentialsSecretRef,omitempty"`

	// region of an s3 bucket (AWS_REGION). Default: AWS_REGION of the credentials Secret, if present.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:text"}
	Region string `json:"region,omitempty"`

	// storageAccount is the storage account of an azure container, for workload identity. Default: AZURE_STORAGE_ACCOUNT of the
	// credentials Secret.
	// +kubebuilder:validation:MaxLength=24
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]{3,24}$')",message="must be the name of a storage account: 3 to 24 lower-case letters and digits"
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:text"}
	StorageAccount string `json:"storageAccount,omitempty"`

	// endpoint is the URL of a store that is not the provider's own. For s3 that is one which is not Amazon's
	// (AWS_ENDPOINT_URL_S3), for gcs and azure for instance one of a private cloud. Default: the provider's. With managedBy Server it is for s3 only.
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

	// after is how old data is when it goes to this tier, as a number of hours, minutes or seconds. Default for warm: 0s, so a
	// write is there within maxLag; with more, what is younger is on the disk only. Default for cold: 720h. Without a warm
	// tier that of cold has no effect.
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9]{1,6}(h|m|s)$')",message="must be a number of hours, minutes or seconds; write for instance 720h or 0s"
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:text","urn:alm:descriptor:com.tectonic.ui:advanced"}
	After string `json:"after,omitempty"`
}

// SecretReference names a Secret in the BarqCluster's namespace.
type SecretReference struct {
	// name of the Secret.
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="must be the name of an object: lower-case letters, digits, '-' and '.', with a letter or digit at both ends and beside each '.'"
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Secret",xDescriptors={"urn:alm:descriptor:io.kubernetes:Secret"}
	Name string `json:"name"`
}

// SecretKeyReference names one key of a Secret in the BarqCluster's namespace.
type SecretKeyReference struct {
	// name of the Secret.
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="must be the name of an object: lower-case letters, digits, '-' and '.', with a letter or digit at both ends and beside each '.'"
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Secret",xDescriptors={"urn:alm:descriptor:io.kubernetes:Secret","urn:alm:descriptor:com.tectonic.ui:advanced"}
	Name string `json:"name"`

	// key in the Secret.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[-._a-zA-Z0-9]+$') && self != '.' && !self.startsWith('..')",message="must be a key of a Secret: letters, digits, '-', '_' and '.', not starting with '..'"
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:text","urn:alm:descriptor:com.tectonic.ui:advanced"}
	Key string `json:"key"`
}

// ServiceAccountSpec is the identity of the pods.
//
// +kubebuilder:validation:XValidation:rule="!has(self.create) || self.create || has(self.name)",message="create: false needs the name of an account that exists; write name, or remove create"
// +kubebuilder:validation:XValidation:rule="!has(self.create) || self.create || !has(self.annotations) || self.annotations.size() == 0",message="annotations go on the account that the operator creates; annotate the existing account yourself, or remove create: false"
type ServiceAccountSpec struct {
	// create makes the account; default true. With false the account of the given name is used as it
	// is, and changes are held back until it exists. The operator then keeps one that it has made, but
	// the BarqCluster no longer owns it.
	// +barq:effect=apply
	// +kubebuilder:default=true
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:booleanSwitch","urn:alm:descriptor:com.tectonic.ui:advanced"}
	Create *bool `json:"create,omitempty"`

	// name of the account. Default: the BarqCluster's name.
	// A change restarts the pods one at a time.
	// +barq:effect=restart
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="must be the name of an object: lower-case letters, digits, '-' and '.', with a letter or digit at both ends and beside each '.'"
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:io.kubernetes:ServiceAccount","urn:alm:descriptor:com.tectonic.ui:advanced"}
	Name string `json:"name,omitempty"`

	// annotations of the account that is created; default none. They carry workload identity, for
	// instance eks.amazonaws.com/role-arn or iam.gke.io/gcp-service-account. Those that begin with helm.sh/,
	// meta.helm.sh/ or barq.db/ are refused.
	// +barq:effect=apply
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:advanced"}
	Annotations Annotations `json:"annotations,omitempty"`
}

// EnvVar is an extra environment variable, written as in a pod.
//
// +kubebuilder:validation:XValidation:rule="!has(self.valueFrom) || !has(self.valueFrom.fileKeyRef)",message="fileKeyRef refers to a volume of the pod, which has none but its data; write value, or another source in valueFrom"
// +kubebuilder:validation:XValidation:rule="!has(self.value) || !has(self.valueFrom)",message="has both value and valueFrom; write one of them"
// +kubebuilder:validation:XValidation:rule="!has(self.valueFrom) || [has(self.valueFrom.secretKeyRef), has(self.valueFrom.configMapKeyRef), has(self.valueFrom.fieldRef), has(self.valueFrom.resourceFieldRef), has(self.valueFrom.fileKeyRef)].exists_one(given, given)",message="valueFrom needs exactly one of secretKeyRef, configMapKeyRef, fieldRef and resourceFieldRef"
// +kubebuilder:validation:XValidation:rule="!has(self.valueFrom) || !has(self.valueFrom.secretKeyRef) || has(self.valueFrom.secretKeyRef.name) && self.valueFrom.secretKeyRef.name.size() > 0",message="secretKeyRef needs the name of a Secret"
// +kubebuilder:validation:XValidation:rule="!has(self.valueFrom) || !has(self.valueFrom.configMapKeyRef) || has(self.valueFrom.configMapKeyRef.name) && self.valueFrom.configMapKeyRef.name.size() > 0",message="configMapKeyRef needs the name of a ConfigMap"
type EnvVar struct {
	// name of the variable.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z_][A-Za-z0-9_.-]*$')",message="must be a variable's name: letters, digits, '_', '.' and '-', not starting with a digit"
	// +kubebuilder:validation:XValidation:rule="!self.startsWith('BARQ_')",messageExpression="self + ' belongs to the operator, as every BARQ_ variable does; remove it and write spec.storage, spec.tiering, spec.topology or spec.tls instead'",message="BARQ_ variables belong to the operator; write spec.storage, spec.tiering, spec.topology or spec.tls instead"
	// +kubebuilder:validation:XValidation:rule="self != 'RUST_LOG'",message="RUST_LOG belongs to the operator; remove it and write spec.logLevel instead"
	// +kubebuilder:validation:XValidation:rule="!(self in ['AWS_ACCESS_KEY_ID','AWS_SECRET_ACCESS_KEY','AWS_SESSION_TOKEN','GOOGLE_APPLICATION_CREDENTIALS_JSON','AZURE_STORAGE_ACCOUNT','AZURE_STORAGE_ACCESS_KEY'])",messageExpression="self + ' belongs to the operator; remove it and name a Secret that holds it in credentialsSecretRef of spec.tiering.warm or spec.tiering.cold'",message="credentials belong to the operator; name a Secret in credentialsSecretRef of a tier instead"
	// +kubebuilder:validation:XValidation:rule="self != 'POD_NAME'",message="POD_NAME belongs to the operator; choose another name, and take the pod's name from metadata.name"
	// +kubebuilder:validation:XValidation:rule="self != 'AWS_REGION'",message="AWS_REGION belongs to the operator; remove it and write region of spec.tiering.warm or spec.tiering.cold instead"
	// +kubebuilder:validation:XValidation:rule="self != 'AWS_ENDPOINT_URL_S3'",message="AWS_ENDPOINT_URL_S3 belongs to the operator; remove it and write endpoint of spec.tiering.warm or spec.tiering.cold instead"
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:text","urn:alm:descriptor:com.tectonic.ui:advanced"}
	Name string `json:"name"`

	// value of the variable. It is stored as it is: put secrets into a Secret and use valueFrom.
	// +kubebuilder:validation:MaxLength=32768
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,xDescriptors={"urn:alm:descriptor:com.tectonic.ui:text","urn:alm:descriptor:com.tectonic.ui:advanced"}
	Value string `json:"value,omitempty"`

	// valueFrom takes the value from a Secret, a ConfigMap or the pod itself.
	// +optional
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Value From",xDescriptors={"urn:alm:descriptor:com.tectonic.ui:advanced"}
	ValueFrom *corev1.EnvVarSource `json:"valueFrom,omitempty"`
}
