package builtin

import (
	"k8s.io/kubernetes/pkg/apis/core"
	"k8s.io/utils/ptr"
)

// allocate gives a new Service the addresses that the API server gives it before it is validated.
func allocate(service *core.Service) {
	if service.Spec.ClusterIP == "" {
		service.Spec.ClusterIP = "10.96.0.10"
	}
	service.Spec.ClusterIPs = []string{service.Spec.ClusterIP}
	service.Spec.IPFamilies = []core.IPFamily{core.IPv4Protocol}
	service.Spec.IPFamilyPolicy = ptr.To(core.IPFamilyPolicySingleStack)
}
