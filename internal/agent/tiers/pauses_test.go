package tiers_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/agent/tiers"
)

func TestPauses(t *testing.T) {
	var pauses tiers.Pauses
	next := func() []time.Duration {
		var all []time.Duration
		for range 6 {
			all = append(all, pauses.Next())
		}
		return all
	}
	expected := []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 15 * time.Second, 15 * time.Second}
	require.Equal(t, expected, next())
	pauses.Reset()
	require.Equal(t, expected, next())
}
