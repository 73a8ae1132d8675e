package admission_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/kube"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage/driver"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/cli-runtime/pkg/resource"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/helm/admission"
	"github.com/barq-db/barq-operator/internal/helm/owned"
	"github.com/barq-db/barq-operator/internal/helm/releasetest"
)

// trying is an API server that stores what it is asked to try, and notes it. It refuses the kind of that name.
type trying struct {
	tried   []string
	refused string
}

func (*trying) Build(manifest io.Reader, _ bool) (kube.ResourceList, error) {
	var found kube.ResourceList
	documents := yaml.NewYAMLOrJSONDecoder(manifest, 1024)
	for {
		object := &unstructured.Unstructured{}
		if err := documents.Decode(object); errors.Is(err, io.EOF) {
			return found, nil
		} else if err != nil {
			return nil, err
		}
		found = append(found, &resource.Info{
			Namespace: object.GetNamespace(), Name: object.GetName(), Object: object,
			Mapping: &meta.RESTMapping{GroupVersionKind: object.GroupVersionKind(), Scope: meta.RESTScopeNamespace},
		})
	}
}

func (s *trying) Try(wanted, _ *resource.Info) (*unstructured.Unstructured, error) {
	kind := wanted.Mapping.GroupVersionKind.Kind
	s.tried = append(s.tried, kind)
	if kind == s.refused {
		return nil, errors.New("refused")
	}
	return wanted.Object.(*unstructured.Unstructured), nil
}

// none is the history of a release without revisions.
type none struct{}

func (none) Last(string) (*release.Release, error) { return nil, driver.ErrReleaseNotFound }

const manifest = `---
apiVersion: v1
kind: Service
metadata: {namespace: team, name: vectors}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {namespace: team, name: vectors}
spec:
  replicas: %d
  template:
    spec:
      containers: [{name: barq-db, image: "barq-db:2"}]
      volumes: [{name: tls, secret: {secretName: certificate}}]
`

// newTrial returns one over objects that are there, and its API server.
func newTrial(there ...client.Object) (admission.Trial, *trying) {
	server := fake.NewClientBuilder().WithScheme(clientgoscheme.Scheme).WithObjects(there...).Build()
	helm := &trying{}
	return admission.Trial{
		Cluster: releasetest.Cluster(), Helm: helm, History: none{}, Owned: &owned.Objects{Cache: server, Live: server, Writer: server},
	}, helm
}

// current is the StatefulSet that the BarqCluster has.
func current() *appsv1.StatefulSet {
	set := &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{
		Namespace: "team", Name: "vectors", OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(releasetest.Cluster(), v1alpha1.BarqClusterKind)},
	}}
	set.Spec.Template.Spec = corev1.PodSpec{
		Containers: []corev1.Container{{Name: "barq-db", Image: "barq-db:1"}},
		Volumes:    []corev1.Volume{{Name: "tls", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "certificate"}}}},
	}
	return set
}

func revision(version, replicas int) *release.Release {
	return &release.Release{Name: "vectors", Version: version, Manifest: fmt.Sprintf(manifest, replicas), Info: &release.Info{}}
}

func TestAnUpgradeIsTriedWhole(t *testing.T) {
	trial, server := newTrial(current())
	restart, err := trial.Admits(t.Context(), revision(2, 1))
	require.NoError(t, err)
	require.Equal(t, []string{"Service", "StatefulSet"}, server.tried)
	require.Equal(t, []string{"spec.containers[barq-db].image"}, restart.Fields)
	require.Equal(t, []string{"certificate"}, restart.Secrets)
	require.Equal(t, "barq-db:2", restart.Template.Spec.Containers[0].Image)

	server.refused = "StatefulSet"
	_, err = trial.Admits(t.Context(), revision(2, 1))
	require.EqualError(t, err, "refused")
}

func TestNothingRestartsWithoutPods(t *testing.T) {
	for name, test := range map[string]struct {
		there    []client.Object
		replicas int
	}{
		"no pods are asked for": {[]client.Object{current()}, 0},
		"there is none":         {nil, 1},
	} {
		t.Run(name, func(t *testing.T) {
			trial, _ := newTrial(test.there...)
			restart, err := trial.Admits(t.Context(), revision(2, test.replicas))
			require.NoError(t, err)
			require.Empty(t, restart)
		})
	}
}

// Nothing of the first revision runs yet, so its refusal disturbs nothing.
func TestTheFirstRevisionIsNotTried(t *testing.T) {
	trial, server := newTrial()
	_, err := trial.Admits(t.Context(), revision(1, 1))
	require.NoError(t, err)
	require.Empty(t, server.tried)
}

func TestAnObjectOfAnotherOwnerIsRefused(t *testing.T) {
	theirs := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "vectors", OwnerReferences: []metav1.OwnerReference{
		{APIVersion: "v1", Kind: "ConfigMap", Name: "other", UID: "uid of another", Controller: ptr.To(true)},
	}}}
	trial, server := newTrial(theirs)
	for version := range 2 {
		_, err := trial.Admits(t.Context(), revision(version+1, 1))
		require.EqualError(t, err, `Service "vectors" exists and belongs to ConfigMap "other"; give the BarqCluster another name, or delete that object`)
	}
	require.Empty(t, server.tried)
}
