package chart_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

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
