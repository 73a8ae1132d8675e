package e2e

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// helmPasses gives how often the operator has looked at a BarqCluster with Helm since
// it started, from its own metrics.
func helmPasses(t *testing.T) int {
	t.Helper()
	const controller = "barqcluster-controller"
	passes := 0
	for _, metric := range operatorMetrics(t)["controller_runtime_reconcile_total"].GetMetric() {
		for _, label := range metric.GetLabel() {
			if label.GetName() == "controller" && label.GetValue() == controller {
				passes += int(metric.GetCounter().GetValue())
			}
		}
	}
	require.Positive(t, passes, "no metrics of a controller named %s", controller)
	return passes
}

// operatorMetrics asks the operator as a Prometheus does that was given the role for it.
func operatorMetrics(t *testing.T) map[string]*dto.MetricFamily {
	t.Helper()
	const name = "e2e-metrics-reader"
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: operatorNamespace, Name: name}}
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "barq-operator-metrics-reader"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: operatorNamespace, Name: name}},
	}
	require.NoError(t, suite.Client.Create(t.Context(), account))
	require.NoError(t, suite.Client.Create(t.Context(), binding))
	defer func() {
		_ = suite.Client.Delete(context.WithoutCancel(t.Context()), binding)
		_ = suite.Client.Delete(context.WithoutCancel(t.Context()), account)
	}()
	token := &authenticationv1.TokenRequest{}
	require.NoError(t, suite.Client.SubResource("token").Create(t.Context(), account, token))

	waitOperator(t)
	local, stop := forward(t, operatorNamespace, operatorPods(t)[0].Name, 8443)
	defer stop()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("https://127.0.0.1:%d/metrics", local), nil)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+token.Status.Token)
	// The operator signs its certificate itself.
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	defer transport.CloseIdleConnections()
	response, err := (&http.Client{Transport: transport}).Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	require.Equal(t, http.StatusOK, response.StatusCode)
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(response.Body)
	require.NoError(t, err)
	return families
}
