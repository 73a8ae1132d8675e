package translate

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// Facts are what the translation needs to know beside the BarqCluster.
type Facts struct {
	// DefaultImage is used where the spec names none. Empty leaves it to the chart.
	DefaultImage string
	// SecretsChecksum changes when a value of a referenced Secret changes; it is
	// empty when there is none.
	SecretsChecksum string
	// Template is the volume claim template of the StatefulSet that exists, or nil. Kubernetes refuses every change of it, so it is
	// rendered as it is. Larger volumes are asked for at the claims, and as long as no volume is bound the StatefulSet is replaced.
	Template *Template
	// KeepIDs: the pods run with the chart's own user and groups where it would leave the choice to the platform. Pods
	// that run are not given others unless the spec asks for it.
	KeepIDs bool
}

// Template is what a volume claim template asks for.
type Template struct {
	Size resource.Quantity
	// StorageClassName is empty for the default class.
	StorageClassName string
	AccessMode       string
}

// TemplateOf returns what the spec asks for.
func TemplateOf(spec *v1alpha1.BarqClusterSpec) Template {
	return Template{
		Size: spec.DesiredSize(), StorageClassName: ptr.Deref(spec.Storage.StorageClassName, ""), AccessMode: string(spec.Storage.AccessMode),
	}
}

// ChartIDs is the user and the groups of the chart's default, where it does not leave them to the platform.
func ChartIDs() *v1alpha1.PodSecurityContext {
	return &v1alpha1.PodSecurityContext{RunAsUser: ptr.To[int64](1000), RunAsGroup: ptr.To[int64](1000), FSGroup: ptr.To[int64](1000)}
}

// Values are the values of the chart barq-db. Their names are those of its
// values.yaml; its values.schema.json refuses others.
type Values struct {
	Replicas            int32                         `json:"replicas"`
	Topology            Topology                      `json:"topology"`
	Image               *Image                        `json:"image,omitempty"`
	ImagePullSecrets    []corev1.LocalObjectReference `json:"imagePullSecrets,omitempty"`
	Storage             Storage                       `json:"storage"`
	Tiering             Tiering                       `json:"tiering"`
	Resources           *corev1.ResourceRequirements  `json:"resources,omitempty"`
	LogLevel            string                        `json:"logLevel,omitempty"`
	ServiceAccount      ServiceAccount                `json:"serviceAccount"`
	Env                 []corev1.EnvVar               `json:"env,omitempty"`
	SecretsChecksum     string                        `json:"secretsChecksum,omitempty"`
	MinReadySeconds     *int32                        `json:"minReadySeconds,omitempty"`
	NetworkPolicy       NetworkPolicy                 `json:"networkPolicy"`
	TLS                 *TLS                          `json:"tls,omitempty"`
	Service             Service                       `json:"service"`
	Monitoring          Monitoring                    `json:"monitoring"`
	PodDisruptionBudget PodDisruptionBudget           `json:"podDisruptionBudget"`
	Scheduling          `json:",inline"`
	PodLabels           v1alpha1.Labels    `json:"podLabels,omitempty"`
	PodAnnotations      map[string]string  `json:"podAnnotations,omitempty"`
	InheritedMetadata   *InheritedMetadata `json:"inheritedMetadata,omitempty"`
	// PodSecurityContext is nil for the chart's default.
	PodSecurityContext *v1alpha1.PodSecurityContext `json:"podSecurityContext,omitempty"`
}

// Topology is what the pods are to one another.
type Topology struct {
	Mode string `json:"mode,omitempty"`
}

// Scheduling says on which nodes the pods run.
type Scheduling struct {
	NodeSelector v1alpha1.Labels     `json:"nodeSelector,omitempty"`
	Tolerations  []corev1.Toleration `json:"tolerations,omitempty"`
	Affinity     *corev1.Affinity    `json:"affinity,omitempty"`
	// TopologySpreadConstraints is nil for the chart's default; an empty list means none.
	TopologySpreadConstraints *[]corev1.TopologySpreadConstraint `json:"topologySpreadConstraints,omitempty"`
	PriorityClassName         string                             `json:"priorityClassName,omitempty"`
}

// NetworkPolicy says who may reach the database.
type NetworkPolicy struct {
	Enabled bool                             `json:"enabled"`
	From    []networkingv1.NetworkPolicyPeer `json:"from,omitempty"`
}

// TLS encrypts the HTTP API.
type TLS struct {
	SecretName string `json:"secretName"`
}

// Service is how clients reach the database.
type Service struct {
	Type           string            `json:"type,omitempty"`
	Annotations    map[string]string `json:"annotations,omitempty"`
	IPFamilyPolicy string            `json:"ipFamilyPolicy,omitempty"`
	IPFamilies     []corev1.IPFamily `json:"ipFamilies,omitempty"`
}

// Monitoring hands the metrics to Prometheus.
type Monitoring struct {
	PodMonitor PodMonitor `json:"podMonitor"`
}

// PodMonitor is what the Prometheus operator is asked for.
type PodMonitor struct {
	Enabled  bool            `json:"enabled"`
	Interval string          `json:"interval,omitempty"`
	Labels   v1alpha1.Labels `json:"labels,omitempty"`
}

// PodDisruptionBudget limits how many pods a drain of nodes takes away at a time.
type PodDisruptionBudget struct {
	Enabled bool `json:"enabled"`
}

// InheritedMetadata is on every object.
type InheritedMetadata struct {
	Labels      v1alpha1.Labels   `json:"labels,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// Image is a container image, taken apart as charts have it.
type Image struct {
	Repository string `json:"repository,omitempty"`
	Tag        string `json:"tag,omitempty"`
	Digest     string `json:"digest,omitempty"`
	PullPolicy string `json:"pullPolicy,omitempty"`
}

// Storage is the volume of each pod. The retention is left to the chart's default, which keeps every volume: what the StatefulSet
// would delete goes with the StatefulSet, and the operator deletes volumes itself.
type Storage struct {
	Size             string `json:"size"`
	StorageClassName string `json:"storageClassName,omitempty"`
	AccessMode       string `json:"accessMode,omitempty"`
}

// Tiering says where the tiers are.
type Tiering struct {
	Enabled bool   `json:"enabled"`
	HotPath string `json:"hotPath,omitempty"`
	Warm    *Tier  `json:"warm,omitempty"`
	Cold    *Tier  `json:"cold,omitempty"`
}

// Tier is the object store of one tier.
type Tier struct {
	Provider             string                       `json:"provider"`
	Bucket               string                       `json:"bucket,omitempty"`
	BucketSecretRef      *v1alpha1.SecretKeyReference `json:"bucketSecretRef,omitempty"`
	CredentialsSecretRef *v1alpha1.SecretReference    `json:"credentialsSecretRef,omitempty"`
	Region               string                       `json:"region,omitempty"`
	Endpoint             string                       `json:"endpoint,omitempty"`
}

// ServiceAccount is the identity of the pods.
type ServiceAccount struct {
	Create      bool              `json:"create"`
	Name        string            `json:"name,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// ToValues translates. Its errors name the field of the spec at fault; they come
// up only for what the API server's validation let pass.
func ToValues(cluster *v1alpha1.BarqCluster, facts Facts) (map[string]any, error) {
	spec := &cluster.Spec
	image, err := toImage(spec, facts.DefaultImage)
	if err != nil {
		return nil, err
	}
	values := Values{
		Replicas:            spec.DesiredReplicas(),
		Topology:            Topology{Mode: string(spec.Topology.Mode)},
		Image:               image,
		ImagePullSecrets:    toPullSecrets(spec.ImagePullSecrets),
		Storage:             toStorage(spec, facts.Template),
		Tiering:             toTiering(&spec.Tiering),
		Resources:           spec.Resources,
		LogLevel:            spec.LogLevel,
		ServiceAccount:      toServiceAccount(&spec.ServiceAccount),
		Env:                 toEnv(spec.Env),
		SecretsChecksum:     facts.SecretsChecksum,
		MinReadySeconds:     spec.MinReadySeconds,
		NetworkPolicy:       NetworkPolicy{Enabled: ptr.Deref(spec.NetworkPolicy.Enabled, true), From: spec.NetworkPolicy.From},
		TLS:                 toTLS(spec.TLS),
		Service:             toService(&spec.Service),
		Monitoring:          toMonitoring(&spec.Monitoring),
		PodDisruptionBudget: PodDisruptionBudget{Enabled: ptr.Deref(spec.PodDisruptionBudget.Enabled, true)},
		Scheduling:          toScheduling(spec),
		PodLabels:           spec.PodLabels,
		PodAnnotations:      spec.PodAnnotations,
		PodSecurityContext:  spec.PodSecurityContext,
	}
	if inherited := spec.InheritedMetadata; inherited != nil {
		values.InheritedMetadata = &InheritedMetadata{Labels: inherited.Labels, Annotations: inherited.Annotations}
	}
	if values.PodSecurityContext == nil && facts.KeepIDs {
		values.PodSecurityContext = ChartIDs()
	}
	object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&values)
	if err != nil {
		return nil, fmt.Errorf("writing chart values: %w", err)
	}
	if err := checkCharacters("spec", object); err != nil {
		return nil, err
	}
	return object, nil
}

func toPullSecrets(secrets []v1alpha1.ImagePullSecret) []corev1.LocalObjectReference {
	var references []corev1.LocalObjectReference
	for _, secret := range secrets {
		references = append(references, corev1.LocalObjectReference{Name: secret.Name})
	}
	return references
}

func toStorage(spec *v1alpha1.BarqClusterSpec, existing *Template) Storage {
	template := TemplateOf(spec)
	if existing != nil && spec.Tiering.HotPath != v1alpha1.HotPathEphemeralStorage {
		template = *existing
	}
	return Storage{Size: template.Size.String(), StorageClassName: template.StorageClassName, AccessMode: template.AccessMode}
}

// toTiering leaves the tiers out while tiering is off, so that a Secret which
// only an ignored tier names is not in the release.
func toTiering(spec *v1alpha1.TieringSpec) Tiering {
	tiering := Tiering{Enabled: spec.Enabled, HotPath: string(spec.HotPath)}
	if spec.Enabled {
		tiering.Warm, tiering.Cold = toTier(spec.Warm), toTier(spec.Cold)
	}
	return tiering
}

func toTier(spec *v1alpha1.TierSpec) *Tier {
	if spec == nil {
		return nil
	}
	return &Tier{
		Provider:             string(spec.Provider),
		Bucket:               spec.Bucket,
		BucketSecretRef:      spec.BucketSecretRef,
		CredentialsSecretRef: spec.CredentialsSecretRef,
		Region:               spec.Region,
		Endpoint:             spec.Endpoint,
	}
}

func toServiceAccount(spec *v1alpha1.ServiceAccountSpec) ServiceAccount {
	return ServiceAccount{
		Create:      ptr.Deref(spec.Create, true),
		Name:        spec.Name,
		Annotations: spec.Annotations,
	}
}

func toService(spec *v1alpha1.ServiceSpec) Service {
	return Service{
		Type:           string(spec.Type),
		Annotations:    spec.Annotations,
		IPFamilyPolicy: string(spec.IPFamilyPolicy),
		IPFamilies:     spec.IPFamilies,
	}
}

func toTLS(spec *v1alpha1.TLSSpec) *TLS {
	if spec == nil {
		return nil
	}
	return &TLS{SecretName: spec.SecretName}
}

func toMonitoring(spec *v1alpha1.MonitoringSpec) Monitoring {
	return Monitoring{PodMonitor: PodMonitor{
		Enabled:  spec.PodMonitor.Enabled,
		Interval: spec.PodMonitor.Interval,
		Labels:   spec.PodMonitor.Labels,
	}}
}

func toScheduling(spec *v1alpha1.BarqClusterSpec) Scheduling {
	scheduling := Scheduling{
		NodeSelector:      spec.NodeSelector,
		Tolerations:       spec.Tolerations,
		Affinity:          spec.Affinity,
		PriorityClassName: spec.PriorityClassName,
	}
	if spec.TopologySpreadConstraints != nil {
		scheduling.TopologySpreadConstraints = &spec.TopologySpreadConstraints
	}
	return scheduling
}

func toEnv(variables []v1alpha1.EnvVar) []corev1.EnvVar {
	var env []corev1.EnvVar
	for _, variable := range variables {
		env = append(env, corev1.EnvVar{Name: variable.Name, Value: variable.Value, ValueFrom: variable.ValueFrom})
	}
	return env
}
