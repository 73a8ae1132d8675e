package integration

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/test/forgery"
	"github.com/barq-db/barq-operator/test/tenant"
)

const (
	// mallory may write BarqClusters and Secrets in one namespace.
	mallory = "mallory"
	// precious is the name of what administrators have made there and elsewhere.
	precious = "precious"
	// inTime is how long an edit of another tenant may take at most, on a machine that is busy.
	inTime = 10 * time.Second
)

// siege is a namespace in which mallory is a tenant, and another one in which she may do nothing.
type siege struct {
	*tenant.Tenant

	// victims is the other namespace.
	victims string
	guard   *tenant.Guard
	// own is what the operator may touch, and others are further namespaces in which it may touch nothing else.
	own    []tenant.Own
	others []string
}

// layOut makes the namespaces, with objects of administrators in both. The names are those of all BarqClusters and releases with
// which mallory will work.
func layOut(t *testing.T, names ...string) *siege {
	t.Helper()
	home, victims := newNamespace(t), newNamespace(t)
	made, err := tenant.New(t.Context(), admin, adminConfig(t), home, mallory)
	require.NoError(t, err)
	for _, namespace := range []string{home, victims} {
		for _, object := range tenant.Precious(namespace, precious) {
			require.NoError(t, admin.Create(t.Context(), object))
		}
	}
	s := &siege{Tenant: made, victims: victims, own: []tenant.Own{tenant.NewOwn(home, names...)}}
	t.Cleanup(func() {
		// Whatever was forged must not go on to disturb the tests after this one.
		require.NoError(t, s.RemoveRecords(context.Background()))
		if t.Failed() {
			operator.Kill()
			require.NoError(t, operator.Start())
		}
	})
	return s
}

func adminConfig(t *testing.T) *rest.Config {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", adminKubeconfig)
	require.NoError(t, err)
	config.QPS = -1
	return config
}

// watchOver begins to guard all that is not of a tenant.
func (s *siege) watchOver(t *testing.T) {
	t.Helper()
	mine := append([]string{s.victims, s.Namespace}, s.others...)
	guard, err := tenant.NewGuard(t.Context(), tenant.Options{
		Config: adminConfig(t), Log: auditLog, Own: s.own,
		// Those of other tests may be on their way out.
		Elsewhere: func(namespace string) bool {
			return strings.HasPrefix(namespace, "test-") && !slices.Contains(mine, namespace)
		},
	})
	require.NoError(t, err)
	t.Cleanup(func() { _ = guard.Close() })
	s.guard = guard
}

// breaches names what was touched and is not of a tenant.
func (s *siege) breaches(t *testing.T) []string {
	t.Helper()
	found, err := s.guard.Breaches(t.Context())
	require.NoError(t, err)
	return found
}

// requireUntouched makes sure that nothing was touched that is not of a tenant.
func (s *siege) requireUntouched(t *testing.T) {
	t.Helper()
	require.Empty(t, s.breaches(t))
}

// create makes a BarqCluster as mallory.
func (s *siege) create(t *testing.T, name, spec string) *v1alpha1.BarqCluster {
	t.Helper()
	cluster := clusterOf(t, s.Namespace, name, spec)
	require.NoError(t, s.Client.Create(t.Context(), cluster))
	return cluster
}

// forge changes the newest record of a release as mallory.
func (s *siege) forge(t *testing.T, release string, edits ...forgery.Edit) {
	t.Helper()
	require.NoError(t, s.Forge(t.Context(), release, edits...))
}

// record gives the Secret of the newest revision as mallory reads it.
func (s *siege) record(t *testing.T, release string) *corev1.Secret {
	t.Helper()
	stored, err := s.Record(t.Context(), release)
	require.NoError(t, err)
	require.NotNil(t, stored, "a record of %s", release)
	return stored
}

// edit changes a field that restarts no pod. It gives why the change has not arrived at the StatefulSet in time; empty if it has.
func (s *siege) edit(t *testing.T, name string, minReadySeconds int32) string {
	t.Helper()
	return editAs(t, s.Tenant, name, minReadySeconds)
}

func editAs(t *testing.T, who *tenant.Tenant, name string, minReadySeconds int32) string {
	t.Helper()
	require.NoError(t, who.Patch(t.Context(), name, minReady(minReadySeconds)))
	return within(inTime, func() string { return arrived(t, who.Namespace, name, minReadySeconds) })
}

func minReady(seconds int32) string { return fmt.Sprintf(`{"spec":{"minReadySeconds":%d}}`, seconds) }

// arrived gives why an edit has not arrived at the StatefulSet; empty if it has.
func arrived(t *testing.T, namespace, name string, minReadySeconds int32) string {
	t.Helper()
	set := &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	if err := admin.Get(t.Context(), client.ObjectKeyFromObject(set), set); err != nil {
		return err.Error()
	}
	if set.Spec.MinReadySeconds != minReadySeconds {
		return "the edit of " + name + " has not arrived at its StatefulSet"
	}
	return ""
}

// remove deletes a BarqCluster. It gives why it is not gone in time; empty if it is.
func (s *siege) remove(t *testing.T, cluster *v1alpha1.BarqCluster) string {
	t.Helper()
	require.NoError(t, client.IgnoreNotFound(s.Client.Delete(t.Context(), cluster)))
	return within(inTime, func() string { return left(t, cluster) })
}

// left gives what is left of a BarqCluster that was deleted; empty if nothing is.
func left(t *testing.T, cluster *v1alpha1.BarqCluster) string {
	t.Helper()
	for _, object := range []client.Object{&v1alpha1.BarqCluster{}, &appsv1.StatefulSet{}, &corev1.Service{}} {
		if err := admin.Get(t.Context(), client.ObjectKeyFromObject(cluster), object); !apierrors.IsNotFound(err) {
			return cluster.Name + " is not gone"
		}
	}
	return ""
}

// within waits until the check returns nothing, and gives what it returned last.
func within(limit time.Duration, check func() string) string {
	deadline := time.Now().Add(limit)
	for {
		last := check()
		if last == "" || time.Now().After(deadline) {
			return last
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// honest is another tenant with a BarqCluster of her own, whom nothing that mallory does may keep waiting.
func (s *siege) honest(t *testing.T) *tenant.Tenant {
	t.Helper()
	namespace := newNamespace(t)
	alice, err := tenant.New(t.Context(), admin, adminConfig(t), namespace, "alice")
	require.NoError(t, err)
	cluster := clusterOf(t, namespace, "honest", `{}`)
	require.NoError(t, alice.Client.Create(t.Context(), cluster))
	waitReady(t, cluster)
	s.own, s.others = append(s.own, tenant.NewOwn(namespace, "honest")), append(s.others, namespace)
	return alice
}

// removeAfterwards deletes as an administrator what an attack has made, should it succeed.
func removeAfterwards(t *testing.T, object client.Object) {
	t.Helper()
	t.Cleanup(func() { _ = admin.Delete(context.Background(), object) })
}
