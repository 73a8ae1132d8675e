package v1alpha1

import (
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
)

// Defaults that the API server fills in. They are needed again for objects that
// did not come from it, as in tests.
const (
	defaultReplicas                int32 = 1
	defaultProgressDeadlineSeconds int32 = 600
)

var defaultSize = resource.MustParse("10Gi")

// DesiredReplicas is the number of pods that the spec asks for.
func (s *BarqClusterSpec) DesiredReplicas() int32 {
	if s.Replicas == nil {
		return defaultReplicas
	}
	return *s.Replicas
}

// DesiredSize is the size of each volume that the spec asks for.
func (s *BarqClusterSpec) DesiredSize() resource.Quantity {
	if s.Storage.Size == nil {
		return defaultSize.DeepCopy()
	}
	return s.Storage.Size.DeepCopy()
}

// ProgressDeadline is for how long pods may fail to start before that is a stall.
func (s *BarqClusterSpec) ProgressDeadline() time.Duration {
	seconds := defaultProgressDeadlineSeconds
	if s.ProgressDeadlineSeconds != nil {
		seconds = *s.ProgressDeadlineSeconds
	}
	return time.Duration(seconds) * time.Second
}
