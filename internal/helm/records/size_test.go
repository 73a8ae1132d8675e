package records

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/storage/driver"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	fakeclientset "k8s.io/client-go/kubernetes/fake"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/helm/labels"
	"github.com/barq-db/barq-operator/internal/translate"
	"github.com/barq-db/barq-operator/test/admission"
	"github.com/barq-db/barq-operator/test/chart/helmtemplate"
)

const (
	// textLimit is the CRD's limit of variables, labels and annotations, and serviceLimit that of the annotations of
	// many Services.
	textLimit    = 65536
	serviceLimit = 2048
	// Characters of more than 16 bits cost most: four bytes in the values, and an escape of eleven in the manifest.
	// Random text does not compress. Labels cannot have such characters, and cost a third.
	firstCharacter, lastCharacter = 0x10000, 0x10ffff

	lower     = "abcdefghijklmnopqrstuvwxyz0123456789"
	letters   = lower + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	nameInner = letters + "-_."
)

// randomTexts returns texts that do not compress. They are the same in each run.
type randomTexts struct{ *rand.Rand }

func (r randomTexts) of(alphabet string, length int) string {
	var text strings.Builder
	for range length {
		text.WriteByte(alphabet[r.IntN(len(alphabet))])
	}
	return text.String()
}

func (r randomTexts) characters(length int) string {
	var text strings.Builder
	for range length {
		text.WriteRune(rune(firstCharacter + r.IntN(lastCharacter-firstCharacter+1)))
	}
	return text.String()
}

// key returns a name of the largest length that a resource may have.
func (r randomTexts) key() string {
	domain := r.of(lower, 61) + "." + r.of(lower, 61) + "." + r.of(lower, 61) + "." + r.of(lower, 67)
	return domain + "/" + r.of(letters, 1) + r.of(nameInner, 61) + r.of(letters, 1)
}

func (r randomTexts) resources() corev1.ResourceList {
	list := corev1.ResourceList{}
	for range 32 {
		list[corev1.ResourceName(r.key())] = *resource.NewQuantity(r.Int64(), resource.DecimalSI)
	}
	return list
}

func (r randomTexts) tier() *v1alpha1.TierSpec {
	return &v1alpha1.TierSpec{
		Provider: v1alpha1.ProviderS3, Bucket: r.of(letters, 255), Region: "eu-west-1", Endpoint: "https://objects.example.com/" + strings.Repeat("a", 900),
		CredentialsSecretRef: &v1alpha1.SecretReference{Name: "credentials"},
	}
}

// fullSpec returns a spec with as much as the API server admits of everything that has a limit.
func fullSpec(r randomTexts, mode v1alpha1.TopologyMode) v1alpha1.BarqClusterSpec {
	spec := v1alpha1.BarqClusterSpec{
		Replicas:          ptr.To[int32](100),
		Topology:          v1alpha1.TopologySpec{Mode: mode},
		Image:             "registry.example.com/" + r.of(lower, 200) + ":" + r.of(letters, 128) + "@sha256:" + r.of("0123456789abcdef", 64),
		Storage:           v1alpha1.StorageSpec{StorageClassName: ptr.To(r.of(lower, 253))},
		Tiering:           v1alpha1.TieringSpec{Enabled: true, Warm: r.tier(), Cold: r.tier()},
		Resources:         &corev1.ResourceRequirements{Limits: r.resources(), Requests: r.resources()},
		LogLevel:          r.of(letters, 250) + "=info",
		ServiceAccount:    v1alpha1.ServiceAccountSpec{Name: r.of(lower, 253), Annotations: v1alpha1.Annotations{}},
		TLS:               &v1alpha1.TLSSpec{SecretName: r.of(lower, 253)},
		Service:           v1alpha1.ServiceSpec{Type: corev1.ServiceTypeLoadBalancer, Annotations: v1alpha1.Annotations{}},
		Monitoring:        v1alpha1.MonitoringSpec{PodMonitor: v1alpha1.PodMonitorSpec{Enabled: true, Interval: "1h1m1s1ms"}},
		PodAnnotations:    v1alpha1.Annotations{},
		PriorityClassName: r.of(lower, 253),
	}
	for range 16 {
		spec.ImagePullSecrets = append(spec.ImagePullSecrets, v1alpha1.ImagePullSecret{Name: r.of(lower, 253)})
	}
	for range 64 {
		spec.Tolerations = append(spec.Tolerations, corev1.Toleration{Key: r.characters(32), Value: r.characters(32)})
	}
	left := textLimit
	// Names compress better than other texts, so they are short.
	annotate := func(annotations v1alpha1.Annotations, number, length int) {
		key := fmt.Sprintf("a%d", number)
		annotations[key] = r.characters(length - len(key))
		left -= length
	}
	for i := range 4 {
		annotate(spec.Service.Annotations, i, serviceLimit/4)
		annotate(spec.PodAnnotations, i, 2000)
		annotate(spec.ServiceAccount.Annotations, i, 2000)
	}
	for i := range 100 {
		variable := v1alpha1.EnvVar{Name: fmt.Sprintf("V%d", i)}
		length := left/(100-i) - len(variable.Name)
		if i%2 == 0 {
			variable.Value = r.characters(length)
		} else {
			variable.ValueFrom = &corev1.EnvVarSource{ConfigMapKeyRef: &corev1.ConfigMapKeySelector{
				LocalObjectReference: corev1.LocalObjectReference{Name: r.characters(length / 2)}, Key: r.characters(length - length/2),
			}}
		}
		spec.Env = append(spec.Env, variable)
		left -= length + len(variable.Name)
	}
	return spec
}

// admit returns a BarqCluster as the API server stores it, and the errors of its admission.
func admit(t *testing.T, definition *admission.Definition, spec v1alpha1.BarqClusterSpec) (*v1alpha1.BarqCluster, field.ErrorList) {
	t.Helper()
	written := &v1alpha1.BarqCluster{ObjectMeta: metav1.ObjectMeta{Name: strings.Repeat("a", 52), Namespace: strings.Repeat("b", 63)}, Spec: spec}
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(written)
	require.NoError(t, err)
	object := &unstructured.Unstructured{Object: content}
	object.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("BarqCluster"))
	errs := definition.Create(object)
	cluster, err := v1alpha1.FromUnstructured(object)
	require.NoError(t, err)
	return cluster, errs
}

// If a record did not fit its Secret, the operator would find out only after it has changed the objects. Then no
// revision would describe what runs. The limits of the CRD keep the record small enough, whatever the texts are. They
// leave out affinity, the selectors of spread constraints, and network peers.
func TestTheLargestSpecFitsIntoItsRecord(t *testing.T) {
	definition, err := admission.Load("../../../config/crd/bases/barq.db_barqclusters.yaml")
	require.NoError(t, err)
	for _, mode := range []v1alpha1.TopologyMode{v1alpha1.TopologyPrimary, v1alpha1.TopologyIndependent} {
		t.Run(string(mode), func(t *testing.T) {
			texts := randomTexts{rand.New(rand.NewPCG(1, 2))}
			spec := fullSpec(texts, mode)
			cluster, errs := admit(t, definition, spec)
			require.Empty(t, errs)
			values, err := translate.ToValues(cluster, translate.Facts{SecretsChecksum: texts.of("0123456789abcdef", 64)})
			require.NoError(t, err)
			chart, err := loader.LoadDir("../../../helm-charts/barq-db")
			require.NoError(t, err)
			made, err := helmtemplate.Render(chart, cluster.Name, cluster.Namespace, values, "monitoring.coreos.com/v1/PodMonitor")
			require.NoError(t, err)

			// Helm keeps the chart's templates in each record.
			server := fakeclientset.NewClientset().CoreV1().Secrets(cluster.Namespace)
			require.NoError(t, driver.NewSecrets(server).Create("key", made))
			helms, err := server.Get(t.Context(), "key", metav1.GetOptions{})
			require.NoError(t, err)
			require.LessOrEqual(t, len(helms.Data[recordKey]), corev1.MaxSecretSize)
			made.Labels = map[string]string{labels.ManagedBy: labels.Operator}
			ours, err := packed(compact(made))
			require.NoError(t, err)
			require.LessOrEqual(t, len(ours), corev1.MaxSecretSize)
			t.Logf("a record of Helm's has %d bytes, one of the operator's %d", len(helms.Data[recordKey]), len(ours))

			// The spec has reached every limit.
			key := &spec.Env[len(spec.Env)-1].ValueFrom.ConfigMapKeyRef.Key
			*key += "a"
			spec.Tolerations[0].Value += "a"
			spec.Resources.Limits["cpu"] = resource.MustParse("1")
			_, errs = admit(t, definition, spec)
			require.Equal(t, []string{"spec", "spec.resources", "spec.tolerations"}, refusedFields(errs))
		})
	}
}

// In mode Independent each pod's Service has the annotations, so their limit does not depend on the number of pods.
func TestAnnotationsOfManyServicesAreFew(t *testing.T) {
	definition, err := admission.Load("../../../config/crd/bases/barq.db_barqclusters.yaml")
	require.NoError(t, err)
	for mode, want := range map[v1alpha1.TopologyMode][]string{
		v1alpha1.TopologyPrimary:     nil,
		v1alpha1.TopologyIndependent: {"spec.service.annotations"},
	} {
		for length, want := range map[int][]string{serviceLimit: nil, serviceLimit + 1: want} {
			_, errs := admit(t, definition, v1alpha1.BarqClusterSpec{
				Topology: v1alpha1.TopologySpec{Mode: mode},
				Service:  v1alpha1.ServiceSpec{Annotations: v1alpha1.Annotations{"a": strings.Repeat("é", length-1)}},
			})
			require.Equal(t, want, refusedFields(errs), "%s %d", mode, length)
		}
	}
}

// Each text is counted exactly once.
func TestTextsThatAreLimitedTogether(t *testing.T) {
	definition, err := admission.Load("../../../config/crd/bases/barq.db_barqclusters.yaml")
	require.NoError(t, err)
	from := func(source corev1.EnvVarSource) v1alpha1.BarqClusterSpec {
		return v1alpha1.BarqClusterSpec{Env: []v1alpha1.EnvVar{{Name: "A", ValueFrom: &source}}}
	}
	one, named := "a", corev1.LocalObjectReference{Name: "bcd"}
	for name, test := range map[string]struct {
		spec  v1alpha1.BarqClusterSpec
		count int
	}{
		"podLabels":                        {v1alpha1.BarqClusterSpec{PodLabels: v1alpha1.Labels{"a": "bc"}}, 3},
		"nodeSelector":                     {v1alpha1.BarqClusterSpec{NodeSelector: v1alpha1.Labels{"a": "bc", "d": ""}}, 4},
		"podAnnotations":                   {v1alpha1.BarqClusterSpec{PodAnnotations: v1alpha1.Annotations{"a": "é"}}, 2},
		"service.annotations":              {v1alpha1.BarqClusterSpec{Service: v1alpha1.ServiceSpec{Annotations: v1alpha1.Annotations{"a": "😀"}}}, 2},
		"serviceAccount.annotations":       {v1alpha1.BarqClusterSpec{ServiceAccount: v1alpha1.ServiceAccountSpec{Annotations: v1alpha1.Annotations{"ab": "c"}}}, 3},
		"monitoring.podMonitor.labels":     {v1alpha1.BarqClusterSpec{Monitoring: v1alpha1.MonitoringSpec{PodMonitor: v1alpha1.PodMonitorSpec{Labels: v1alpha1.Labels{"a": "b"}}}}, 2},
		"monitoring.serviceMonitor.labels": {v1alpha1.BarqClusterSpec{Monitoring: v1alpha1.MonitoringSpec{ServiceMonitor: v1alpha1.ServiceMonitorSpec{Labels: v1alpha1.Labels{"a": "b"}}}}, 2},
		"value":                            {v1alpha1.BarqClusterSpec{Env: []v1alpha1.EnvVar{{Name: "AB", Value: "c"}, {Name: "D"}}}, 4},
		"secretKeyRef":                     {from(corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: named, Key: one}}), 5},
		"configMapKeyRef":                  {from(corev1.EnvVarSource{ConfigMapKeyRef: &corev1.ConfigMapKeySelector{LocalObjectReference: named, Key: one}}), 5},
		"fieldRef":                         {from(corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: one}}), 4},
		"resourceFieldRef":                 {from(corev1.EnvVarSource{ResourceFieldRef: &corev1.ResourceFieldSelector{ContainerName: "bc", Resource: one}}), 4},
	} {
		t.Run(name, func(t *testing.T) {
			for excess, want := range map[int][]string{0: nil, 1: {"spec"}} {
				spec := *test.spec.DeepCopy()
				if spec.PodAnnotations == nil {
					spec.PodAnnotations = v1alpha1.Annotations{}
				}
				spec.PodAnnotations["filler"] = strings.Repeat("日", textLimit+excess-test.count-len("filler"))
				_, errs := admit(t, definition, spec)
				require.Equal(t, want, refusedFields(errs), "%d more than the limit", excess)
			}
		})
	}
}

func refusedFields(errs field.ErrorList) []string {
	var fields []string
	for _, err := range errs {
		fields = append(fields, err.Field)
	}
	slices.Sort(fields)
	return fields
}
