package integration

import (
	"context"
	"net/http"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/require"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/test/access"
)

func TestProbes(t *testing.T) {
	for _, path := range []string{"/healthz", "/readyz"} {
		response, err := http.Get("http://" + operator.HealthAddress + path)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, http.StatusOK, response.StatusCode, path)
	}
}

// Metrics are for those whom the API server lets read them.
func TestMetrics(t *testing.T) {
	namespace := newNamespace(t)
	waitReady(t, newCluster(t, namespace, "db", `{}`))
	code, _ := metrics(t, "")
	require.Equal(t, http.StatusUnauthorized, code)
	code, _ = metrics(t, tokenOf(t, namespace, "stranger"))
	require.Equal(t, http.StatusForbidden, code)
	code, families := metrics(t, metricsToken(t, namespace))
	require.Equal(t, http.StatusOK, code)
	for _, name := range []string{"controller_runtime_reconcile_total", "workqueue_depth", "workqueue_queue_duration_seconds"} {
		controllers := map[string]bool{}
		for _, metric := range families[name].GetMetric() {
			for _, label := range metric.GetLabel() {
				if label.GetName() == "controller" {
					controllers[label.GetValue()] = true
				}
			}
		}
		require.Equal(t, map[string]bool{
			"barqcluster-claims": true, "barqcluster-controller": true, "barqcluster-status": true, "barqcluster-volumes": true,
			"barqcluster-rollouts": true, "barqcluster-recovery": true, "barqcluster-database": true, "barqbackupstore": true,
		}, controllers, name)
	}
}

// metrics reads the operator's metrics, by name, as the bearer of a token.
func metrics(t *testing.T, token string) (code int, families map[string]*dto.MetricFamily) {
	t.Helper()
	code, families, err := operator.Metrics(t.Context(), token)
	require.NoError(t, err)
	return code, families
}

// metricsToken gives the token of an account that may read metrics.
func metricsToken(t *testing.T, namespace string) string {
	t.Helper()
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: namespace},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "barq-operator-metrics-reader"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: "scraper"}},
	}
	require.NoError(t, client.IgnoreAlreadyExists(admin.Create(t.Context(), binding)))
	t.Cleanup(func() { _ = admin.Delete(context.Background(), binding) })
	// The operator remembers for half a minute that one may not.
	require.NoError(t, access.Await(t.Context(), admin, authorizationv1.SubjectAccessReviewSpec{
		User:                  "system:serviceaccount:" + namespace + ":scraper",
		NonResourceAttributes: &authorizationv1.NonResourceAttributes{Verb: "get", Path: "/metrics"},
	}))
	return tokenOf(t, namespace, "scraper")
}

func tokenOf(t *testing.T, namespace, name string) string {
	t.Helper()
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	require.NoError(t, client.IgnoreAlreadyExists(admin.Create(t.Context(), account)))
	token := &authenticationv1.TokenRequest{}
	require.NoError(t, admin.SubResource("token").Create(t.Context(), account, token))
	return token.Status.Token
}

func TestWatchNamespace(t *testing.T) {
	first, second, unwatched := newNamespace(t), newNamespace(t), newNamespace(t)
	restart := func(environment ...string) {
		operator.Stop()
		operator.Environment = environment
		require.NoError(t, operator.Start())
	}
	t.Cleanup(func() { restart() })

	restart("WATCH_NAMESPACE=" + first)
	one := newCluster(t, first, "db", s3Tier)
	waitFor(t, one, "SecretsAvailable", metav1.ConditionFalse, "SecretMissing")
	newSecret(t, first, "keys", map[string]string{"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key"})
	waitReady(t, one)
	two := newCluster(t, second, "db", `{}`)
	three := newCluster(t, unwatched, "db", `{}`)
	time.Sleep(soon)
	refresh(t, two)
	require.Empty(t, two.Status.Conditions)

	restart("WATCH_NAMESPACE=" + first + "," + second)
	waitReady(t, two)
	refresh(t, three)
	require.Empty(t, three.Status.Conditions)
	require.Empty(t, three.Finalizers)

	restart()
	waitReady(t, three)
}

func TestTheOperatorsImageIsTheDefault(t *testing.T) {
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `{}`)
	waitReady(t, cluster)
	require.Equal(t, "docker.io/yasserrmd/barq-db:0.1.0", container(t, cluster).Image, "the chart's")

	t.Cleanup(func() {
		operator.Stop()
		operator.Environment = nil
		require.NoError(t, operator.Start())
	})
	operator.Stop()
	operator.Environment = []string{"RELATED_IMAGE_BARQ_DB=mirror.example.com/barq-db:0.1.0"}
	require.NoError(t, operator.Start())
	named := newCluster(t, namespace, "named", `image: "registry.example.com/barq-db:1"`)
	waitReady(t, named)
	require.Equal(t, "registry.example.com/barq-db:1", container(t, named).Image)
	eventually(t, func() string {
		if image := container(t, cluster).Image; image != "mirror.example.com/barq-db:0.1.0" {
			return image
		}
		return ""
	})
	waitReady(t, cluster)
}
