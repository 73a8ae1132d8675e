package integration

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os/exec"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/apply"
	"github.com/barq-db/barq-operator/internal/clusters"
)

// renderedKinds are the kinds of the chart that every Kubernetes cluster has.
var renderedKinds = []schema.GroupVersionKind{
	{Version: "v1", Kind: "ServiceAccountList"},
	{Version: "v1", Kind: "ConfigMapList"},
	{Version: "v1", Kind: "ServiceList"},
	{Group: "apps", Version: "v1", Kind: "StatefulSetList"},
	{Group: "networking.k8s.io", Version: "v1", Kind: "NetworkPolicyList"},
	{Group: "policy", Version: "v1", Kind: "PodDisruptionBudgetList"},
}

// objectsOf returns what a BarqCluster owns, without what every write changes.
func objectsOf(t *testing.T, cluster *v1alpha1.BarqCluster) map[string]map[string]any {
	t.Helper()
	found := map[string]map[string]any{}
	for _, kind := range renderedKinds {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(kind)
		require.NoError(t, admin.List(t.Context(), list, client.InNamespace(cluster.Namespace)))
		for _, object := range list.Items {
			if !metav1.IsControlledBy(&object, cluster) {
				continue
			}
			annotations := object.GetAnnotations()
			// The one sums up the rest, and the other says what was before.
			delete(annotations, apply.DigestAnnotation)
			delete(annotations, clusters.CauseAnnotation)
			object.SetAnnotations(annotations)
			for _, field := range []string{"resourceVersion", "managedFields", "generation"} {
				unstructured.RemoveNestedField(object.Object, "metadata", field)
			}
			delete(object.Object, "status")
			found[object.GetKind()+" "+object.GetName()] = object.Object
		}
	}
	return found
}

// differ names the objects that are not what they were; empty if none is.
func differ(before, after map[string]map[string]any) string {
	var found []string
	for name := range maps.Keys(before) {
		if !reflect.DeepEqual(before[name], after[name]) {
			was, _ := json.Marshal(before[name])
			is, _ := json.Marshal(after[name])
			found = append(found, fmt.Sprintf("%s was\n%s\nand is\n%s", name, was, is))
		}
	}
	for name := range after {
		if before[name] == nil {
			found = append(found, name+" is there")
		}
	}
	slices.Sort(found)
	return strings.Join(found, "\n")
}

// byHand are changes that a person makes to an object of a BarqCluster, in the words of kubectl.
type byHand struct {
	name string
	args []string
}

func patched(name, object, patch string) byHand {
	return byHand{name, []string{"patch", object, "--type=merge", "-p", patch}}
}

func edited(name, object, patch string) byHand {
	return byHand{name, []string{"patch", object, "--type=json", "-p", patch}}
}

const databaseContainer = "/spec/template/spec/containers/0"

// owned are changes of what the chart owns whole.
var owned = []byHand{
	patched("service-selector", "svc/db", `{"spec":{"selector":{"app":"other"}}}`),
	edited("service-port", "svc/db", `[{"op":"add","path":"/spec/ports/-","value":{"name":"more","port":9999}}]`),
	patched("service-address", "svc/db", `{"spec":{"externalIPs":["192.0.2.1"]}}`),
	patched("service-affinity", "svc/db", `{"spec":{"sessionAffinity":"ClientIP"}}`),
	patched("policy-selector", "netpol/db", `{"spec":{"podSelector":{"matchLabels":{"app":"other"}}}}`),
	edited("policy-ingress", "netpol/db", `[{"op":"add","path":"/spec/ingress/-","value":{}}]`),
	patched("policy-egress", "netpol/db", `{"spec":{"egress":[],"policyTypes":["Ingress","Egress"]}}`),
	patched("budget-selector", "pdb/db", `{"spec":{"selector":{"matchLabels":{"app":"other"}}}}`),
	patched("budget-eviction", "pdb/db", `{"spec":{"unhealthyPodEvictionPolicy":"IfHealthyBudget"}}`),
	patched("budget-union", "pdb/db", `{"spec":{"maxUnavailable":null,"minAvailable":1}}`),
	patched("config-key", "cm/db-cluster", `{"data":{"more.json":"{}"}}`),
	patched("config-binary", "cm/db-cluster", `{"binaryData":{"more":"AA=="}}`),
	patched("account-token", "sa/db", `{"automountServiceAccountToken":true}`),
	patched("partition", "sts/db", `{"spec":{"updateStrategy":{"rollingUpdate":{"partition":2}}}}`),
	patched("on-delete", "sts/db", `{"spec":{"updateStrategy":{"type":"OnDelete","rollingUpdate":null}}}`),
	patched("ordinals", "sts/db", `{"spec":{"ordinals":{"start":3}}}`),
	patched("node-selector", "sts/db", `{"spec":{"template":{"spec":{"nodeSelector":{"no":"where"}}}}}`),
	patched("host-network", "sts/db", `{"spec":{"template":{"spec":{"hostNetwork":true,"dnsPolicy":"ClusterFirstWithHostNet"}}}}`),
	patched("toleration", "sts/db", `{"spec":{"template":{"spec":{"tolerations":[{"operator":"Exists"}]}}}}`),
	patched("scheduler", "sts/db", `{"spec":{"template":{"spec":{"schedulerName":"other"}}}}`),
	{"variable-more", []string{"set", "env", "sts/db", "EXTRA=1"}},
	{"variable-union", []string{"set", "env", "sts/db", "POD_NAME=other"}},
	{"variable-less", []string{"set", "env", "sts/db", "RUST_LOG-"}},
	edited("command", "sts/db", `[{"op":"add","path":"`+databaseContainer+`/command","value":["sh"]}]`),
	edited("container-port", "sts/db", `[{"op":"add","path":"`+databaseContainer+`/ports/-","value":{"containerPort":9999}}]`),
	edited("probe-union", "sts/db", `[{"op":"replace","path":"`+databaseContainer+`/readinessProbe","value":{"tcpSocket":{"port":8080}}}]`),
	edited("life-cycle", "sts/db", `[{"op":"add","path":"`+databaseContainer+`/lifecycle","value":{"preStop":{"sleep":{"seconds":1}}}}]`),
	edited("container-security", "sts/db", `[{"op":"add","path":"`+databaseContainer+`/securityContext/privileged","value":false}]`),
	edited("volume-union", "sts/db", `[{"op":"replace","path":"/spec/template/spec/volumes/0","value":{"name":"cluster","emptyDir":{}}}]`),
	edited("mount", "sts/db", `[{"op":"add","path":"`+databaseContainer+`/volumeMounts/-","value":{"name":"data","mountPath":"/more"}}]`),
	{"server-side", []string{"apply", "--server-side", "--force-conflicts", "-f", "-"}},
}

// serverSide is what the change named server-side applies. kubectl 1.30 takes for JSON what begins with a brace.
const serverSide = "---\n{apiVersion: v1, kind: Service, metadata: {name: db}, spec: {selector: {app: other}, publishNotReadyAddresses: true}}"

// What is added by hand to what the chart owns whole is taken away, as what is changed there is put back. Each change has a BarqCluster of its
// own, because the operator slows down after a few repairs of one object.
func TestWhatIsAddedByHandIsReverted(t *testing.T) {
	t.Parallel()
	before, databases := map[string]map[string]map[string]any{}, map[string]*v1alpha1.BarqCluster{}
	for _, one := range owned {
		databases[one.name] = newCluster(t, newNamespace(t), "db", `{replicas: 0, podDisruptionBudget: {enabled: true}}`)
	}
	for name, cluster := range databases {
		waitSleeping(t, cluster)
		before[name] = objectsOf(t, cluster)
	}
	for _, one := range owned {
		command := kubectl(append([]string{"-n", databases[one.name].Namespace}, one.args...)...)
		command.Stdin = strings.NewReader(serverSide)
		output(t, command)
	}
	for _, one := range owned {
		t.Run(one.name, func(t *testing.T) {
			eventually(t, func() string { return differ(before[one.name], objectsOf(t, databases[one.name])) })
			require.Len(t, releaseSecrets(t, databases[one.name].Namespace, "db"), 1, "without a new revision")
			waitSleeping(t, databases[one.name])
		})
	}
}

// injected are changes that webhooks, injectors and platforms make.
var injected = []byHand{
	{"label", []string{"label", "svc,sts,cm,sa,netpol,pdb", "-l", "app.kubernetes.io/instance=db", "example.com/team=search"}},
	{"annotation", []string{"annotate", "svc,sts,cm,sa,netpol,pdb", "-l", "app.kubernetes.io/instance=db", "example.com/team=search"}},
	patched("pod-annotation", "sts/db", `{"spec":{"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":"2026-01-02T03:04:05Z"}}}}}`),
	patched("finalizer", "svc/db", `{"metadata":{"finalizers":["example.com/cleanup"]}}`),
	patched("pull-secret", "sa/db", `{"imagePullSecrets":[{"name":"registry"}]}`),
	edited("sidecar", "sts/db", `[{"op":"add","path":"/spec/template/spec/containers/-","value":{"name":"proxy","image":"proxy","env":[{"name":"A","value":"1"}]}}]`),
	edited("first-container", "sts/db", `[{"op":"add","path":"/spec/template/spec/initContainers","value":[{"name":"proxy","image":"proxy"}]}]`),
	edited("volume", "sts/db", `[{"op":"add","path":"/spec/template/spec/volumes/-","value":{"name":"proxy","emptyDir":{}}}]`),
}

// What injectors add stays, also when the BarqCluster is edited.
func TestWhatInjectorsAddStays(t *testing.T) {
	t.Parallel()
	databases := map[string]*v1alpha1.BarqCluster{}
	for _, one := range injected {
		databases[one.name] = newCluster(t, newNamespace(t), "db", `{replicas: 0, podDisruptionBudget: {enabled: true}, env: [{name: A, value: "1"}]}`)
	}
	after := map[string]map[string]map[string]any{}
	for _, one := range injected {
		cluster := databases[one.name]
		waitSleeping(t, cluster)
		output(t, kubectl(append([]string{"-n", cluster.Namespace}, one.args...)...))
		after[one.name] = objectsOf(t, cluster)
	}
	time.Sleep(2 * soon)
	for _, one := range injected {
		t.Run(one.name, func(t *testing.T) {
			cluster := databases[one.name]
			require.Empty(t, differ(after[one.name], objectsOf(t, cluster)))
			// One that removes a field, and one that only changes one.
			for _, env := range [][]v1alpha1.EnvVar{nil, {{Name: "A", Value: "2"}}, {{Name: "A", Value: "1"}}} {
				change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Env = env })
				waitSleeping(t, cluster)
			}
			require.Empty(t, differ(after[one.name], objectsOf(t, cluster)))
			if one.name == "finalizer" {
				output(t, kubectl("-n", cluster.Namespace, "patch", "svc/db", "--type=merge", "-p", `{"metadata":{"finalizers":null}}`))
			}
		})
	}
}

// What a policy does to what the operator writes is left as it is, whatever happens to other objects: each further write would let a policy
// that adds something each time add more, here to the pod template.
func TestWhatAPolicyAddsIsLeft(t *testing.T) {
	namespace := newNamespace(t)
	for _, one := range mutations {
		if one.name == "tolerations" || one.name == "grace-period" || one.name == "no-digest" {
			mutating(t, corev1.LabelMetadataName, namespace, one)
		}
	}
	const other = root + "/test/integration/testdata/statefulset.yaml"
	eventually(t, func() string {
		made := output(t, kubectl("-n", namespace, "create", "-f", other, "--dry-run=server", "-o", "yaml"))
		if !strings.Contains(made, "example.com/policy") || !strings.Contains(made, "terminationGracePeriodSeconds: 17") {
			return "the policies are not in force"
		}
		return ""
	})
	cluster := newCluster(t, namespace, "db", `{}`)
	waitReady(t, cluster)
	time.Sleep(soon)
	waitReady(t, cluster)
	generation, runs := statefulSet(t, cluster).Generation, identities(t, cluster)
	for range 2 {
		output(t, kubectl("-n", namespace, "patch", "svc/db", "--type=merge", "-p", `{"spec":{"selector":{"app":"other"}}}`))
		eventually(t, func() string {
			if service(t, namespace, "db").Selector["app"] != "" {
				return "the Service was not reverted"
			}
			return ""
		})
		waitReady(t, cluster)
	}
	time.Sleep(soon)
	require.Equal(t, generation, statefulSet(t, cluster).Generation)
	require.Equal(t, runs, identities(t, cluster))
	waitReady(t, cluster)
}

// What an edit removes goes, from objects that were created with it too: afterwards they are as if it had never been there.
func TestWhatAnEditRemovesGoes(t *testing.T) {
	without := newCluster(t, newNamespace(t), "db", `replicas: 0`)
	with := newCluster(t, newNamespace(t), "db", `{replicas: 0, env: [{name: A, value: "1"}, {name: B, value: "2"}], podLabels: {team: search}, podAnnotations: {a: b},
		nodeSelector: {disk: fast}, tolerations: [{operator: Exists}],
		service: {type: NodePort, annotations: {a: b}}, serviceAccount: {annotations: {a: b}}, networkPolicy: {from: [{podSelector: {}}]},
		resources: {limits: {memory: 2Gi}}}`)
	plain := func(cluster *v1alpha1.BarqCluster) map[string]map[string]any {
		t.Helper()
		objects := objectsOf(t, cluster)
		for _, object := range objects {
			for _, path := range []string{"metadata uid", "metadata creationTimestamp", "metadata ownerReferences", "metadata namespace", "spec clusterIP", "spec clusterIPs"} {
				if object["kind"] != "Service" && strings.HasPrefix(path, "spec") {
					continue
				}
				unstructured.RemoveNestedField(object, strings.Fields(path)...)
			}
			unstructured.RemoveNestedField(object, "metadata", "annotations", "meta.helm.sh/release-namespace")
		}
		return objects
	}
	waitSleeping(t, without)
	waitSleeping(t, with)
	require.NotEmpty(t, differ(plain(without), plain(with)))
	refresh(t, without)
	change(t, with, func(spec *v1alpha1.BarqClusterSpec) { *spec = without.Spec })
	waitSleeping(t, with)
	require.Empty(t, differ(plain(without), plain(with)))
}

const refusedField = `{"name":"NODE","valueFrom":{"fieldRef":{"fieldPath":"spec.noSuchField"}}}`

// A refused edit applies nothing, whatever else is in it, and leaves nothing when it is taken back.
func TestARefusedEditAppliesNothing(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ spec, edit, back string }{
		"primary": {
			`podDisruptionBudget: {enabled: false}`,
			`{"spec":{"env":[` + refusedField + `],"service":{"type":"NodePort","annotations":{"example.com/left":"over"}},` +
				`"networkPolicy":{"from":[{"ipBlock":{"cidr":"0.0.0.0/0"}}]},"podDisruptionBudget":{"enabled":true},` +
				`"serviceAccount":{"annotations":{"example.com/role":"admin"}}}}`,
			`{"spec":{"env":null,"service":null,"networkPolicy":null,"podDisruptionBudget":{"enabled":false},"serviceAccount":null}}`,
		},
		"independent": {
			`{topology: {mode: Independent, scaleDown: Allow}, replicas: 2}`,
			`{"spec":{"replicas":4,"env":[` + refusedField + `]}}`,
			`{"spec":{"replicas":2,"env":null}}`,
		},
		"removed fields": {
			`{env: [{name: A, value: "1"}], podLabels: {team: search}, service: {annotations: {a: b}}}`,
			`{"spec":{"env":[` + refusedField + `],"podLabels":null,"service":{"annotations":null}}}`,
			`{"spec":{"env":[{"name":"A","value":"1"}],"podLabels":{"team":"search"},"service":{"annotations":{"a":"b"}}}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			cluster := newCluster(t, newNamespace(t), "db", test.spec)
			waitReady(t, cluster)
			before, pods := objectsOf(t, cluster), identities(t, cluster)
			output(t, kubectl("-n", cluster.Namespace, "patch", "bqc/db", "--type=merge", "-p", test.edit))
			condition := waitFor(t, cluster, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonReleaseFailed)
			// An older Kubernetes takes it in a StatefulSet, and refuses the pods.
			require.Contains(t, condition.Message, `valueFrom.fieldRef.fieldPath: Invalid value: "spec.noSuchField"`)
			require.Empty(t, differ(before, objectsOf(t, cluster)), "nothing was applied")
			require.Equal(t, 1, newestRevision(t, cluster.Namespace, "db"), "no revision was stored")

			output(t, kubectl("-n", cluster.Namespace, "patch", "bqc/db", "--type=merge", "-p", test.back))
			waitReady(t, cluster)
			require.Empty(t, differ(before, objectsOf(t, cluster)))
			require.Equal(t, pods, identities(t, cluster))
		})
	}
}

// policy creates an admission policy for a namespace, and returns what deletes it.
func policy(t *testing.T, namespace, resources, expression string) (remove func()) {
	t.Helper()
	command := kubectl("apply", "-f", "-")
	command.Stdin = strings.NewReader(fmt.Sprintf(`
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: %[1]s}
spec:
  failurePolicy: Fail
  matchConstraints:
    namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: %[1]s}}
    resourceRules: [{apiGroups: ["*"], apiVersions: ["*"], operations: [CREATE, UPDATE], resources: [%[2]s]}]
  validations: [{expression: %[3]q, message: refused by a test}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: %[1]s}
spec: {policyName: %[1]s, validationActions: [Deny]}
`, namespace, resources, expression))
	output(t, command)
	deleted := false
	remove = func() {
		if !deleted {
			deleted = true
			_ = exec.Command(kubectlProgram, "--kubeconfig", adminKubeconfig, "delete", "validatingadmissionpolicy,validatingadmissionpolicybinding", namespace).Run()
		}
	}
	t.Cleanup(remove)
	return remove
}

// inForce waits until the API server refuses, or takes, a dry run of a command.
func inForce(t *testing.T, refuses bool, args ...string) {
	t.Helper()
	eventually(t, func() string {
		err := kubectl(append(args, "--dry-run=server")...).Run()
		if (err != nil) != refuses {
			return fmt.Sprintf("%v", err)
		}
		return ""
	})
}

// An edit that gets half-way leaves nothing when it is taken back: the policy takes the trial of the StatefulSet, and refuses it afterwards.
func TestAHalfAppliedEditLeavesNothing(t *testing.T) {
	cluster := newCluster(t, newNamespace(t), "db", `podDisruptionBudget: {enabled: false}`)
	waitReady(t, cluster)
	before, pods := objectsOf(t, cluster), identities(t, cluster)
	remove := policy(t, cluster.Namespace, "statefulsets", "request.dryRun || object.spec.template.spec.containers[0].env.all(e, e.name != 'A')")
	const other = root + "/test/integration/testdata/statefulset.yaml"
	eventually(t, func() string {
		if kubectl("-n", cluster.Namespace, "create", "-f", other).Run() == nil {
			output(t, kubectl("-n", cluster.Namespace, "delete", "-f", other))
			return "the policy is not in force"
		}
		return ""
	})
	output(t, kubectl("-n", cluster.Namespace, "patch", "bqc/db", "--type=merge", "-p",
		`{"spec":{"env":[{"name":"A","value":"1"}],"podDisruptionBudget":{"enabled":true},"service":{"type":"NodePort","annotations":{"a":"b"}}}}`))
	condition := waitFor(t, cluster, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonReleaseFailed)
	require.Contains(t, condition.Message, "refused by a test")
	require.NotEmpty(t, differ(before, objectsOf(t, cluster)), "the Service was applied")

	output(t, kubectl("-n", cluster.Namespace, "patch", "bqc/db", "--type=merge", "-p", `{"spec":{"env":null,"podDisruptionBudget":{"enabled":false},"service":null}}`))
	remove()
	waitReady(t, cluster)
	eventually(t, func() string { return differ(before, objectsOf(t, cluster)) })
	require.Equal(t, pods, identities(t, cluster))
}

// An edit whose revision cannot be stored is not applied.
func TestAnEditThatCannotBeStoredIsNotApplied(t *testing.T) {
	cluster := newCluster(t, newNamespace(t), "db", `{}`)
	waitReady(t, cluster)
	before, pods := objectsOf(t, cluster), identities(t, cluster)
	quota := &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Namespace: cluster.Namespace, Name: "few-secrets"}}
	output(t, kubectl("-n", cluster.Namespace, "create", "quota", quota.Name, "--hard=count/secrets=1"))
	eventually(t, func() string {
		refresh(t, quota)
		if used := quota.Status.Used["count/secrets"]; used.Value() != 1 {
			return "the quota counts " + used.String()
		}
		return ""
	})
	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) {
		spec.Env, spec.PodAnnotations = []v1alpha1.EnvVar{{Name: "FOO", Value: "bar"}}, map[string]string{"example.com/x": "1"}
	})
	condition := waitFor(t, cluster, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonReleaseFailed)
	require.Contains(t, condition.Message, "exceeded quota: few-secrets")
	require.Empty(t, differ(before, objectsOf(t, cluster)))
	require.Equal(t, pods, identities(t, cluster))

	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Env, spec.PodAnnotations = nil, nil })
	waitReady(t, cluster)
	require.NoError(t, admin.Delete(t.Context(), quota))
	require.Empty(t, differ(before, objectsOf(t, cluster)))
	require.Equal(t, pods, identities(t, cluster))
}

// A spec whose revision does not fit into a Secret is not applied either. No rule of the CRD can bound an affinity.
func TestASpecThatIsTooLargeIsNotApplied(t *testing.T) {
	cluster := newCluster(t, newNamespace(t), "db", `{}`)
	waitReady(t, cluster)
	before, pods := objectsOf(t, cluster), identities(t, cluster)
	random := rand.New(rand.NewPCG(1, 0))
	namespaces := make([]string, 12000)
	for i := range namespaces {
		for range 6 {
			namespaces[i] += strconv.FormatUint(random.Uint64N(1<<50), 36)
		}
	}
	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) {
		spec.PodDisruptionBudget.Enabled = ptr.To(false)
		spec.Affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{
			PreferredDuringSchedulingIgnoredDuringExecution: []corev1.WeightedPodAffinityTerm{{
				Weight: 1, PodAffinityTerm: corev1.PodAffinityTerm{TopologyKey: "kubernetes.io/hostname", Namespaces: namespaces},
			}},
		}}
	})
	condition := waitFor(t, cluster, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonReleaseFailed)
	require.Contains(t, condition.Message, "the spec is too large")
	require.Empty(t, differ(before, objectsOf(t, cluster)))
	require.Equal(t, 1, newestRevision(t, cluster.Namespace, "db"), "no revision was stored")

	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) {
		spec.Affinity, spec.PodDisruptionBudget.Enabled = nil, ptr.To(true)
	})
	waitReady(t, cluster)
	require.Empty(t, differ(before, objectsOf(t, cluster)))
	require.Equal(t, pods, identities(t, cluster))
}

// What was changed by hand is in the way of no edit, not of one that the API server would refuse beside that change: a member of a
// union more, such as a value beside valueFrom. It makes no difference whether the change is taken back by hand afterwards, or whether the
// operator was there.
func TestAnEditGetsThroughWhatWasChangedByHand(t *testing.T) {
	changes := []struct{ change, back byHand }{
		{byHand{"variable", []string{"set", "env", "sts/db", "HEADERS=other"}}, byHand{"", []string{"set", "env", "sts/db", "HEADERS-"}}},
		{
			patched("budget", "pdb/db", `{"spec":{"maxUnavailable":null,"minAvailable":1}}`),
			patched("", "pdb/db", `{"spec":{"maxUnavailable":1,"minAvailable":null}}`),
		},
		{
			edited("probe", "sts/db", `[{"op":"replace","path":"`+databaseContainer+`/readinessProbe","value":{"tcpSocket":{"port":8080}}}]`),
			edited("", "sts/db", `[{"op":"remove","path":"`+databaseContainer+`/readinessProbe"}]`),
		},
		{
			edited("volume", "sts/db", `[{"op":"replace","path":"/spec/template/spec/volumes/0","value":{"name":"cluster","emptyDir":{}}}]`),
			edited("", "sts/db", `[{"op":"replace","path":"/spec/template/spec/volumes/0","value":{"name":"cluster","configMap":{"name":"db-cluster"}}}]`),
		},
	}
	databases, before := map[string]*v1alpha1.BarqCluster{}, map[string]map[string]map[string]any{}
	for _, one := range changes {
		namespace := newNamespace(t)
		newSecret(t, namespace, "db-traces", map[string]string{"headers": "a"})
		databases[one.change.name] = newCluster(t, namespace, "db",
			`{podDisruptionBudget: {enabled: true}, env: [{name: HEADERS, valueFrom: {secretKeyRef: {name: db-traces, key: headers}}}]}`)
	}
	for name, cluster := range databases {
		waitReady(t, cluster)
		before[name] = objectsOf(t, cluster)
	}
	run := func(t *testing.T, cluster *v1alpha1.BarqCluster, what byHand) {
		t.Helper()
		output(t, kubectl(append([]string{"-n", cluster.Namespace}, what.args...)...))
	}
	edit := func(t *testing.T, cluster *v1alpha1.BarqCluster, image string, replicas int32) {
		t.Helper()
		change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Image, spec.Replicas = image, ptr.To(replicas) })
	}
	const image = "registry.example.com/barq-db:0.2.0"
	right := func(t *testing.T, name string) {
		t.Helper()
		cluster := databases[name]
		waitReady(t, cluster)
		require.Equal(t, image, container(t, cluster).Image)
		require.Len(t, pods(t, cluster), 2)
		edit(t, cluster, "", 1)
		waitReady(t, cluster)
		eventually(t, func() string { return differ(before[name], objectsOf(t, cluster)) })
	}
	for _, one := range changes {
		t.Run(one.change.name, func(t *testing.T) {
			cluster := databases[one.change.name]
			run(t, cluster, one.change)
			edit(t, cluster, image, 2)
			// The operator may have done so already.
			run(t, cluster, one.back)
			right(t, one.change.name)
		})
	}

	operator.Stop()
	for _, one := range changes {
		run(t, databases[one.change.name], one.change)
		edit(t, databases[one.change.name], image, 2)
	}
	require.NoError(t, operator.Start())
	for _, one := range changes {
		t.Run(one.change.name+", while the operator is away", func(t *testing.T) { right(t, one.change.name) })
	}
}

// What a policy refuses is tried again after a minute, without a revision each time, and at once when an object changes.
func TestARefusalIsTriedAgain(t *testing.T) {
	t.Parallel()
	byItself := newCluster(t, newNamespace(t), "db", `{}`)
	byChange := newCluster(t, newNamespace(t), "db", `{}`)
	first := newNamespace(t)
	removals := []func(){}
	for _, cluster := range []*v1alpha1.BarqCluster{byItself, byChange} {
		waitReady(t, cluster)
		removals = append(removals, policy(t, cluster.Namespace, "statefulsets",
			"object.metadata.annotations['meta.helm.sh/release-name'] != 'db' || object.spec.minReadySeconds == 0 || 'approved' in object.metadata.annotations"))
		inForce(t, true, "-n", cluster.Namespace, "patch", "sts/db", "-p", `{"spec":{"minReadySeconds":7}}`)
	}
	removals = append(removals, policy(t, first, "statefulsets", "false"))
	inForce(t, true, "-n", first, "create", "-f", root+"/test/integration/testdata/statefulset.yaml")
	installed := newCluster(t, first, "db", `{}`)
	for _, cluster := range []*v1alpha1.BarqCluster{byItself, byChange} {
		output(t, kubectl("-n", cluster.Namespace, "patch", "bqc/db", "--type=merge", "-p", `{"spec":{"minReadySeconds":7}}`))
		waitFor(t, cluster, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonReleaseFailed)
	}
	waitFor(t, installed, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonReleaseFailed)

	output(t, kubectl("-n", byChange.Namespace, "annotate", "sts/db", "approved=yes"))
	eventually(t, func() string { return arrived(t, byChange.Namespace, "db", 7) })
	waitReady(t, byChange)

	began := time.Now()
	for _, remove := range removals {
		remove()
	}
	for time.Since(began) < 2*time.Minute && arrived(t, byItself.Namespace, "db", 7) != "" {
		time.Sleep(time.Second)
	}
	waitReady(t, byItself)
	waitReady(t, installed)
	require.Equal(t, 2, newestRevision(t, byItself.Namespace, "db"))
	require.LessOrEqual(t, newestRevision(t, first, "db"), 2)
}

// An object of the former BarqCluster of the same name is awaited. It is no failure.
func TestAnObjectOfTheFormerBarqClusterIsAwaited(t *testing.T) {
	for kind, object := range map[string]string{
		"Service": "svc/db", "StatefulSet": "sts/db", "ConfigMap": "cm/db-cluster", "ServiceAccount": "sa/db", "NetworkPolicy": "netpol/db",
	} {
		for _, replaced := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, replaced %t", kind, replaced), func(t *testing.T) {
				t.Parallel()
				formerIsAwaited(t, kind, object, replaced)
			})
		}
	}
}

// formerIsAwaited makes a BarqCluster again while an object of the former one is held, by deleting it or with kubectl replace --force.
func formerIsAwaited(t *testing.T, kind, object string, replaced bool) {
	const spec = `{service: {type: LoadBalancer}}`
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", spec)
	waitReady(t, cluster)
	output(t, kubectl("-n", namespace, "patch", object, "--type=merge", "-p", `{"metadata":{"finalizers":["example.com/cleanup"]}}`))
	t.Cleanup(func() {
		// It would keep the namespace.
		_ = kubectl("-n", namespace, "patch", object, "--type=merge", "-p", `{"metadata":{"finalizers":null}}`).Run()
	})
	if replaced {
		command := kubectl("replace", "--force", "--timeout=60s", "-f", "-")
		command.Stdin = strings.NewReader(output(t, kubectl("-n", namespace, "get", "bqc/db", "-o", "json")))
		output(t, command)
		refresh(t, cluster)
	} else {
		require.NoError(t, admin.Delete(t.Context(), cluster))
		gone(t, cluster)
		cluster = newCluster(t, namespace, "db", spec)
	}
	condition := waitFor(t, cluster, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonAwaitingDeletion)
	require.Contains(t, condition.Message, kind+` "`+strings.Split(object, "/")[1]+`"`)
	require.Contains(t, condition.Message, "example.com/cleanup")
	time.Sleep(2 * soon)
	refresh(t, cluster)
	for name, want := range map[string]metav1.ConditionStatus{v1alpha1.ConditionStalled: metav1.ConditionFalse, v1alpha1.ConditionReconciling: metav1.ConditionTrue} {
		require.Equal(t, want, meta.FindStatusCondition(cluster.Status.Conditions, name).Status, name)
	}
	output(t, kubectl("-n", namespace, "patch", object, "--type=merge", "-p", `{"metadata":{"finalizers":null}}`))
	waitReady(t, cluster)
}

// Kubernetes allows one topologyKey twice. Merging by that key alone has lost one of the two, or gone round for ever.
func TestTwoSpreadConstraintsOfOneKey(t *testing.T) {
	t.Parallel()
	const both = `{topologySpreadConstraints: [
		{maxSkew: 1, topologyKey: topology.kubernetes.io/zone, whenUnsatisfiable: ScheduleAnyway},
		{maxSkew: 3, topologyKey: topology.kubernetes.io/zone, whenUnsatisfiable: DoNotSchedule}]}`
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", both)
	later := newCluster(t, namespace, "later", `{}`)
	waitReady(t, cluster)
	waitReady(t, later)
	refresh(t, cluster)
	constraints := cluster.Spec.TopologySpreadConstraints
	constraints[1].MaxSkew = 5
	for _, one := range []*v1alpha1.BarqCluster{cluster, later} {
		before := statefulSet(t, one).Generation
		change(t, one, func(spec *v1alpha1.BarqClusterSpec) { spec.TopologySpreadConstraints = constraints })
		waitReady(t, one)
		time.Sleep(soon)
		set := statefulSet(t, one)
		require.Equal(t, before+1, set.Generation)
		require.Len(t, set.Spec.Template.Spec.TopologySpreadConstraints, 2)
		require.EqualValues(t, 5, set.Spec.Template.Spec.TopologySpreadConstraints[1].MaxSkew)
	}

	zones, nodes := constraints, slices.Clone(constraints)
	for i := range nodes {
		nodes[i].TopologyKey = "kubernetes.io/hostname"
	}
	for _, next := range [][]corev1.TopologySpreadConstraint{
		{zones[1], zones[0]}, {nodes[0], zones[1], nodes[1], zones[0]}, {zones[0], nodes[1]}, {zones[1]}, {zones[0]}, zones,
	} {
		before := statefulSet(t, cluster).Generation
		change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.TopologySpreadConstraints = next })
		waitReady(t, cluster)
		time.Sleep(soon)
		set := statefulSet(t, cluster)
		require.Equal(t, before+1, set.Generation)
		var have, want []string
		for _, one := range set.Spec.Template.Spec.TopologySpreadConstraints {
			have = append(have, fmt.Sprint(one.TopologyKey, one.MaxSkew, one.WhenUnsatisfiable))
		}
		for _, one := range next {
			want = append(want, fmt.Sprint(one.TopologyKey, one.MaxSkew, one.WhenUnsatisfiable))
		}
		require.Equal(t, want, have)
	}
}

// Another program that puts its change back each time is told of, and does not keep the operator busy, nor restart pods again and again.
func TestAnotherWriterIsNamed(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		object, patch string
		// field is what the program changes to value.
		field, value string
		most         int
	}{
		"service":     {"svc/db", `{"spec":{"sessionAffinity":"ClientIP"}}`, "{.spec.sessionAffinity}", "ClientIP", 3},
		"statefulset": {"sts/db", `{"spec":{"template":{"spec":{"schedulerName":"other"}}}}`, "{.spec.template.spec.schedulerName}", "other", 1},
		// The program has a manifest of its own, in which nothing of the operator's metadata is.
		"service, whole": {
			"svc/db", `{"metadata":{"annotations":null},"spec":{"sessionAffinity":"ClientIP"}}`, "{.spec.sessionAffinity}", "ClientIP", 3,
		},
		"statefulset, whole": {
			"sts/db", `{"metadata":{"annotations":null},"spec":{"template":{"spec":{"schedulerName":"other"}}}}`, "{.spec.template.spec.schedulerName}", "other", 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			cluster := newCluster(t, newNamespace(t), "db", `replicas: 0`)
			waitSleeping(t, cluster)
			reverted := -1
			again := func() {
				if output(t, kubectl("-n", cluster.Namespace, "get", test.object, "-o", "jsonpath="+test.field)) != test.value {
					reverted++
					output(t, kubectl("-n", cluster.Namespace, "patch", test.object, "--type=merge", "-p", test.patch, "--field-manager=another-program"))
				}
				time.Sleep(100 * time.Millisecond)
			}
			for end := time.Now().Add(patience); reverted < test.most && time.Now().Before(end); {
				again()
			}
			for end := time.Now().Add(8 * time.Second); time.Now().Before(end); {
				again()
			}
			require.Equal(t, test.most, reverted)
			eventually(t, func() string {
				refresh(t, cluster)
				condition := meta.FindStatusCondition(cluster.Status.Conditions, v1alpha1.ConditionReady)
				if condition.Status == metav1.ConditionTrue || !strings.Contains(condition.Message, "another-program") {
					return fmt.Sprintf("%+v", condition)
				}
				return ""
			})
		})
	}
}

// asBefore makes the objects of a BarqCluster what an operator from before server-side apply has left: their fields are under another
// manager, and no digest tells what was applied.
func asBefore(t *testing.T, cluster *v1alpha1.BarqCluster) {
	t.Helper()
	for _, kind := range renderedKinds {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(kind)
		require.NoError(t, admin.List(t.Context(), list, client.InNamespace(cluster.Namespace)))
		for _, object := range list.Items {
			if !metav1.IsControlledBy(&object, cluster) {
				continue
			}
			managed := object.GetManagedFields()
			for i := range managed {
				if managed[i].Manager == apply.Manager {
					managed[i].Manager, managed[i].Operation = "barq-operator", metav1.ManagedFieldsOperationUpdate
				}
			}
			patch, err := json.Marshal([]map[string]any{
				{"op": "replace", "path": "/metadata/managedFields", "value": managed},
				{"op": "remove", "path": "/metadata/annotations/" + strings.ReplaceAll(apply.DigestAnnotation, "/", "~1")},
			})
			require.NoError(t, err)
			require.NoError(t, admin.Patch(t.Context(), &object, client.RawPatch("application/json-patch+json", patch), client.FieldOwner("barq-operator")))
		}
	}
}

// requireTakenOver fails unless later passes find nothing to do, and no warning tells of the first.
func requireTakenOver(t *testing.T, cluster *v1alpha1.BarqCluster) {
	t.Helper()
	waitReady(t, cluster)
	requireIdle(t, cluster)
	waitReady(t, cluster)
	for _, event := range events(t, cluster) {
		require.NotContains(t, event, "Warning "+v1alpha1.ReasonReleaseFailed)
	}
}

// Objects of an operator that merged are taken over without a restart or a revision. What it has left in them goes at once, but for the pod
// template, where that would restart pods: it goes with the next edit.
func TestObjectsOfAFormerOperatorAreTakenOver(t *testing.T) {
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `{replicas: 2, service: {annotations: {a: b}}, env: [{name: A, value: "1"}]}`)
	waitReady(t, cluster)
	before, pods := objectsOf(t, cluster), identities(t, cluster)
	operator.Stop()
	asBefore(t, cluster)
	for object, patch := range map[string]string{
		"svc/db": `{"metadata":{"annotations":{"example.com/left":"over"}},"spec":{"sessionAffinity":"ClientIP"}}`,
		"pdb/db": `{"spec":{"unhealthyPodEvictionPolicy":"IfHealthyBudget"}}`,
		"sts/db": `{"spec":{"ordinals":{"start":0}}}`,
	} {
		output(t, kubectl("-n", namespace, "patch", object, "--type=merge", "-p", patch, "--field-manager=barq-operator"))
	}
	require.NoError(t, operator.Start())
	eventually(t, func() string { return differ(before, objectsOf(t, cluster)) })
	requireTakenOver(t, cluster)
	require.Len(t, releaseSecrets(t, namespace, "db"), 1, "without a new revision")
	require.Equal(t, pods, identities(t, cluster))

	// A variable that an edit has left, which was refused then.
	operator.Stop()
	asBefore(t, cluster)
	output(t, kubectl("-n", namespace, "patch", "sts/db", "--field-manager=barq-operator", "-p",
		`{"spec":{"template":{"spec":{"containers":[{"name":"barq-db","env":[{"name":"LEFT","value":"over"}]}]}}}}`))
	eventually(t, func() string {
		set := statefulSet(t, cluster)
		if set.Status.ObservedGeneration < set.Generation || set.Status.UpdatedReplicas < 2 || set.Status.ReadyReplicas < 2 {
			return "the pods are being replaced"
		}
		return ""
	})
	pods = identities(t, cluster)
	require.NoError(t, operator.Start())
	eventually(t, func() string {
		if statefulSet(t, cluster).Annotations[apply.DigestAnnotation] == "" {
			return "the StatefulSet was not applied"
		}
		return ""
	})
	requireTakenOver(t, cluster)
	operator.Stop()
	require.NoError(t, operator.Start())
	requireTakenOver(t, cluster)
	require.Equal(t, pods, identities(t, cluster))
	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Env[0].Value = "2" })
	waitReady(t, cluster)
	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Env[0].Value = "1" })
	waitReady(t, cluster)
	require.Empty(t, differ(before, objectsOf(t, cluster)))
}
