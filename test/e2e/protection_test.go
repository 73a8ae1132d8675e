package e2e

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	agentapi "github.com/barq-db/barq-operator/internal/agentapi/v1"
)

// refused runs kubectl, which must fail, and gives what it printed.
func refused(t *testing.T, namespace, input string, args ...string) string {
	t.Helper()
	command := kubectl(append([]string{"-n", namespace}, args...)...)
	command.Stdin = strings.NewReader(input)
	// The editor of `kubectl edit`: it writes one replica less.
	command.Env = append(os.Environ(), `KUBE_EDITOR=sed -i s/replicas:.2/replicas:\ 1/`)
	out, err := command.CombinedOutput()
	require.Error(t, err, "kubectl %s\n%s", strings.Join(args, " "), out)
	return string(out)
}

// Whatever would take data away by accident is refused, on every way that a person
// has, and disturbs nothing.
func TestWhatMustBeRefused(t *testing.T) {
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `{replicas: 2, topology: {mode: Independent}, deletionProtection: true, storage: {size: 64Mi}}`)
	t.Cleanup(func() {
		unprotected := client.RawPatch(types.MergePatchType, []byte(`{"spec":{"deletionProtection":false}}`))
		// The test's context has ended by now.
		require.NoError(t, suite.Client.Patch(context.WithoutCancel(t.Context()), cluster.DeepCopy(), unprotected))
	})
	suite.WaitReady(t, cluster)
	before := suite.Identities(t, cluster)
	const (
		fewer   = "a lower number would take data offline"
		shrink  = "spec.storage.size: the volumes have 64Mi and cannot shrink; write 64Mi or more"
		mode    = "spec.topology.mode: Invalid value"
		protect = "BarqCluster db is protected: spec.deletionProtection is true; set it to false before you delete it"
	)
	manifest := func(spec string) string {
		return "apiVersion: barq.db/v1alpha1\nkind: BarqCluster\nmetadata: {name: db}\nspec: " + spec + "\n"
	}
	for _, test := range []struct {
		want, input string
		args        []string
	}{
		{want: fewer, args: []string{"scale", "bqc/db", "--replicas=1"}},
		{want: fewer, args: []string{"scale", "bqc/db", "--replicas=0"}},
		{want: fewer, args: []string{"patch", "bqc/db", "--type=merge", "-p", `{"spec":{"replicas":1}}`}},
		{want: fewer, args: []string{"patch", "bqc/db", "--type=json", "-p", `[{"op":"remove","path":"/spec/replicas"}]`}},
		// The reason goes into the editor, as a comment.
		{want: `barqclusters.barq.db "db" is invalid`, args: []string{"edit", "bqc/db"}},
		{want: fewer, args: []string{"apply", "--server-side", "--force-conflicts", "-f", "-"}, input: manifest("{replicas: 1}")},
		{want: fewer, args: []string{"apply", "-f", "-"}, input: manifest("{replicas: 1, topology: {mode: Independent}}")},
		{want: shrink, args: []string{"patch", "bqc/db", "--type=merge", "-p", `{"spec":{"storage":{"size":"32Mi"}}}`}},
		{want: shrink, args: []string{"apply", "-f", "-"}, input: manifest("{storage: {size: 32Mi}}")},
		{want: mode, args: []string{"patch", "bqc/db", "--type=merge", "-p", `{"spec":{"topology":{"mode":"Primary"}}}`}},
		{want: mode, args: []string{"patch", "bqc/db", "--type=json", "-p", `[{"op":"remove","path":"/spec/topology"}]`}},
		{want: mode, args: []string{"apply", "-f", "-"}, input: manifest("{topology: {mode: Primary}}")},
		{want: protect, args: []string{"delete", "bqc/db"}},
		{want: protect, args: []string{"delete", "bqc", "--all"}},
		{want: protect, args: []string{"delete", "bqc/db", "--force", "--grace-period=0"}},
		{want: protect, args: []string{"delete", "-f", "-"}, input: manifest("{}")},
		{want: protect, args: []string{"delete", "bqc/db", "--cascade=orphan"}},
	} {
		require.Contains(t, refused(t, namespace, test.input, test.args...), test.want, test.args)
	}
	suite.WaitReady(t, cluster)
	require.Equal(t, int64(1), cluster.Generation)
	require.Equal(t, before, suite.Identities(t, cluster))
}

// The policy lets in what stands in it, and the database goes on answering where no
// plugin enforces it. No plugin that does can be had here, so that no other
// client gets in is not shown; the object is compared as a whole.
func TestTheNetworkPolicy(t *testing.T) {
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `
storage: {size: 64Mi}
networkPolicy: {from: [{namespaceSelector: {matchLabels: {team: search}}}]}
`)
	suite.WaitReady(t, cluster)
	policy := &networkingv1.NetworkPolicy{}
	require.NoError(t, suite.Client.Get(t.Context(), client.ObjectKeyFromObject(cluster), policy))
	port := func(number int) networkingv1.NetworkPolicyPort {
		return networkingv1.NetworkPolicyPort{Protocol: ptr.To(corev1.ProtocolTCP), Port: ptr.To(intstr.FromInt32(int32(number)))}
	}
	require.Equal(t, networkingv1.NetworkPolicySpec{
		PodSelector: metav1.LabelSelector{MatchLabels: map[string]string{
			"app.kubernetes.io/name": "barq-db", "app.kubernetes.io/instance": "db", "app.kubernetes.io/component": "database",
		}},
		PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress},
		Ingress: []networkingv1.NetworkPolicyIngressRule{{
			Ports: []networkingv1.NetworkPolicyPort{port(8080), port(50051)},
			From: []networkingv1.NetworkPolicyPeer{
				{PodSelector: &metav1.LabelSelector{}},
				{NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"team": "search"}}},
			},
		}, {
			Ports: []networkingv1.NetworkPolicyPort{port(agentapi.Port)},
			From: []networkingv1.NetworkPolicyPeer{{
				NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"kubernetes.io/metadata.name": operatorNamespace}},
				PodSelector:       &metav1.LabelSelector{MatchLabels: map[string]string{"app.kubernetes.io/name": "barq-operator"}},
			}},
		}},
	}, policy.Spec)

	suite.Change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.NetworkPolicy.Enabled = ptr.To(false) })
	suite.WaitReady(t, cluster)
	suite.WaitGone(t, policy)
}
