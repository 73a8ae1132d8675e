package owned

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// The annotations by which Helm recognizes an object of a release.
const (
	ReleaseNameAnnotation      = "meta.helm.sh/release-name"
	ReleaseNamespaceAnnotation = "meta.helm.sh/release-namespace"
)

// Kinds of objects of a release.
var (
	StatefulSetKind    = appsv1.SchemeGroupVersion.WithKind("StatefulSet")
	ServiceAccountKind = corev1.SchemeGroupVersion.WithKind("ServiceAccount")
	// PodMonitorKind and ServiceMonitorKind need not exist in a Kubernetes cluster, so the operator watches one once a release has one.
	PodMonitorKind     = schema.GroupVersionKind{Group: "monitoring.coreos.com", Version: "v1", Kind: "PodMonitor"}
	ServiceMonitorKind = schema.GroupVersionKind{Group: "monitoring.coreos.com", Version: "v1", Kind: "ServiceMonitor"}
)

// MonitorKinds are those.
var MonitorKinds = []schema.GroupVersionKind{PodMonitorKind, ServiceMonitorKind}

// Kinds are the kinds of the chart that the operator has a cache of, by resource. It reads any other kind from the API
// server.
var Kinds = map[schema.GroupVersionResource]schema.GroupVersionKind{
	corev1.SchemeGroupVersion.WithResource("configmaps"):             corev1.SchemeGroupVersion.WithKind("ConfigMap"),
	corev1.SchemeGroupVersion.WithResource("serviceaccounts"):        corev1.SchemeGroupVersion.WithKind("ServiceAccount"),
	corev1.SchemeGroupVersion.WithResource("services"):               corev1.SchemeGroupVersion.WithKind("Service"),
	appsv1.SchemeGroupVersion.WithResource("statefulsets"):           StatefulSetKind,
	networkingv1.SchemeGroupVersion.WithResource("networkpolicies"):  networkingv1.SchemeGroupVersion.WithKind("NetworkPolicy"),
	policyv1.SchemeGroupVersion.WithResource("poddisruptionbudgets"): policyv1.SchemeGroupVersion.WithKind("PodDisruptionBudget"),
}
