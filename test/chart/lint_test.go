package chart_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"

	"github.com/barq-db/barq-operator/test/chart/helmtemplate"
)

// As helm lint --strict does it, which fails on warnings.
func TestLint(t *testing.T) {
	for name, values := range examples(t) {
		t.Run(name, func(t *testing.T) {
			linter := lint.AllWithKubeVersion(chartPath, parseValues(t, values), namespace, &helmtemplate.KubeVersion)
			for _, message := range linter.Messages {
				require.Less(t, message.Severity, support.WarningSev, message.Error())
			}
		})
	}
}
