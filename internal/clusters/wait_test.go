package clusters_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/clusters"
)

func TestSooner(t *testing.T) {
	require.Zero(t, clusters.Sooner(0, 0))
	require.Equal(t, time.Second, clusters.Sooner(0, time.Second))
	require.Equal(t, time.Second, clusters.Sooner(time.Second, 0))
	require.Equal(t, time.Second, clusters.Sooner(time.Minute, time.Second))
	require.Equal(t, time.Second, clusters.Sooner(time.Second, time.Minute))
}
