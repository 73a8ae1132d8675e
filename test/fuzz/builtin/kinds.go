package builtin

// The kinds, their conversions and their defaults register themselves.
import (
	_ "k8s.io/kubernetes/pkg/apis/apps/install"       // StatefulSets
	_ "k8s.io/kubernetes/pkg/apis/core/install"       // Pods, Services, claims, accounts, ConfigMaps
	_ "k8s.io/kubernetes/pkg/apis/networking/install" // NetworkPolicies
	_ "k8s.io/kubernetes/pkg/apis/policy/install"     // PodDisruptionBudgets
)
