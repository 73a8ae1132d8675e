package integration

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// Who asks for further pods of mode Primary is warned when that is written, and of nothing else.
func TestMorePodsThanOneHoldsDataFor(t *testing.T) {
	namespace := newNamespace(t)
	apply := func(spec string) string {
		t.Helper()
		command := kubectl("-n", namespace, "apply", "-f", "-")
		command.Stdin = strings.NewReader("apiVersion: barq.db/v1alpha1\nkind: BarqCluster\nmetadata: {name: " + strings.Replace(spec, "; ", "\n", 1))
		return output(t, command)
	}
	const warning = `Warning: Validation failed for ValidatingAdmissionPolicy 'barq-operator-replicas-warning' with binding 'barq-operator-replicas-warning': ` +
		`spec.replicas is %d, and spec.topology.mode is Primary: %s-0 holds all data and answers all clients, and no other pod can stand in for it; ` +
		`write replicas: 1, or mode: Independent in a new BarqCluster`
	require.Contains(t, apply(`db}; spec: {replicas: 3}`), fmt.Sprintf(warning, 3, "db"))
	require.Contains(t, apply(`db}; spec: {replicas: 2, logLevel: warn}`), fmt.Sprintf(warning, 2, "db"))
	for _, spec := range []string{
		`db}; spec: {replicas: 2, logLevel: info}`, `db}; spec: {replicas: 1}`, `db}; spec: {replicas: 0}`,
		`minimal}`, `independent}; spec: {replicas: 3, topology: {mode: Independent}}`,
	} {
		require.NotContains(t, apply(spec), "Warning", spec)
	}
	require.Contains(t, output(t, kubectl("-n", namespace, "patch", "bqc/db", "--type=merge", "-p", `{"spec":{"replicas":2}}`)), fmt.Sprintf(warning, 2, "db"))
}

// A PodMonitor that is asked for where nothing knows that kind is said, and made when the kind comes.
func TestAPodMonitorThatNothingKnows(t *testing.T) {
	file := filepath.Join("testdata", "monitors.yaml")
	restart := func(t *testing.T) {
		operator.Stop()
		require.NoError(t, operator.Start())
	}
	output(t, kubectl("delete", "-f", file, "--wait"))
	t.Cleanup(func() {
		_, _ = kubectl("apply", "-f", file).CombinedOutput()
		_, _ = kubectl("wait", "--for=condition=Established", "-f", file).CombinedOutput()
		operator.Stop()
		require.NoError(t, operator.Start())
	})
	restart(t)
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `{monitoring: {podMonitor: {enabled: true}}}`)
	waitReady(t, cluster)
	said := waitFor(t, cluster, v1alpha1.ConditionMonitored, metav1.ConditionFalse, v1alpha1.ReasonPodMonitorUnknown)
	eventually(t, func() string {
		if got := events(t, cluster); !strings.Contains(strings.Join(got, "\n"), "Warning PodMonitorUnknown: "+said.Message) {
			return fmt.Sprint(got)
		}
		return ""
	})

	output(t, kubectl("apply", "-f", file))
	output(t, kubectl("wait", "--for=condition=Established", "-f", file))
	restart(t)
	waitFor(t, cluster, v1alpha1.ConditionMonitored, metav1.ConditionTrue, v1alpha1.ReasonPodMonitorKnown)
	eventually(t, func() string {
		if out, err := kubectl("-n", namespace, "get", "podmonitor/db").CombinedOutput(); err != nil {
			return string(out)
		}
		return ""
	})
}
