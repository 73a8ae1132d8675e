package routes

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

// Endpoints returns where clients reach what was applied, which may differ from the spec of a paused
// BarqCluster. In mode Primary it is one Service, in mode Independent one for each pod. It returns nil
// if there are none.
func Endpoints(cluster *v1alpha1.BarqCluster, set *appsv1.StatefulSet) *v1alpha1.Endpoints {
	if set == nil {
		return nil
	}
	scheme := schemeOf(set)
	address := func(service string) (http, grpc string) {
		host := service + "." + cluster.Namespace + ".svc"
		return fmt.Sprintf("%s://%s:%d", scheme, host, httpPort), fmt.Sprintf("%s:%d", host, grpcPort)
	}
	found := &v1alpha1.Endpoints{}
	if cluster.Spec.Topology.Mode != v1alpha1.TopologyIndependent {
		found.HTTP, found.GRPC = address(cluster.Name)
		return found
	}
	for ordinal := range ptr.Deref(set.Spec.Replicas, 0) {
		database := v1alpha1.DatabaseEndpoint{Pod: workload.PodName(cluster.Name, ordinal)}
		database.HTTP, database.GRPC = address(database.Pod)
		found.Databases = append(found.Databases, database)
	}
	if len(found.Databases) == 0 {
		// Server-side apply turns an empty object into null, which the API server refuses.
		return nil
	}
	return found
}

// schemeOf returns the scheme of the HTTP API, which the probes use.
func schemeOf(set *appsv1.StatefulSet) string {
	for _, container := range set.Spec.Template.Spec.Containers {
		probe := container.ReadinessProbe
		if container.Name == workload.Database && probe != nil && probe.HTTPGet != nil && probe.HTTPGet.Scheme == corev1.URISchemeHTTPS {
			return "https"
		}
	}
	return "http"
}
