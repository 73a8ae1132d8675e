package integration

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/barq-db/barq-operator/api/v1alpha1"
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
	out, _ := kubectl("-n", namespace, "get", "bqc,sts,pod,pvc,events", "-o", "wide").CombinedOutput()
	status, _ := kubectl("-n", namespace, "get", "bqc", "-o", "yaml").CombinedOutput()
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
	cluster := &v1alpha1.BarqCluster{}
	cluster.Namespace, cluster.Name = namespace, name
	require.NoError(t, yaml.UnmarshalStrict([]byte(spec), &cluster.Spec))
	return cluster
}

// newSecret makes a Secret.
func newSecret(t *testing.T, namespace, name string, data map[string]string) *corev1.Secret {
	t.Helper()
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, StringData: data}
	require.NoError(t, admin.Create(t.Context(), secret))
	return secret
}

// change edits a BarqCluster as `kubectl edit` does, trying again on a conflict.
func change(t *testing.T, cluster *v1alpha1.BarqCluster, edit func(*v1alpha1.BarqClusterSpec)) {
	t.Helper()
	for {
		refresh(t, cluster)
		edit(&cluster.Spec)
		err := admin.Update(t.Context(), cluster)
		if !apierrors.IsConflict(err) {
			require.NoError(t, err)
			return
		}
	}
}

func refresh(t *testing.T, object client.Object) {
	t.Helper()
	require.NoError(t, admin.Get(t.Context(), client.ObjectKeyFromObject(object), object))
}

// eventually waits until the check returns nothing, and fails with what it last
// returned.
func eventually(t *testing.T, check func() string) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		last := check()
		if last == "" {
			return
		}
		if time.Now().After(deadline) {
			require.FailNow(t, "still not after "+patience.String(), last)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// waitReady waits until the BarqCluster is Ready in its newest generation.
func waitReady(t *testing.T, cluster *v1alpha1.BarqCluster) {
	t.Helper()
	waitFor(t, cluster, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady)
	require.Equal(t, v1alpha1.PhaseReady, cluster.Status.Phase)
}

// waitFor waits until a condition about the newest generation has the status and reason.
func waitFor(t *testing.T, cluster *v1alpha1.BarqCluster, name string, status metav1.ConditionStatus, reason string) *metav1.Condition {
	t.Helper()
	var found *metav1.Condition
	eventually(t, func() string {
		refresh(t, cluster)
		found = meta.FindStatusCondition(cluster.Status.Conditions, name)
		if found != nil && found.Status == status && found.Reason == reason && found.ObservedGeneration == cluster.Generation {
			return ""
		}
		return fmt.Sprintf("generation %d, condition %s: %+v", cluster.Generation, name, found)
	})
	return found
}

// gone waits until the object is not there any more.
func gone(t *testing.T, object client.Object) {
	t.Helper()
	eventually(t, func() string {
		err := admin.Get(t.Context(), client.ObjectKeyFromObject(object), object)
		if apierrors.IsNotFound(err) {
			return ""
		}
		return fmt.Sprintf("%T %s is still there (%v), finalizers %v", object, object.GetName(), err, object.GetFinalizers())
	})
}

func statefulSet(t *testing.T, cluster *v1alpha1.BarqCluster) *appsv1.StatefulSet {
	t.Helper()
	set := &appsv1.StatefulSet{}
	require.NoError(t, admin.Get(t.Context(), client.ObjectKeyFromObject(cluster), set))
	return set
}

func pods(t *testing.T, cluster *v1alpha1.BarqCluster) []corev1.Pod {
	t.Helper()
	var list corev1.PodList
	require.NoError(t, admin.List(t.Context(), &list, client.InNamespace(cluster.Namespace),
		client.MatchingLabels{"app.kubernetes.io/instance": cluster.Name}))
	return list.Items
}

// identities gives the pods' UIDs by name: equal ones were not restarted.
func identities(t *testing.T, cluster *v1alpha1.BarqCluster) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, pod := range pods(t, cluster) {
		found[pod.Name] = string(pod.UID)
	}
	return found
}

func claims(t *testing.T, cluster *v1alpha1.BarqCluster) map[string]corev1.PersistentVolumeClaim {
	t.Helper()
	var list corev1.PersistentVolumeClaimList
	require.NoError(t, admin.List(t.Context(), &list, client.InNamespace(cluster.Namespace),
		client.MatchingLabels{"app.kubernetes.io/instance": cluster.Name}))
	found := map[string]corev1.PersistentVolumeClaim{}
	for _, claim := range list.Items {
		found[claim.Name] = claim
	}
	return found
}

// events gives the reasons and messages of the events about a BarqCluster.
func events(t *testing.T, cluster *v1alpha1.BarqCluster) []string {
	t.Helper()
	var list corev1.EventList
	require.NoError(t, admin.List(t.Context(), &list, client.InNamespace(cluster.Namespace)))
	var found []string
	for _, event := range list.Items {
		if event.InvolvedObject.Kind == "BarqCluster" && event.InvolvedObject.Name == cluster.Name {
			found = append(found, event.Type+" "+event.Reason+": "+event.Message)
		}
	}
	return found
}

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
