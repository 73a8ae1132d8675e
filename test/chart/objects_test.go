package chart_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/releaseutil"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/kubernetes/scheme"
)

// decode reads every object of a release into the Kubernetes type that it says it
// is. It is strict: a field that the type does not have, or has twice, fails.
func decode(t *testing.T, rendered *release.Release) []runtime.Object {
	t.Helper()
	decoder := serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer()
	var objects []runtime.Object
	for _, manifest := range releaseutil.SplitManifests(allManifests(rendered)) {
		object, _, err := decoder.Decode([]byte(manifest), nil, nil)
		require.NoError(t, err, "%s", manifest)
		objects = append(objects, object)
	}
	return objects
}

// all gives the objects of a type in a release.
func all[T runtime.Object](t *testing.T, rendered *release.Release) []T {
	t.Helper()
	var found []T
	for _, object := range decode(t, rendered) {
		if typed, ok := object.(T); ok {
			found = append(found, typed)
		}
	}
	return found
}

// theOnly gives the one object of a type in a release.
func theOnly[T runtime.Object](t *testing.T, rendered *release.Release) T {
	t.Helper()
	found := all[T](t, rendered)
	require.Len(t, found, 1)
	return found[0]
}

func statefulSet(t *testing.T, rendered *release.Release) *appsv1.StatefulSet {
	t.Helper()
	return theOnly[*appsv1.StatefulSet](t, rendered)
}

// database gives the one container of the StatefulSet's pods.
func database(t *testing.T, rendered *release.Release) corev1.Container {
	t.Helper()
	containers := statefulSet(t, rendered).Spec.Template.Spec.Containers
	require.Len(t, containers, 1)
	return containers[0]
}
