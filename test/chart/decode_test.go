package chart_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/labels"
)

// Decoding is strict, so this also finds misspelled fields.
func TestEveryObjectIsOfItsType(t *testing.T) {
	withAccount := []string{
		"Pod apps/db-test", "Service apps/db", "Service apps/db-headless", "ServiceAccount apps/db", "StatefulSet apps/db",
	}
	withoutAccount := []string{
		"Pod apps/db-test", "Service apps/db", "Service apps/db-headless", "StatefulSet apps/db",
	}
	for name, values := range examples(t) {
		t.Run(name, func(t *testing.T) {
			want := withAccount
			if name == "mixed" {
				want = withoutAccount
			}
			var got []string
			for _, object := range decode(t, render(t, values)) {
				accessor, err := meta.Accessor(object)
				require.NoError(t, err)
				kind := object.GetObjectKind().GroupVersionKind().Kind
				got = append(got, fmt.Sprintf("%s %s/%s", kind, accessor.GetNamespace(), accessor.GetName()))
			}
			require.ElementsMatch(t, want, got)
		})
	}
}

func TestServicesSelectTheDatabaseAndNotTheTest(t *testing.T) {
	rendered := render(t, `{}`)
	pods := labels.Set(statefulSet(t, rendered).Spec.Template.Labels)
	test := labels.Set(theOnly[*corev1.Pod](t, rendered).Labels)
	services := 0
	for _, object := range decode(t, rendered) {
		service, ok := object.(*corev1.Service)
		if !ok {
			continue
		}
		services++
		selector := labels.SelectorFromSet(service.Spec.Selector)
		require.True(t, selector.Matches(pods), service.Name)
		require.False(t, selector.Matches(test), service.Name)
	}
	require.Equal(t, 2, services)
}
