package status

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/workload"
)

// Ports of Barq DB, in every address that the status gives.
const (
	httpPort = 8080
	grpcPort = 50051
)

// endpoints are where clients reach what was applied, which while paused is not what
// the spec asks for: in mode Primary one Service, in mode Independent one for each pod. nil if there are none.
func (o Observation) endpoints() *v1alpha1.Endpoints {
	if o.StatefulSet == nil {
		return nil
	}
	scheme := schemeOf(o.StatefulSet)
	address := func(service string) (http, grpc string) {
		host := service + "." + o.Cluster.Namespace + ".svc"
		return fmt.Sprintf("%s://%s:%d", scheme, host, httpPort), fmt.Sprintf("%s:%d", host, grpcPort)
	}
	found := &v1alpha1.Endpoints{}
	if !o.independent() {
		found.HTTP, found.GRPC = address(o.Cluster.Name)
		return found
	}
	for ordinal := range ptr.Deref(o.StatefulSet.Spec.Replicas, 0) {
		database := v1alpha1.DatabaseEndpoint{Pod: workload.PodName(o.Cluster.Name, ordinal)}
		database.HTTP, database.GRPC = address(database.Pod)
		found.Databases = append(found.Databases, database)
	}
	if len(found.Databases) == 0 {
		// Server-side apply makes null of an object that is empty, which the API server refuses.
		return nil
	}
	return found
}

// schemeOf gives that of the HTTP API, which the probes ask.
func schemeOf(set *appsv1.StatefulSet) string {
	for _, container := range set.Spec.Template.Spec.Containers {
		probe := container.ReadinessProbe
		if container.Name == workload.Database && probe != nil && probe.HTTPGet != nil && probe.HTTPGet.Scheme == corev1.URISchemeHTTPS {
			return "https"
		}
	}
	return "http"
}
