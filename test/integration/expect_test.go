package integration

import (
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/test/barqcluster"
)

// patience is how long anything may take that takes a second or two by itself,
// on a machine that is busy.
const patience = 60 * time.Second

// newNamespace makes a namespace for one test and takes it away afterwards.
func newNamespace(t *testing.T) string {
	t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}
	require.NoError(t, admin.Create(t.Context(), namespace))
	t.Cleanup(func() {
		// The test's context has ended by now.
		ctx := context.Background()
		if t.Failed() {
			t.Log(describe(namespace.Name))
		}
		// BarqClusters first: their finalizer needs the Secrets of the release.
		_ = admin.DeleteAllOf(ctx, &v1alpha1.BarqCluster{}, client.InNamespace(namespace.Name))
		_ = admin.Delete(ctx, namespace)
	})
	return namespace.Name
}

// describe shows what a person would look at first.
func describe(namespace string) string {
	out, _ := kubectl("-n", namespace, "get", "bqc,bbs,sts,pod,pvc,events", "-o", "wide").CombinedOutput()
	status, _ := kubectl("-n", namespace, "get", "bqc,bbs", "-o", "yaml").CombinedOutput()
	return string(out) + string(status)
}

// newCluster makes a BarqCluster of the given spec, in YAML.
func newCluster(t *testing.T, namespace, name, spec string) *v1alpha1.BarqCluster {
	t.Helper()
	cluster := clusterOf(t, namespace, name, spec)
	require.NoError(t, admin.Create(t.Context(), cluster))
	return cluster
}

func clusterOf(t *testing.T, namespace, name, spec string) *v1alpha1.BarqCluster {
	t.Helper()
	cluster := barqcluster.Parse(t, namespace, name, spec)
	if cluster.Spec.MinReadySeconds == nil {
		// Five seconds for each pod of each rollout would be most of what the tests take.
		cluster.Spec.MinReadySeconds = ptr.To[int32](0)
	}
	return cluster
}

// newSecret makes a Secret.
func newSecret(t *testing.T, namespace, name string, data map[string]string) *corev1.Secret {
	t.Helper()
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, StringData: data}
	require.NoError(t, admin.Create(t.Context(), secret))
	return secret
}

// shared is what every test shares, as package barqcluster has it.
var shared = &barqcluster.Kubernetes{Patience: patience}

// suite is a copy of it, whose patience a test may change.
func suite() barqcluster.Kubernetes { return *shared }

// What tests do with it, in short.
var (
	change, refresh       = shared.Change, shared.Refresh
	eventually, waitReady = shared.Eventually, shared.WaitReady
	waitFor, gone         = shared.WaitFor, shared.WaitGone
	statefulSet, pods     = shared.StatefulSet, shared.Pods
	identities, pvcs      = shared.Identities, shared.PVCs
	events                = shared.Events
)

// output runs a program that must succeed and gives what it printed.
func output(t *testing.T, command *exec.Cmd) string {
	t.Helper()
	out, err := command.CombinedOutput()
	require.NoError(t, err, "%s\n%s", strings.Join(command.Args, " "), out)
	return string(out)
}

// refused runs a program that must fail and gives what it printed.
func refused(t *testing.T, command *exec.Cmd) string {
	t.Helper()
	out, err := command.CombinedOutput()
	require.Error(t, err, "%s\n%s", strings.Join(command.Args, " "), out)
	return string(out)
}
