package chart_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// Decoding is strict, so this also finds misspelled fields.
func TestEveryObjectIsOfItsType(t *testing.T) {
	const (
		account  = "ServiceAccount apps/db"
		budget   = "PodDisruptionBudget apps/db"
		client   = "Service apps/db"
		files    = "ConfigMap apps/db-cluster"
		headless = "Service apps/db-headless"
		policy   = "NetworkPolicy apps/db"
		set      = "StatefulSet apps/db"
		test     = "Pod apps/db-test"
	)
	byDefault := []string{account, budget, client, files, headless, policy, set, test}
	others := map[string][]string{
		"mixed":       {budget, client, files, headless, policy, set, test},
		"tls":         {account, client, files, headless, set, test},
		"independent": {account, budget, "Service apps/db-0", "Service apps/db-1", "Service apps/db-2", headless, policy, set, test},
	}
	for name, values := range examples(t) {
		t.Run(name, func(t *testing.T) {
			want, listed := others[name]
			if !listed {
				want = byDefault
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

// Only what helm test makes is not of the database.
func TestEveryObjectHasTheLabels(t *testing.T) {
	for name, values := range examples(t) {
		t.Run(name, func(t *testing.T) {
			for _, object := range decode(t, render(t, values)) {
				accessor, err := meta.Accessor(object)
				require.NoError(t, err)
				if accessor.GetName() == "db-test" {
					continue
				}
				want := map[string]string{
					"helm.sh/chart":                "barq-db-0.1.0",
					"app.kubernetes.io/name":       "barq-db",
					"app.kubernetes.io/instance":   releaseName,
					"app.kubernetes.io/component":  "database",
					"app.kubernetes.io/version":    "0.1.0",
					"app.kubernetes.io/managed-by": "Helm",
				}
				if name == "mixed" {
					want["example.com/team"] = "search"
				}
				require.Equal(t, want, accessor.GetLabels(), accessor.GetName())
			}
		})
	}
}

func TestTheTestIsNotTakenForADatabase(t *testing.T) {
	rendered := render(t, `{}`)
	pods := labels.Set(statefulSet(t, rendered).Spec.Template.Labels)
	test := labels.Set(theOnly[*corev1.Pod](t, rendered).Labels)
	selector, err := metav1.LabelSelectorAsSelector(statefulSet(t, rendered).Spec.Selector)
	require.NoError(t, err)
	require.True(t, selector.Matches(pods))
	require.False(t, selector.Matches(test))

	// Everything that chooses pods does it by these labels, and Services by a pod's name too.
	byLabels := &metav1.LabelSelector{MatchLabels: statefulSet(t, rendered).Spec.Selector.MatchLabels}
	require.Equal(t, byLabels, theOnly[*policyv1.PodDisruptionBudget](t, rendered).Spec.Selector)
	require.Equal(t, *byLabels, theOnly[*networkingv1.NetworkPolicy](t, rendered).Spec.PodSelector)
	for _, service := range all[*corev1.Service](t, rendered) {
		require.Subset(t, service.Spec.Selector, byLabels.MatchLabels, service.Name)
	}
}
