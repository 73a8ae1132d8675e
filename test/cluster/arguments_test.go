package cluster

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The tests of test/bench count the lines of such a log.
func TestRequestsAreLoggedOnlyOnDemand(t *testing.T) {
	require.Empty(t, auditArguments(nil))
	require.Equal(t, []string{
		"--audit-policy-file=/p/policy.yaml",
		"--audit-log-path=/p/audit.log",
		"--audit-log-mode=blocking",
		"--audit-log-maxsize=1000000",
	}, auditArguments(&Audit{Policy: "/p/policy.yaml", Log: "/p/audit.log"}))
}

func TestFeatureGates(t *testing.T) {
	require.Empty(t, featureGates(nil))
	require.Equal(t, []string{"--feature-gates=A=false", "--feature-gates=B=true"}, featureGates(map[string]bool{"B": true, "A": false}))
}
