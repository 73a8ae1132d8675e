package chart_test

import (
	"testing"

	"helm.sh/helm/v3/pkg/release"
)

func TestVolumes(t *testing.T) {
	compareCases(t, "volumes", func(t *testing.T, rendered *release.Release) map[string]any {
		spec := statefulSet(t, rendered).Spec
		return map[string]any{
			"claims": spec.VolumeClaimTemplates, "retention": spec.PersistentVolumeClaimRetentionPolicy,
			"volumes": spec.Template.Spec.Volumes, "mounts": database(t, rendered).VolumeMounts,
		}
	})
}
