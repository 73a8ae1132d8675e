package chart_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"
)

// As helm lint --strict does it, which fails on warnings.
func TestLint(t *testing.T) {
	for name, values := range examples(t) {
		t.Run(name, func(t *testing.T) {
			linter := lint.AllWithKubeVersion(chartPath, parseValues(t, values), namespace, &kubeVersion)
			for _, message := range linter.Messages {
				require.Less(t, message.Severity, support.WarningSev, message.Error())
			}
		})
	}
}
