package routes_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/routes"
	"github.com/barq-db/barq-operator/internal/status"
	"github.com/barq-db/barq-operator/test/observation"
)

func TestEndpoints(t *testing.T) {
	encrypt := func(o *status.Observation) {
		o.StatefulSet.Spec.Template.Spec.Containers[0].ReadinessProbe = &corev1.Probe{ProbeHandler: corev1.ProbeHandler{
			HTTPGet: &corev1.HTTPGetAction{Scheme: corev1.URISchemeHTTPS},
		}}
	}
	independent := func(o *status.Observation) {
		o.Cluster.Spec.Topology.Mode = v1alpha1.TopologyIndependent
		o.StatefulSet.Spec.Replicas = ptr.To[int32](2)
	}
	for name, test := range map[string]struct {
		change func(*status.Observation)
		want   *v1alpha1.Endpoints
	}{
		"nothing runs": {func(o *status.Observation) { o.StatefulSet, o.Pods = nil, nil }, nil},
		"primary": {
			func(*status.Observation) {},
			&v1alpha1.Endpoints{HTTP: "http://vectors.team.svc:8080", GRPC: "vectors.team.svc:50051"},
		},
		"primary, encrypted": {
			encrypt, &v1alpha1.Endpoints{HTTP: "https://vectors.team.svc:8080", GRPC: "vectors.team.svc:50051"},
		},
		"to be encrypted after the pause": {
			func(o *status.Observation) {
				o.Cluster.Spec.Paused, o.Cluster.Spec.TLS = true, &v1alpha1.TLSSpec{SecretName: "tls"}
			},
			&v1alpha1.Endpoints{HTTP: "http://vectors.team.svc:8080", GRPC: "vectors.team.svc:50051"},
		},
		"independent": {
			independent, &v1alpha1.Endpoints{Databases: []v1alpha1.DatabaseEndpoint{
				{Pod: "vectors-0", HTTP: "http://vectors-0.team.svc:8080", GRPC: "vectors-0.team.svc:50051"},
				{Pod: "vectors-1", HTTP: "http://vectors-1.team.svc:8080", GRPC: "vectors-1.team.svc:50051"},
			}},
		},
		"independent, and no pod is asked for": {func(o *status.Observation) { independent(o); o.StatefulSet.Spec.Replicas = ptr.To[int32](0) }, nil},
		"independent, encrypted": {
			func(o *status.Observation) { independent(o); encrypt(o) },
			&v1alpha1.Endpoints{Databases: []v1alpha1.DatabaseEndpoint{
				{Pod: "vectors-0", HTTP: "https://vectors-0.team.svc:8080", GRPC: "vectors-0.team.svc:50051"},
				{Pod: "vectors-1", HTTP: "https://vectors-1.team.svc:8080", GRPC: "vectors-1.team.svc:50051"},
			}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			observed := observation.Running()
			test.change(&observed)
			require.Equal(t, test.want, routes.Endpoints(observed.Cluster, observed.StatefulSet))
		})
	}
}
