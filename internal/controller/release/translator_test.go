package release

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/helm/kubeclient"
	"github.com/barq-db/barq-operator/internal/helm/releasestatus"
	"github.com/barq-db/barq-operator/internal/secrets"
)

const tieredCluster = `
apiVersion: barq.db/v1alpha1
kind: BarqCluster
metadata: {name: vectors, namespace: team}
spec:
  storage: {size: 20Gi}
  tiering: {enabled: true, warm: {provider: gcs, bucket: warm, credentialsSecretRef: {name: google}}}
`

// unlisted is a watch of Secrets that has not listed any yet.
type unlisted struct{}

func (unlisted) Version(types.NamespacedName) string { return "" }

func newTranslator(objects ...client.Object) *Translator {
	store := fake.NewClientBuilder().WithScheme(clientgoscheme.Scheme).WithObjects(objects...).Build()
	return &Translator{Secrets: secrets.NewResolver(unlisted{}, store), Cache: store, DefaultImage: "mirror.example.com/barq-db:1", reasons: &releasestatus.Reasons{}}
}

func google(content string) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "google"},
		Data:       map[string][]byte{"GOOGLE_APPLICATION_CREDENTIALS_JSON": []byte(content)},
	}
}

func TestTranslateWaitsForSecrets(t *testing.T) {
	translator, cluster := newTranslator(), objectOf(t, tieredCluster)
	_, err := translator.Translate(t.Context(), cluster)
	require.EqualError(t, err, `terminal error: held back until the Secrets are corrected: Secret "google", which `+
		`spec.tiering.warm.credentialsSecretRef names, does not exist; create it with the key(s) GOOGLE_APPLICATION_CREDENTIALS_JSON`)
	require.ErrorIs(t, err, reconcile.TerminalError(nil), "the Secret's change starts a new pass, not time")
	require.Equal(t, v1alpha1.ReasonSecretMissing, translator.reasons.Of(cluster.GetUID()))
}

// The operator does not watch PriorityClasses, so it tries again after some time.
func TestTranslateWaitsForWhatIsNotWatched(t *testing.T) {
	cluster := objectOf(t, tieredCluster)
	require.NoError(t, unstructured.SetNestedField(cluster.Object, "none", "spec", "priorityClassName"))
	translator := newTranslator(google("canary"))
	_, err := translator.Translate(t.Context(), cluster)
	require.Equal(t, v1alpha1.ReasonReferenceMissing, translator.reasons.Of(cluster.GetUID()))
	require.EqualError(t, err, `held back until what the spec names exists: PriorityClass "none", which spec.priorityClassName names, does not exist; `+
		`create it, or name one that does`)
	var waits kubeclient.Later
	require.ErrorAs(t, err, &waits)
	require.Equal(t, time.Minute, waits.After)
}

func TestTranslateLooksUpTheFacts(t *testing.T) {
	values, err := newTranslator(google("canary")).Translate(t.Context(), objectOf(t, tieredCluster))
	require.NoError(t, err)
	require.Equal(t, "20Gi", values["storage"].(map[string]any)["size"])
	require.Equal(t, "mirror.example.com/barq-db", values["image"].(map[string]any)["repository"])
	first := values["secretsChecksum"]
	require.NotEmpty(t, first)

	set := &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "vectors"}}
	pvc := corev1.PersistentVolumeClaim{}
	pvc.Spec.Resources.Requests = corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("10Gi")}
	set.Spec.VolumeClaimTemplates = []corev1.PersistentVolumeClaim{pvc}
	values, err = newTranslator(google("rotated"), set).Translate(t.Context(), objectOf(t, tieredCluster))
	require.NoError(t, err)
	require.Equal(t, "10Gi", values["storage"].(map[string]any)["size"], "the template of the StatefulSet stays")
	require.NotEqual(t, first, values["secretsChecksum"])
}

// Where the platform assigns user and groups, pods with those of the chart keep them until the spec says otherwise.
func TestTranslateKeepsUserAndGroups(t *testing.T) {
	of := func(security *corev1.PodSecurityContext) *appsv1.StatefulSet {
		set := &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "vectors"}}
		set.Spec.Template.Spec.SecurityContext = security
		return set
	}
	own := &corev1.PodSecurityContext{RunAsUser: ptr.To[int64](1000), RunAsGroup: ptr.To[int64](1000), FSGroup: ptr.To[int64](1000)}
	kept := map[string]any{"runAsUser": int64(1000), "runAsGroup": int64(1000), "fsGroup": int64(1000)}
	for name, test := range map[string]struct {
		assigns bool
		chosen  map[string]any
		set     *appsv1.StatefulSet
		want    any
	}{
		"nothing runs":         {assigns: true, set: of(nil)},
		"it runs with them":    {assigns: true, set: of(own), want: kept},
		"it runs with others":  {assigns: true, set: of(&corev1.PodSecurityContext{RunAsUser: ptr.To[int64](1000)})},
		"nothing assigns":      {set: of(own)},
		"the spec chooses":     {assigns: true, set: of(own), chosen: map[string]any{"runAsUser": int64(7)}, want: map[string]any{"runAsUser": int64(7)}},
		"the spec leaves them": {assigns: true, set: of(own), chosen: map[string]any{}, want: map[string]any{}},
	} {
		t.Run(name, func(t *testing.T) {
			cluster := objectOf(t, tieredCluster)
			if test.chosen != nil {
				require.NoError(t, unstructured.SetNestedMap(cluster.Object, test.chosen, "spec", "podSecurityContext"))
			}
			translator := newTranslator(google("canary"), test.set)
			translator.has = func(api string) (has, known bool) { return api == openShift && test.assigns, true }
			values, err := translator.Translate(t.Context(), cluster)
			require.NoError(t, err)
			require.Equal(t, test.want, values["podSecurityContext"])
		})
	}
}

// A release that is adopted has no agent, and its pods must not restart.
func TestTranslateKeepsPodsOfAnAdoptedReleaseWithoutAnAgent(t *testing.T) {
	runs := func(ports ...string) *appsv1.StatefulSet {
		container := corev1.Container{Name: "barq-db"}
		for _, name := range ports {
			container.Ports = append(container.Ports, corev1.ContainerPort{Name: name})
		}
		return &appsv1.StatefulSet{
			ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "vectors"},
			Spec:       appsv1.StatefulSetSpec{Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: []corev1.Container{container}}}},
		}
	}
	for name, test := range map[string]struct {
		statefulSet *appsv1.StatefulSet
		adopts      bool
		agent       bool
	}{
		"a new one":                    {agent: true},
		"a new one that may adopt":     {adopts: true, agent: true},
		"one without an agent":         {statefulSet: runs("http"), agent: true},
		"an adopted one without agent": {statefulSet: runs("http"), adopts: true, agent: false},
		"an adopted one with an agent": {statefulSet: runs("http", "agent"), adopts: true, agent: true},
	} {
		t.Run(name, func(t *testing.T) {
			translator := newTranslator()
			if test.statefulSet != nil {
				translator = newTranslator(test.statefulSet)
			}
			translator.AgentImage = "barq-agent:1"
			cluster := objectOf(t, "{apiVersion: barq.db/v1alpha1, kind: BarqCluster, metadata: {name: vectors, namespace: team}}")
			if test.adopts {
				cluster.SetAnnotations(map[string]string{v1alpha1.AnnotationAdoptRelease: "vectors"})
			}
			values, err := translator.Translate(t.Context(), cluster)
			require.NoError(t, err)
			_, has := values["agent"]
			require.Equal(t, test.agent, has)
		})
	}
}

func TestTranslateDoesNotRetryASpecThatCannotBeTranslated(t *testing.T) {
	cluster := objectOf(t, tieredCluster)
	cluster.Object["spec"] = map[string]any{"image": "Not An Image"}
	_, err := newTranslator().Translate(t.Context(), cluster)
	require.ErrorIs(t, err, reconcile.TerminalError(nil))

	cluster.Object["spec"] = map[string]any{"replicas": "three"}
	_, err = newTranslator().Translate(t.Context(), cluster)
	require.ErrorIs(t, err, reconcile.TerminalError(nil))
}
