package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

func TestIsHeld(t *testing.T) {
	now := time.Unix(1000, 0)
	lease := func(holder string, ago time.Duration) coordinationv1.LeaseSpec {
		return coordinationv1.LeaseSpec{
			HolderIdentity: ptr.To(holder), LeaseDurationSeconds: ptr.To(int32(15)), RenewTime: ptr.To(metav1.NewMicroTime(now.Add(-ago))),
		}
	}
	require.True(t, isHeld(lease("operator", 14*time.Second), now))
	require.False(t, isHeld(lease("operator", 15*time.Second), now), "it has ended without giving it up")
	require.False(t, isHeld(lease("", time.Second), now), "it was given up")
	require.False(t, isHeld(coordinationv1.LeaseSpec{}, now), "nobody has had it")
}
