package adversary

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/signing"
	"github.com/barq-db/barq-operator/test/adversary/plan"
	"github.com/barq-db/barq-operator/test/bench/procfs"
	"github.com/barq-db/barq-operator/test/forgery"
	"github.com/barq-db/barq-operator/test/operatorprocess"
	"github.com/barq-db/barq-operator/test/tenant"
)

const (
	home, victims, neighbours = "home", "victims", "neighbours"
	precious                  = "precious"
	// untouched is a BarqCluster that its owner leaves as it is.
	untouched = "untouched"
	// memoryLimit is that of the operator's Deployment.
	memoryLimit = 512 << 20
	// longestPass is how long one reconcile may take, on a machine that is busy.
	longestPass = 10 * time.Second
)

// stage is where the adversary works.
type stage struct {
	world   plan.World
	mallory *tenant.Tenant
	guard   *tenant.Guard
	honest  *honest
	// token reads the operator's metrics.
	token string
	// oldest are the first records of each name that were ever seen.
	oldest map[string]*corev1.Secret
	// stored counts forgeries that the API server took.
	stored int
	// peak is the most memory that the operator ever had, and slowest bounds the longest of its reconciles.
	peak    int64
	slowest time.Duration
	slow    []string
}

// newStage makes the tenants, and objects of administrators in every namespace.
func newStage(t *testing.T) *stage {
	t.Helper()
	ctx := t.Context()
	for _, name := range []string{home, victims, neighbours} {
		require.NoError(t, admin.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}))
	}
	mallory, err := tenant.New(ctx, admin, adminConfig, home, "mallory")
	require.NoError(t, err)
	alice, err := tenant.New(ctx, admin, adminConfig, neighbours, "alice")
	require.NoError(t, err)
	namespaces := []string{home, victims, neighbours, metav1.NamespaceSystem, metav1.NamespaceDefault, operatorprocess.Namespace}
	s := &stage{
		mallory: mallory, oldest: map[string]*corev1.Secret{},
		world: plan.World{
			Home: home, Clusters: []string{"a", "b", "c", "d", "e", "f", precious}, Others: []string{"honest", untouched, "another"},
			Namespaces: slices.Concat(namespaces, []string{"none"}),
		},
	}
	for _, namespace := range namespaces {
		for _, object := range tenant.Precious(namespace, precious) {
			require.NoError(t, admin.Create(ctx, object))
		}
		s.world.Targets = slices.Concat(s.world.Targets, tenant.Targets(namespace, precious))
	}
	s.world.Targets = append(s.world.Targets, systems()...)
	for name, replicas := range map[string]int32{"honest": 1, untouched: 2} {
		cluster := &v1alpha1.BarqCluster{ObjectMeta: metav1.ObjectMeta{Namespace: neighbours, Name: name}}
		cluster.Spec.Replicas = ptr.To(replicas)
		require.NoError(t, alice.Client.Create(ctx, cluster))
	}
	s.token = metricsToken(t)
	for _, name := range s.world.Clusters {
		if name != precious {
			require.NoError(t, mallory.Client.Create(ctx, s.cluster(plan.Step{Cluster: name})))
		}
	}
	s.waitInstalled(t)
	s.guard, err = tenant.NewGuard(ctx, tenant.Options{Config: adminConfig, Log: auditLog, Own: []tenant.Own{
		tenant.NewOwn(home, slices.Concat(s.world.Clusters, s.world.Others)...), tenant.NewOwn(neighbours, "honest"),
	}, Reads: []tenant.Own{tenant.NewOwn(neighbours, untouched)}})
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.guard.Close() })
	s.honest = beHonest(t, alice)
	return s
}

// systems are objects of Kubernetes, of the operator and of the other tenant.
func systems() []forgery.Target {
	return []forgery.Target{
		{APIVersion: "v1", Kind: "ConfigMap", Namespace: metav1.NamespaceSystem, Name: "kube-root-ca.crt"},
		{APIVersion: "v1", Kind: "ServiceAccount", Namespace: operatorprocess.Namespace, Name: operatorprocess.Account},
		{APIVersion: "v1", Kind: "Secret", Namespace: operatorprocess.Namespace, Name: signing.SecretName},
		{APIVersion: "rbac.authorization.k8s.io/v1", Kind: "ClusterRole", Name: "barq-operator"},
		{APIVersion: "apiextensions.k8s.io/v1", Kind: "CustomResourceDefinition", Name: "barqclusters.barq.db"},
		{APIVersion: "v1", Kind: "Namespace", Name: victims},
		{APIVersion: "barq.db/v1alpha1", Kind: "BarqCluster", Namespace: neighbours, Name: untouched},
		{APIVersion: "apps/v1", Kind: "StatefulSet", Namespace: neighbours, Name: untouched},
		{APIVersion: "v1", Kind: "Service", Namespace: neighbours, Name: untouched},
		{APIVersion: "v1", Kind: "Service", Namespace: metav1.NamespaceDefault, Name: "kubernetes"},
		{APIVersion: "v1", Kind: "Secret", Namespace: neighbours, Name: forgery.SecretName(untouched, 1)},
	}
}

// cluster is a BarqCluster of the adversary's. Most have no pods, because nothing here is about pods.
func (s *stage) cluster(step plan.Step) *v1alpha1.BarqCluster {
	cluster := &v1alpha1.BarqCluster{ObjectMeta: metav1.ObjectMeta{Namespace: home, Name: step.Cluster}}
	cluster.Spec.Replicas = ptr.To[int32](0)
	if step.Cluster == s.world.Clusters[0] {
		cluster.Spec.Replicas = ptr.To[int32](1)
	}
	return cluster
}

// waitInstalled waits until all BarqClusters are as they should be.
func (s *stage) waitInstalled(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool {
		var list v1alpha1.BarqClusterList
		require.NoError(t, admin.List(t.Context(), &list))
		return !slices.ContainsFunc(list.Items, func(cluster v1alpha1.BarqCluster) bool {
			return !slices.ContainsFunc(cluster.Status.Conditions, func(condition metav1.Condition) bool {
				return condition.Type == v1alpha1.ConditionReady && condition.Status == metav1.ConditionTrue
			})
		})
	}, 2*time.Minute, 100*time.Millisecond)
	for _, name := range s.world.Clusters {
		s.remember(t, name)
	}
}

// metricsToken is that of an account that may read metrics.
func metricsToken(t *testing.T) string {
	t.Helper()
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: operatorprocess.Namespace, Name: "scraper"}}
	require.NoError(t, admin.Create(t.Context(), account))
	require.NoError(t, admin.Create(t.Context(), &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "scraper"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "barq-operator-metrics-reader"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: operatorprocess.Namespace, Name: "scraper"}},
	}))
	token, err := kubernetes.Token(t.Context(), "scraper")
	require.NoError(t, err)
	return token
}

// remember gives the newest record of a release, and keeps the first one.
func (s *stage) remember(t *testing.T, name string) *corev1.Secret {
	t.Helper()
	newest, err := s.mallory.Record(t.Context(), name)
	require.NoError(t, err)
	if newest != nil && s.oldest[name] == nil {
		// One that was forged may say nothing to forge from.
		if _, err := forgery.Open(newest); err == nil {
			s.oldest[name] = newest
		}
	}
	return newest
}

// forge stores a forged record. It gives false if there is nothing to forge from.
func (s *stage) forge(t *testing.T, step plan.Step) bool {
	t.Helper()
	source := s.remember(t, step.Source)
	if source == nil || step.Oldest {
		source = s.oldest[step.Source]
	}
	if source == nil {
		return false
	}
	edits := make([]forgery.Edit, len(step.Edits))
	for i, edit := range step.Edits {
		edits[i] = edit.Edit
	}
	forged, err := forgery.Forge(source, edits...)
	if err != nil {
		// What was forged before cannot be read.
		if s.oldest[step.Source] == nil {
			return false
		}
		if forged, err = forgery.Forge(s.oldest[step.Source], edits...); err != nil {
			return false
		}
	}
	err = s.mallory.Store(t.Context(), forged)
	if err == nil {
		s.stored++
		return true
	}
	// Not every name and label is one that the API server takes.
	require.True(t, apierrors.IsInvalid(err) || apierrors.IsRequestEntityTooLargeError(err), "%s: %v", step, err)
	return true
}

func (s *stage) removeRecords(t *testing.T, name string) {
	t.Helper()
	var list corev1.SecretList
	require.NoError(t, s.mallory.Client.List(t.Context(), &list, client.InNamespace(home)))
	for i := range list.Items {
		if strings.HasPrefix(list.Items[i].Name, "sh.helm.release.v1."+name+".") {
			require.NoError(t, client.IgnoreNotFound(s.mallory.Client.Delete(t.Context(), &list.Items[i])))
		}
	}
}

// bombs stores records that unpack to 600 MiB together.
func (s *stage) bombs(t *testing.T, step plan.Step) bool {
	t.Helper()
	source := s.oldest[step.Cluster]
	if source == nil {
		return false
	}
	forged, err := forgery.Forge(source, forgery.Status("superseded"), forgery.Notes(60<<20))
	require.NoError(t, err)
	for revision := range int64(10) {
		forged.Name = forgery.SecretName(step.Cluster, 100+revision)
		forged.Labels["version"] = fmt.Sprint(100 + revision)
		require.NoError(t, s.mallory.Store(t.Context(), forged))
	}
	return s.patch(t, step, fmt.Sprintf(`{"spec":{"minReadySeconds":%d}}`, step.Number))
}

// look gives what is wrong.
func (s *stage) look(t *testing.T) []string {
	t.Helper()
	s.examine(t)
	problems, err := s.guard.Breaches(t.Context())
	require.NoError(t, err)
	return slices.Concat(problems, s.slow, s.honest.late())
}

// examine looks at the process before it is stopped, or between batches.
func (s *stage) examine(t *testing.T) {
	t.Helper()
	memory, err := procfs.ReadMemory(operator.PID())
	require.NoError(t, err)
	if s.peak = max(s.peak, memory.Peak); s.peak > memoryLimit {
		s.slow = append(s.slow, fmt.Sprintf("the operator had %d MiB", s.peak>>20))
	}
	code, families, err := operator.Metrics(t.Context(), s.token)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, code)
	for _, metric := range families["controller_runtime_reconcile_time_seconds"].GetMetric() {
		all := metric.GetHistogram()
		for _, bucket := range all.GetBucket() {
			if bucket.GetCumulativeCount() == all.GetSampleCount() {
				s.passed(time.Duration(bucket.GetUpperBound()*float64(time.Second)), "a reconcile took up to")
				break
			}
		}
	}
	for _, metric := range families["workqueue_longest_running_processor_seconds"].GetMetric() {
		s.passed(time.Duration(metric.GetGauge().GetValue()*float64(time.Second)), "a reconcile runs for")
	}
}

// passed notes how long a reconcile took.
func (s *stage) passed(took time.Duration, what string) {
	s.slowest = max(s.slowest, took)
	if took > longestPass {
		s.slow = append(s.slow, what+" "+took.String())
	}
}

// leave deletes all BarqClusters of the adversary's, whatever their records say, and gives what is wrong then.
func (s *stage) leave(t *testing.T) []string {
	t.Helper()
	for _, name := range s.world.Clusters {
		s.delete(t, plan.Step{Cluster: name})
	}
	var list v1alpha1.BarqClusterList
	require.Eventually(t, func() bool {
		require.NoError(t, admin.List(t.Context(), &list, client.InNamespace(home)))
		return len(list.Items) == 0
	}, goes, 100*time.Millisecond, "BarqClusters of the adversary's do not go")
	time.Sleep(pause)
	s.honest.stop()
	return s.look(t)
}

func lines(texts []string) string { return "\n  " + strings.Join(texts, "\n  ") }
