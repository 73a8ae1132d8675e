package status_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/barq-db/barq-operator/internal/status"
)

func TestNewestFailedCreation(t *testing.T) {
	require.Nil(t, status.NewestFailedCreation(nil))

	event := func(message string, first, last time.Duration) corev1.Event {
		event := corev1.Event{Message: message, FirstTimestamp: ago(first), LastTimestamp: ago(last)}
		event.CreationTimestamp = ago(first)
		return event
	}
	require.Equal(t, &status.FailedCreation{Message: "quota", Since: now.Add(-time.Hour)}, status.NewestFailedCreation([]corev1.Event{
		event("policy", time.Minute, 30*time.Second),
		event("quota", time.Hour, 10*time.Second),
		event("limit", 2*time.Hour, time.Hour),
	}))

	// One that was recorded through the newer API has no such times.
	modern := corev1.Event{Message: "quota"}
	modern.CreationTimestamp = ago(time.Minute)
	require.Equal(t, &status.FailedCreation{Message: "quota", Since: now.Add(-time.Minute)}, status.NewestFailedCreation([]corev1.Event{modern}))
}
