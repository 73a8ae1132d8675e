package translate

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// Facts are what the translation needs to know besides the BarqCluster.
type Facts struct {
	// DefaultImage is the image for a spec that names none. Empty leaves it to the chart.
	DefaultImage string
	// AgentImage is the image of the agent. Empty means that Barq DB runs without one.
	AgentImage string
	// OperatorNamespace is the namespace of the operator, which the NetworkPolicy lets reach the agents. Empty
	// if that is unknown.
	OperatorNamespace string
	// SecretsChecksum changes when a value of a referenced Secret changes; it is
	// empty when there is none.
	SecretsChecksum string
	// Template is the volume claim template of the existing StatefulSet, or nil. Kubernetes refuses
	// every change of it, so it is rendered as it is. The volumes controller asks for larger volumes
	// at the PVCs, and replaces the StatefulSet as long as no volume is bound.
	Template *Template
	// KeepIDs: the pods run with the chart's own user and groups where the chart would leave the
	// choice to the platform. Running pods keep them unless the spec asks for others.
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

// ChartIDs returns the user and the groups of the chart's default, for when it does not leave them to
// the platform.
func ChartIDs() *v1alpha1.PodSecurityContext {
	return &v1alpha1.PodSecurityContext{RunAsUser: ptr.To[int64](1000), RunAsGroup: ptr.To[int64](1000), FSGroup: ptr.To[int64](1000)}
}

// withoutValue are the fields of the spec for which the chart has no value.
var withoutValue = v1alpha1.FieldsWithEffect(v1alpha1.EffectNone, v1alpha1.EffectOperator)

// ToValues returns the values of the chart barq-db for a BarqCluster. They are its spec, because the
// chart's values have the names of the fields. Fields without a chart value are left out, and the
// facts are added. Errors name the field of the spec at fault, and occur only for what the API
// server's validation accepts.
func ToValues(cluster *v1alpha1.BarqCluster, facts Facts) (map[string]any, error) {
	spec := &cluster.Spec
	values, err := runtime.DefaultUnstructuredConverter.ToUnstructured(spec)
	if err != nil {
		return nil, fmt.Errorf("writing chart values: %w", err)
	}
	for _, path := range withoutValue {
		unstructured.RemoveNestedField(values, strings.Split(path, ".")...)
	}
	if err := setImage(values, spec, facts.DefaultImage); err != nil {
		return nil, err
	}
	if err := setAgent(values, cluster, facts); err != nil {
		return nil, err
	}
	template := TemplateOf(spec)
	if facts.Template != nil && spec.Tiering.HotPath != v1alpha1.HotPathEphemeralStorage {
		template = *facts.Template
	}
	setTemplate(values, template)
	setImplied(values, spec)
	if facts.SecretsChecksum != "" {
		values["secretsChecksum"] = facts.SecretsChecksum
	}
	if spec.PodSecurityContext == nil && facts.KeepIDs {
		ids, err := runtime.DefaultUnstructuredConverter.ToUnstructured(ChartIDs())
		if err != nil {
			return nil, fmt.Errorf("writing chart values: %w", err)
		}
		values["podSecurityContext"] = ids
	}
	if err := checkCharacters("spec", values); err != nil {
		return nil, err
	}
	return values, nil
}

// setTemplate sets the values of a volume claim template.
func setTemplate(values map[string]any, template Template) {
	setText(values, template.Size.String(), "storage", "size")
	setText(values, template.StorageClassName, "storage", "storageClassName")
	setText(values, template.AccessMode, "storage", "accessMode")
}

// setText sets a value to a text. An empty text removes the value, because it is the chart's default.
func setText(values map[string]any, text string, path ...string) {
	if text == "" {
		unstructured.RemoveNestedField(values, path...)
		return
	}
	// It only fails if a map on the way has another type.
	_ = unstructured.SetNestedField(values, text, path...)
}

// setImplied sets values that have a meaning although the JSON of a spec leaves them out.
func setImplied(values map[string]any, spec *v1alpha1.BarqClusterSpec) {
	for _, implied := range []struct {
		value any
		path  []string
	}{
		// The API server sets these defaults. A spec from elsewhere means the same.
		{int64(spec.DesiredReplicas()), []string{"replicas"}},
		{ptr.Deref(spec.ServiceAccount.Create, true), []string{"serviceAccount", "create"}},
		{ptr.Deref(spec.NetworkPolicy.Enabled, true), []string{"networkPolicy", "enabled"}},
		{ptr.Deref(spec.PodDisruptionBudget.Enabled, true), []string{"podDisruptionBudget", "enabled"}},
		{spec.Monitoring.PodMonitor.Enabled, []string{"monitoring", "podMonitor", "enabled"}},
		{spec.Monitoring.ServiceMonitor.Enabled, []string{"monitoring", "serviceMonitor", "enabled"}},
	} {
		// It only fails if a map on the way has another type.
		_ = unstructured.SetNestedField(values, implied.value, implied.path...)
	}
	// An empty list means none, not the chart's default.
	if spec.TopologySpreadConstraints != nil && len(spec.TopologySpreadConstraints) == 0 {
		values["topologySpreadConstraints"] = []any{}
	}
	// While tiering is off the tiers are left out, so that the release does not name a Secret that
	// only an ignored tier needs.
	if !spec.Tiering.Enabled {
		unstructured.RemoveNestedField(values, "tiering", "warm")
		unstructured.RemoveNestedField(values, "tiering", "cold")
	}
	// The data came out of the tiers long ago, or the API server would have refused the spec.
	if !spec.IsArchived() {
		unstructured.RemoveNestedField(values, "bootstrap")
	}
}
