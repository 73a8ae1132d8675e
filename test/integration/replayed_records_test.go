package integration

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/test/forgery"
	"github.com/barq-db/barq-operator/test/tenant"
)

// An older record says what the operator itself has said once. Put back, it restarts no pod and undoes no edit.
func TestAnOlderRecordOfTheOperatorPutBack(t *testing.T) {
	for name, putBack := range map[string]func(t *testing.T, s *siege, older *corev1.Secret){
		"as it was": func(t *testing.T, s *siege, older *corev1.Secret) {
			t.Helper()
			require.NoError(t, s.RemoveRecords(t.Context()))
			require.NoError(t, s.Store(t.Context(), older))
		},
		"as the newest": func(t *testing.T, s *siege, older *corev1.Secret) {
			t.Helper()
			forged, err := forgery.Forge(older, forgery.Revision(3))
			require.NoError(t, err)
			require.NoError(t, s.Store(t.Context(), forged))
		},
		"over the newest": func(t *testing.T, s *siege, older *corev1.Secret) {
			t.Helper()
			forged, err := forgery.Forge(older, forgery.Revision(2))
			require.NoError(t, err)
			require.NoError(t, s.Store(t.Context(), forged))
		},
		"under the newest name": func(t *testing.T, s *siege, older *corev1.Secret) {
			t.Helper()
			forged, err := forgery.Forge(older, forgery.StoredAs(forgery.SecretName("db", 2)))
			require.NoError(t, err)
			require.NoError(t, s.Store(t.Context(), forged))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := layOut(t, "db")
			cluster := s.create(t, "db", `replicas: 2`)
			waitReady(t, cluster)
			older := s.record(t, "db")
			const image = "registry.example.com/barq-db:0.2.0"
			require.NoError(t, s.Patch(t.Context(), "db", `{"spec":{"image":"`+image+`"}}`))
			waitReady(t, cluster)
			before := identities(t, cluster)
			s.watchOver(t)

			putBack(t, s, older)
			require.Empty(t, s.edit(t, "db", 7))
			waitReady(t, cluster)
			require.Equal(t, before, identities(t, cluster))
			require.Equal(t, image, container(t, cluster).Image)
			putBack(t, s, older)
			require.Empty(t, s.remove(t, cluster))
			s.requireUntouched(t)
		})
	}
}

// A record of one BarqCluster lists the objects of that one. Under the name of another it leads to nothing.
func TestARecordOfAnotherBarqCluster(t *testing.T) {
	// Only the second one is hers to lose here.
	s := layOut(t, "two")
	one, two := s.create(t, "one", `{}`), s.create(t, "two", `{}`)
	waitReady(t, one)
	waitReady(t, two)
	alice := s.honest(t)
	s.own = s.own[:1]
	before := maps.Clone(identities(t, two))
	s.watchOver(t)
	stored := s.record(t, "one")
	for name, edits := range map[string][]forgery.Edit{
		"renamed": {forgery.Name("two")},
		"of another namespace": {
			forgery.Name("two"), forgery.InnerNamespace(alice.Namespace), forgery.Replace(s.Namespace, alice.Namespace), forgery.Replace("one", "honest"),
		},
		"stored under another name": {forgery.StoredAs(forgery.SecretName("two", 2))},
	} {
		t.Run(name, func(t *testing.T) {
			number := int64(newestRevision(t, s.Namespace, "two")) + 1
			forged, err := forgery.Forge(stored, append(edits, forgery.Label("version", fmt.Sprint(number)), forgery.InnerRevision(number),
				forgery.StoredAs(forgery.SecretName("two", number)))...)
			require.NoError(t, err)
			require.NoError(t, s.Store(t.Context(), forged))
			require.Empty(t, s.edit(t, "two", int32(number)+1))
			waitReady(t, two)
			require.Equal(t, before, identities(t, two))
			s.requireUntouched(t)
		})
	}
	forged, err := forgery.Forge(stored, forgery.Name("two"), forgery.Revision(99))
	require.NoError(t, err)
	require.NoError(t, s.Store(t.Context(), forged))
	require.Empty(t, s.remove(t, two))
	s.requireUntouched(t)
}

// What is forged while no operator runs is no more believed than what is forged later.
func TestRecordsForgedWhileTheOperatorIsDown(t *testing.T) {
	actions := []string{"edited", "deleted", "left", "hooked", "pending"}
	s := layOut(t, actions...)
	clusters, aims := map[string]*v1alpha1.BarqCluster{}, map[string]aim{}
	for _, name := range actions {
		clusters[name] = s.create(t, name, `{}`)
	}
	before := map[string]map[string]string{}
	for _, name := range actions {
		waitReady(t, clusters[name])
		aims[name], _ = s.aimAt(t, clusters[name])
		before[name] = identities(t, clusters[name])
	}
	s.watchOver(t)

	operator.Kill()
	for _, name := range actions {
		edits := []forgery.Edit{forgery.Append(aims[name].plain())}
		switch name {
		case "hooked":
			forged := forgery.Target{APIVersion: "v1", Kind: "ConfigMap", Namespace: s.victims, Name: "forged"}
			edits = append(edits, forgery.Hook("pre-delete", forged.Document()), forgery.Hook("pre-upgrade", forged.Document()))
		case "pending":
			edits = append(edits, forgery.Status("pending-upgrade"), forgery.Deployed("2099-01-01T00:00:00Z"))
		}
		s.forge(t, name, edits...)
	}
	for _, name := range []string{"edited", "pending"} {
		require.NoError(t, s.Patch(t.Context(), name, minReady(7)))
	}
	for _, name := range []string{"deleted", "hooked"} {
		require.NoError(t, s.Client.Delete(t.Context(), clusters[name]))
	}
	require.NoError(t, operator.Start())

	late := within(patience, func() string {
		return arrived(t, s.Namespace, "edited", 7) + arrived(t, s.Namespace, "pending", 7) + left(t, clusters["deleted"]) + left(t, clusters["hooked"])
	})
	time.Sleep(soon)
	s.requireUntouched(t)
	require.Empty(t, late)
	for _, name := range []string{"edited", "left", "pending"} {
		waitReady(t, clusters[name])
		require.Equal(t, before[name], identities(t, clusters[name]), name)
	}
}

// theirs are objects of an administrator, which have the names of those that a BarqCluster gets, by a name for each.
func theirs(namespace string) map[string]client.Object {
	named := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: namespace, Name: name} }
	selector := map[string]string{"of": "an-administrator"}
	ports := []corev1.ServicePort{{Port: 80}}
	return map[string]client.Object{
		"networkpolicy": &networkingv1.NetworkPolicy{ObjectMeta: named("networkpolicy"), Spec: networkingv1.NetworkPolicySpec{
			PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress},
		}},
		"service":        &corev1.Service{ObjectMeta: named("service"), Spec: corev1.ServiceSpec{Selector: selector, Ports: ports}},
		"headless":       &corev1.Service{ObjectMeta: named("headless-headless"), Spec: corev1.ServiceSpec{Selector: selector, Ports: ports}},
		"configmap":      &corev1.ConfigMap{ObjectMeta: named("configmap-cluster"), Data: map[string]string{"a": "b"}},
		"serviceaccount": &corev1.ServiceAccount{ObjectMeta: named("serviceaccount"), AutomountServiceAccountToken: ptr.To(true)},
		"budget": &policyv1.PodDisruptionBudget{ObjectMeta: named("budget"), Spec: policyv1.PodDisruptionBudgetSpec{
			Selector: &metav1.LabelSelector{MatchLabels: selector},
		}},
		"statefulset": &appsv1.StatefulSet{ObjectMeta: named("statefulset"), Spec: appsv1.StatefulSetSpec{
			Replicas: ptr.To[int32](0), ServiceName: "statefulset-headless", Selector: &metav1.LabelSelector{MatchLabels: selector},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: selector},
				Spec:       tenant.Pod(),
			},
		}},
	}
}

// An object of an administrator has the name of one that the chart renders. A forged record says that the operator has made it,
// with the manifest that the chart gives, so that nothing but who owns the object tells that it is not the operator's.
func TestAnObjectOfAnAdministratorUnderTheNameOfOneOfTheChart(t *testing.T) {
	s := layOut(t, slices.Sorted(maps.Keys(theirs("")))...)
	objects := theirs(s.Namespace)
	first := map[string]*corev1.Secret{}
	for name := range objects {
		waitSleeping(t, s.create(t, name, `replicas: 0`))
		first[name] = s.record(t, name)
		require.Empty(t, s.remove(t, clusterOf(t, s.Namespace, name, `{}`)))
	}
	for _, object := range objects {
		eventually(t, func() string {
			if err := admin.Create(t.Context(), object); err != nil {
				return err.Error()
			}
			return ""
		})
	}
	s.watchOver(t)

	forge := func() {
		for name := range objects {
			cluster := clusterOf(t, s.Namespace, name, `{}`)
			refresh(t, cluster)
			record, err := forgery.Open(first[name])
			require.NoError(t, err)
			manifest := record.Release["manifest"].(string)
			former := uidIn(t, manifest)
			forged, err := forgery.Forge(first[name], forgery.Manifest(strings.ReplaceAll(manifest, former, string(cluster.UID))),
				forgery.Label("barq.db/generation", fmt.Sprint(cluster.Generation+1)))
			require.NoError(t, err)
			require.NoError(t, s.Store(t.Context(), forged))
		}
	}
	for name := range objects {
		s.create(t, name, `{replicas: 0, paused: true}`)
	}
	forge()
	for name := range objects {
		require.NoError(t, s.Patch(t.Context(), name, `{"spec":{"paused":false}}`))
	}
	time.Sleep(2 * soon)
	for name := range objects {
		require.NoError(t, s.Patch(t.Context(), name, minReady(7)))
	}
	time.Sleep(2 * soon)
	breaches := s.breaches(t)
	forge()
	deleted := map[string]string{}
	for name := range objects {
		require.NoError(t, s.Client.Delete(t.Context(), clusterOf(t, s.Namespace, name, `{}`)))
	}
	for name := range objects {
		cluster := clusterOf(t, s.Namespace, name, `{}`)
		deleted[name] = within(inTime, func() string {
			if err := admin.Get(t.Context(), client.ObjectKeyFromObject(cluster), cluster); client.IgnoreNotFound(err) != nil || err == nil {
				return name + " is not gone"
			}
			return ""
		})
	}
	time.Sleep(soon)
	breaches = append(breaches, s.breaches(t)...)
	for name, object := range objects {
		t.Run(name, func(t *testing.T) {
			require.Empty(t, slices.DeleteFunc(slices.Clone(breaches), func(breach string) bool {
				return !strings.Contains(breach, "/"+object.GetName()+" ")
			}))
			require.Empty(t, deleted[name])
		})
	}
	require.Empty(t, breaches)
}

// uidIn gives the UID of the owner that a manifest names.
func uidIn(t *testing.T, manifest string) string {
	t.Helper()
	_, rest, found := strings.Cut(manifest, "uid: ")
	require.True(t, found, manifest)
	uid, _, _ := strings.Cut(rest, "\n")
	return strings.Trim(strings.TrimSpace(uid), `"`)
}
