package chart_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/release"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

func TestClusterFiles(t *testing.T) {
	compareCases(t, "clusterfiles", func(t *testing.T, rendered *release.Release) map[string]any {
		files := map[string]any{}
		for _, config := range all[*corev1.ConfigMap](t, rendered) {
			files[config.Name] = config.Data
		}
		return files
	})
}

func TestServices(t *testing.T) {
	compareCases(t, "services", func(t *testing.T, rendered *release.Release) map[string]any {
		found := map[string]any{}
		for _, service := range all[*corev1.Service](t, rendered) {
			found[service.Name] = map[string]any{"annotations": service.Annotations, "spec": service.Spec}
		}
		for _, variable := range database(t, rendered).Env {
			if variable.Name == "BARQ_ADDR" {
				found["the database listens at"] = variable.Value
			}
		}
		return found
	})
}

// Each pod reads its file at its start only, so a file must not change under a pod
// that goes on running.
func TestClusterFilesDoNotDependOnTheNumberOfPods(t *testing.T) {
	before := theOnly[*corev1.ConfigMap](t, render(t, `replicas: 3`)).Data
	after := theOnly[*corev1.ConfigMap](t, render(t, `replicas: 100`)).Data
	require.Len(t, before, 3)
	require.Len(t, after, 100)
	for name, text := range before {
		require.Equal(t, text, after[name])
	}
}

func TestEachPodFindsItsClusterFile(t *testing.T) {
	rendered := render(t, `replicas: 3`)
	files := theOnly[*corev1.ConfigMap](t, rendered)
	set := statefulSet(t, rendered)
	require.Equal(t, files.Name, set.Spec.Template.Spec.Volumes[0].ConfigMap.Name)
	var names []string
	for ordinal := range *set.Spec.Replicas {
		names = append(names, fmt.Sprintf("%s-%d.json", set.Name, ordinal))
	}
	require.Equal(t, names, slices.Sorted(maps.Keys(files.Data)))
}

// More pods must not restart those that run: nothing in what a StatefulSet makes
// pods and claims of may depend on how many there are.
func TestTheNumberOfPodsIsNotInThePod(t *testing.T) {
	for mode, values := range map[string]string{
		"primary":     `topology: {mode: Primary}`,
		"independent": `topology: {mode: Independent}`,
		"all at once": examples(t)["mixed"],
	} {
		t.Run(mode, func(t *testing.T) {
			pods := func(replicas int32) appsv1.StatefulSetSpec {
				overlaid := parseValues(t, values)
				overlaid["replicas"] = replicas
				rendered, err := tryRender(t, loadChart(t), releaseName, overlaid)
				require.NoError(t, err)
				spec := statefulSet(t, rendered).Spec
				require.Equal(t, replicas, *spec.Replicas)
				spec.Replicas = nil
				return spec
			}
			one := pods(1)
			require.Equal(t, one, pods(0))
			require.Equal(t, one, pods(3))
			require.Equal(t, one, pods(100))
		})
	}
}
