package integration

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/barq-db/barq-operator/test/bench/procfs"
	"github.com/barq-db/barq-operator/test/forgery"
	"github.com/barq-db/barq-operator/test/operatorprocess"
	"github.com/barq-db/barq-operator/test/tenant"
)

// root of a node, under an account that may give itself every permission.
const privileged = `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: pwned, namespace: kube-system}
spec:
  serviceName: pwned
  selector: {matchLabels: {app: pwned}}
  template:
    metadata: {labels: {app: pwned}}
    spec:
      serviceAccountName: clusterrole-aggregation-controller
      hostNetwork: true
      hostPID: true
      tolerations: [{operator: Exists}]
      containers:
        - name: root
          image: docker.io/library/busybox
          securityContext: {privileged: true}
          volumeMounts: [{name: host, mountPath: /host}]
      volumes: [{name: host, hostPath: {path: /}}]
`

// The API server fills such a Secret with a token that lasts.
const operatorsToken = `
apiVersion: v1
kind: Secret
metadata: {name: token-of-the-operator, namespace: barq-system, annotations: {kubernetes.io/service-account.name: barq-operator}}
type: kubernetes.io/service-account-token
`

// A hook of a record would be made by the operator with all its permissions.
func TestAForgedHookIsNeverRun(t *testing.T) {
	removeAfterwards(t, &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Namespace: metav1.NamespaceSystem, Name: "pwned"}})
	removeAfterwards(t, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: operatorprocess.Namespace, Name: "token-of-the-operator"}})
	for name, manifest := range map[string]string{"privileged pod": privileged, "token of the operator": operatorsToken} {
		t.Run(name, func(t *testing.T) {
			s := layOut(t, "hook")
			cluster := s.create(t, "hook", `{}`)
			waitReady(t, cluster)
			s.watchOver(t)

			s.forge(t, "hook", forgery.Hook("pre-delete", manifest), forgery.Hook("post-delete", manifest))
			require.Empty(t, s.remove(t, cluster))
			time.Sleep(soon)
			s.requireUntouched(t)
		})
	}
}

// A record without the operator's marks is Helm's, which the tenant may have taken over. It lists an object of another namespace,
// which the next upgrade would delete because the chart does not render it.
func TestAForgedReleaseThatIsAdopted(t *testing.T) {
	s := layOut(t, "adopt")
	cluster := s.create(t, "adopt", `{}`)
	waitReady(t, cluster)
	s.watchOver(t)

	theirs := forgery.Target{APIVersion: "v1", Kind: "ConfigMap", Namespace: s.victims, Name: precious}
	s.forge(t, "adopt", forgery.Append(theirs.Document()), forgery.Unmarked())
	require.NoError(t, s.Patch(t.Context(), "adopt", `{"metadata":{"annotations":{"barq.db/adopt-release":"adopt"}},"spec":{"minReadySeconds":9}}`))
	time.Sleep(2 * soon)
	s.requireUntouched(t)
	require.Empty(t, s.remove(t, cluster))
	s.requireUntouched(t)
}

// An upgrade deletes what the last record lists and the chart does not render.
func TestAForgedRecordListsAnObjectOfAnAdministrator(t *testing.T) {
	s := layOut(t, "same")
	cluster := s.create(t, "same", `replicas: 2`)
	waitReady(t, cluster)
	before := identities(t, cluster)
	s.watchOver(t)

	list := func() {
		for _, target := range tenant.Targets(s.Namespace, precious) {
			s.forge(t, "same", forgery.Append(target.Document()))
		}
	}
	list()
	require.Empty(t, s.edit(t, "same", 7))
	waitReady(t, cluster)
	s.requireUntouched(t)
	require.Equal(t, before, identities(t, cluster), "a forged record restarts no pod")

	// What is stored is the operator's again, and Helm reads it.
	stored := s.record(t, "same")
	require.Contains(t, stored.Annotations, "barq.db/record-digest")
	require.Contains(t, stored.Annotations, "barq.db/record-signature")
	require.NotContains(t, output(t, helm("get", "manifest", "same", "-n", s.Namespace)), precious)
	require.Contains(t, output(t, helm("history", "same", "-n", s.Namespace)), "deployed")
	require.Contains(t, output(t, helm("list", "-n", s.Namespace)), "same")

	list()
	require.Empty(t, s.remove(t, cluster))
	s.requireUntouched(t)
}

// The operator has four workers. One that waits for a moment that a record names works for no tenant.
func TestForgedRecordsHoldNoWorker(t *testing.T) {
	for name, test := range map[string]struct{ status, moment string }{
		"in the year 2099": {"pending-upgrade", "2099-01-01T00:00:00Z"},
		"in the year 9999": {"pending-install", "9999-12-31T23:59:59Z"},
		"a minute ahead":   {"pending-rollback", time.Now().Add(time.Minute).UTC().Format(time.RFC3339)},
		"uninstalling":     {"uninstalling", "2099-01-01T00:00:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			var names []string
			for i := range 6 {
				names = append(names, fmt.Sprintf("fut%d", i))
			}
			s := layOut(t, names...)
			for _, name := range names {
				s.create(t, name, `replicas: 0`)
			}
			for _, name := range names {
				waitSleeping(t, clusterOf(t, s.Namespace, name, `{}`))
			}
			alice := s.honest(t)
			s.watchOver(t)

			for _, name := range names {
				s.forge(t, name, forgery.Status(test.status), forgery.Deployed(test.moment))
				require.NoError(t, s.Patch(t.Context(), name, minReady(7)))
			}
			require.Empty(t, editAs(t, alice, "honest", 1))
			operator.Kill()
			require.NoError(t, operator.Start())
			require.Empty(t, editAs(t, alice, "honest", 2), "after a restart")
			for _, name := range names {
				require.Empty(t, within(patience, func() string { return arrived(t, s.Namespace, name, 7) }))
			}
			s.requireUntouched(t)
		})
	}
}

// The Deployment's limit of memory; an operator that has more is killed.
const memoryLimit = 512 << 20

// Records that unpack to more than the operator may have are not unpacked.
func TestRecordsThatUnpackToMuchMemory(t *testing.T) {
	for name, forge := range map[string]func(t *testing.T, s *siege){
		"ten of 60 MiB": func(t *testing.T, s *siege) {
			t.Helper()
			bombs(t, s, 10, 60<<20)
		},
		"many of 6 MiB": func(t *testing.T, s *siege) {
			t.Helper()
			bombs(t, s, 200, 6<<20)
		},
		"anchors that multiply": func(t *testing.T, s *siege) {
			t.Helper()
			text := "a0: &a0 [" + "x,x,x,x,x,x,x,x,x" + "]\n"
			for i := 1; i < 9; i++ {
				last := fmt.Sprintf("*a%d", i-1)
				text += fmt.Sprintf("a%d: &a%d [%s,%s,%s,%s,%s,%s,%s,%s,%s]\n", i, i, last, last, last, last, last, last, last, last, last)
			}
			s.forge(t, "bomb", forgery.Append("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bomb}\n"+text))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := layOut(t, "bomb")
			cluster := s.create(t, "bomb", `{}`)
			waitReady(t, cluster)
			before := identities(t, cluster)
			alice := s.honest(t)
			s.watchOver(t)
			forge(t, s)

			for _, start := range []bool{true, false} {
				// The peak of a process is that of its whole life.
				operator.Kill()
				require.NoError(t, operator.Start())
				if start {
					time.Sleep(soon)
				} else {
					require.Empty(t, s.edit(t, "bomb", 7))
				}
				require.Empty(t, editAs(t, alice, "honest", 3))
				memory, err := procfs.ReadMemory(operator.PID())
				require.NoError(t, err)
				require.Less(t, memory.Peak, int64(memoryLimit), "bytes at most; at the start alone: %v", start)
			}
			require.Equal(t, before, identities(t, cluster))
			require.Empty(t, s.remove(t, cluster))
			s.requireUntouched(t)
		})
	}
}

// bombs stores records of older revisions that take next to no room.
func bombs(t *testing.T, s *siege, count, size int) {
	t.Helper()
	stored := s.record(t, "bomb")
	forged, err := forgery.Forge(stored, forgery.Status("superseded"), forgery.Notes(size))
	require.NoError(t, err)
	for revision := range count {
		// The content says the same revision in all, which costs Helm as much.
		forged.Name = forgery.SecretName("bomb", int64(revision+2))
		forged.Labels["version"] = fmt.Sprint(revision + 2)
		require.NoError(t, s.Store(t.Context(), forged))
	}
}

// A tenant's label on a record must not take the slots of rollouts away from all others.
func TestAForgedLabelHoldsNoSlot(t *testing.T) {
	s := layOut(t, "slot")
	// Its pod cannot be scheduled, and no change of the operator's default image concerns it.
	slot := s.create(t, "slot", `{image: "registry.example.com/barq-db:mine", nodeSelector: {no: such-node}}`)
	eventually(t, func() string {
		if stored, err := s.Record(t.Context(), "slot"); err != nil || stored == nil {
			return "it is not installed"
		}
		return ""
	})
	fleet := newFleet(t, 3)
	s.forge(t, "slot", forgery.Label("barq.db/rollout", "unrequested"))

	operator.Stop()
	startOperator(t, []string{"RELATED_IMAGE_BARQ_DB=registry.example.com/barq-db:0.3.0"})
	for _, cluster := range fleet {
		eventually(t, func() string {
			if image := container(t, cluster).Image; image != "registry.example.com/barq-db:0.3.0" {
				return cluster.Name + " has " + image
			}
			return ""
		})
		waitReady(t, cluster)
	}
	require.Empty(t, s.remove(t, slot))
}

// A database whose pods never start gives its slot back after its deadline.
func TestARolloutThatNeverEndsGivesItsSlotBack(t *testing.T) {
	s := layOut(t, "a-slot")
	slot := s.create(t, "a-slot", `{nodeSelector: {no: such-node}, progressDeadlineSeconds: 10}`)
	eventually(t, func() string {
		if stored, err := s.Record(t.Context(), "a-slot"); err != nil || stored == nil {
			return "it is not installed"
		}
		return ""
	})
	operator.Stop()
	startOperator(t, []string{"RELATED_IMAGE_BARQ_DB=registry.example.com/barq-db:0.3.0"})
	// It is the only one, so it gets the slot.
	eventually(t, func() string {
		if s.record(t, "a-slot").Labels["barq.db/rollout"] != "unrequested" {
			return "its rollout has not begun"
		}
		return ""
	})
	fleet := newFleet(t, 2)
	operator.Stop()
	startOperator(t, []string{"RELATED_IMAGE_BARQ_DB=registry.example.com/barq-db:0.4.0"})
	for _, cluster := range fleet {
		eventually(t, func() string {
			if image := container(t, cluster).Image; image != "registry.example.com/barq-db:0.4.0" {
				return cluster.Name + " has " + image
			}
			return ""
		})
	}
	require.Empty(t, s.remove(t, slot))
}

// Pods with these classes drive other pods off a node.
func TestSystemPriorityClassesAreRefused(t *testing.T) {
	s := layOut(t, "prio")
	for _, class := range []string{"system-node-critical", "system-cluster-critical", "system-other"} {
		err := s.Client.Create(t.Context(), clusterOf(t, s.Namespace, "prio", `priorityClassName: `+class))
		require.True(t, apierrors.IsInvalid(err), "%s: %v", class, err)
		require.ErrorContains(t, err, "spec.priorityClassName")
	}
	require.NoError(t, s.Client.Create(t.Context(), clusterOf(t, s.Namespace, "prio", `{priorityClassName: systematic, replicas: 0}`)))
}

// Annotations of Helm make it keep an object for ever, or make an object outside of the release.
func TestMarksOfHelmAndOfTheOperatorAreRefused(t *testing.T) {
	s := layOut(t, "marks")
	for field, spec := range map[string]string{
		"spec.service.annotations":          `service: {annotations: {%q: %q}}`,
		"spec.serviceAccount.annotations":   `serviceAccount: {annotations: {%q: %q}}`,
		"spec.podAnnotations":               `podAnnotations: {%q: %q}`,
		"spec.podLabels":                    `podLabels: {%q: %q}`,
		"spec.monitoring.podMonitor.labels": `monitoring: {podMonitor: {enabled: true, labels: {%q: %q}}}`,
	} {
		t.Run(field, func(t *testing.T) {
			for key, value := range map[string]string{
				"helm.sh/resource-policy": "keep", "helm.sh/hook": "pre-install", "meta.helm.sh/release-name": "marks",
				"barq.db/managed-by": "barq-operator",
			} {
				err := s.Client.Create(t.Context(), clusterOf(t, s.Namespace, "marks", fmt.Sprintf(spec, key, value)))
				require.True(t, apierrors.IsInvalid(err), "%s: %v", key, err)
				require.ErrorContains(t, err, field)
			}
		})
	}
}
