package chart_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

func TestCertificateIsMounted(t *testing.T) {
	certificate := corev1.Volume{Name: "tls", VolumeSource: corev1.VolumeSource{
		Secret: &corev1.SecretVolumeSource{SecretName: "on", DefaultMode: ptr.To[int32](0o440)},
	}}
	mount := corev1.VolumeMount{Name: "tls", MountPath: "/etc/barq-db/tls", ReadOnly: true}
	for name, test := range map[string]struct {
		values  string
		volumes []corev1.Volume
		mounts  []corev1.VolumeMount
	}{
		"primary": {
			`tls: {secretName: "on"}`,
			[]corev1.Volume{clusterFiles, certificate},
			[]corev1.VolumeMount{dataMount, clusterFilesMount, mount},
		},
		"independent": {
			`{topology: {mode: Independent}, tls: {secretName: "on"}}`,
			[]corev1.Volume{certificate},
			[]corev1.VolumeMount{dataMount, mount},
		},
	} {
		t.Run(name, func(t *testing.T) {
			set := statefulSet(t, render(t, test.values))
			require.Equal(t, test.volumes, set.Spec.Template.Spec.Volumes)
			require.Equal(t, test.mounts, set.Spec.Template.Spec.Containers[0].VolumeMounts)
		})
	}
}

func TestProbesFollowTLS(t *testing.T) {
	for values, scheme := range map[string]corev1.URIScheme{`{}`: "", `tls: {secretName: a}`: corev1.URISchemeHTTPS} {
		t.Run(values, func(t *testing.T) {
			container := database(t, render(t, values))
			request := &corev1.HTTPGetAction{Path: "/health", Port: intstr.FromString("http"), Scheme: scheme}
			for _, probe := range []*corev1.Probe{container.StartupProbe, container.LivenessProbe, container.ReadinessProbe} {
				require.Equal(t, corev1.ProbeHandler{HTTPGet: request}, probe.ProbeHandler)
			}
		})
	}
}
