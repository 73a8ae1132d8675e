package integration

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/test/admission"
	"github.com/barq-db/barq-operator/test/arbitrary"
	"github.com/barq-db/barq-operator/test/bench/audit"
	"github.com/barq-db/barq-operator/test/chaos/desired"
)

const (
	// seedVariable chooses another sequence of steps.
	seedVariable = "BARQ_PROPERTY_SEED"
	// stepsVariable says how many steps there are.
	stepsVariable = "BARQ_PROPERTY_STEPS"
	defaultSteps  = 40
	// stillFor is how long no object may be written before the rate of writes is measured, and measuredFor how long that is
	// measured: an object whose changes are not reverted at once any more is reverted at most once a minute.
	stillFor, measuredFor = 4 * time.Second, 12 * time.Second
	// writesOfARevert are those of one object: its fields are taken over, and it is applied.
	writesOfARevert = 2
	// promptReverts is how many changes of one object are reverted at once.
	promptReverts = 3
)

// resources are those of the objects of a BarqCluster, by the names that kubectl takes.
var resources = map[string]string{
	"svc": "services", "sts": "statefulsets", "cm": "configmaps", "sa": "serviceaccounts", "netpol": "networkpolicies", "pdb": "poddisruptionbudgets",
}

// deleted are objects that a person takes away.
var deleted = []byHand{
	{"service-deleted", []string{"delete", "svc/db", "--wait=false"}},
	{"policy-deleted", []string{"delete", "netpol/db", "--wait=false"}},
	{"budget-deleted", []string{"delete", "pdb/db", "--wait=false"}},
	{"config-deleted", []string{"delete", "cm/db-cluster", "--wait=false"}},
	{"statefulset-deleted", []string{"delete", "sts/db", "--wait=false"}},
	{"statefulset-orphaned", []string{"delete", "sts/db", "--wait=false", "--cascade=orphan"}},
	{"scaled-by-hand", []string{"scale", "sts/db", "--replicas=3"}},
	{"digest-removed", []string{"annotate", "sts/db", "barq.db/applied-digest-"}},
}

// program writes an object again as soon as it is not as the program wants it.
type program struct{ kind, name, patch string }

const anotherProgram = "another-program"

// programs are for one BarqCluster each.
var programs = []program{
	{"Service", "db", `{"spec":{"sessionAffinity":"ClientIP"}}`},
	{"NetworkPolicy", "db", `{"spec":{"podSelector":{"matchLabels":{"app":"other"}}}}`},
	{"PodDisruptionBudget", "db", `{"spec":{"unhealthyPodEvictionPolicy":"IfHealthyBudget"}}`},
	{"ConfigMap", "db-cluster", `{"data":{"more.json":"{}"}}`},
	{"ServiceAccount", "db", `{"automountServiceAccountToken":true}`},
	{"StatefulSet", "db", `{"spec":{"updateStrategy":{"rollingUpdate":{"partition":2}}}}`},
	{"StatefulSet", "db", `{"spec":{"template":{"spec":{"schedulerName":"other"}}}}`},
	// These have a manifest of their own for the object, in which nothing of the operator's metadata is.
	{"Service", "db", `{"metadata":{"annotations":null},"spec":{"publishNotReadyAddresses":true}}`},
	{"StatefulSet", "db", `{"metadata":{"annotations":null},"spec":{"template":{"spec":{"hostNetwork":true,"dnsPolicy":"ClusterFirstWithHostNet"}}}}`},
}

// mutation is what a policy does to each object that is written, by the operator too.
type mutation struct{ name, resources, condition, patchType, expression string }

// mutations are those of this test. Some do something else each time.
var mutations = []mutation{
	{"label", `"*"`, "true", "ApplyConfiguration", `Object{metadata: Object.metadata{labels: {"example.com/policy": "yes"}}}`},
	{"affinity", `services`, "true", "ApplyConfiguration", `Object{spec: Object.spec{sessionAffinity: "ClientIP"}}`},
	{
		"grace-period", `statefulsets`, "true", "ApplyConfiguration",
		`Object{spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{terminationGracePeriodSeconds: 17}}}}`,
	},
	{
		"counter", `"*"`, "true", "ApplyConfiguration",
		`Object{metadata: Object.metadata{annotations: {"example.com/writes": ` +
			`has(object.metadata.annotations) && "example.com/writes" in object.metadata.annotations ? ` +
			`string(int(object.metadata.annotations["example.com/writes"]) + 1) : "1"}}}`,
	},
	{
		"tolerations", `statefulsets`, "true", "JSONPatch",
		`(has(object.spec.template.spec.tolerations) ? [] : [JSONPatch{op: "add", path: "/spec/template/spec/tolerations", value: []}]) + ` +
			`[JSONPatch{op: "add", path: "/spec/template/spec/tolerations/-", value: Object.spec.template.spec.tolerations{key: "example.com/policy", operator: "Exists"}}]`,
	},
	{
		"no-digest", `"*"`, `has(object.metadata.annotations) && "barq.db/applied-digest" in object.metadata.annotations`, "JSONPatch",
		`[JSONPatch{op: "remove", path: "/metadata/annotations/" + jsonpatch.escapeKey("barq.db/applied-digest")}]`,
	},
}

// leave takes out of an object what others add to it or change in it in these tests, and the operator leaves.
func leave(object *unstructured.Unstructured) {
	unmarked := func(path ...string) {
		found, _, _ := unstructured.NestedStringMap(object.Object, path...)
		maps.DeleteFunc(found, func(name, _ string) bool {
			return strings.HasPrefix(name, "example.com/") || name == "kubectl.kubernetes.io/restartedAt"
		})
		unstructured.RemoveNestedField(object.Object, path...)
		if len(found) > 0 {
			_ = unstructured.SetNestedStringMap(object.Object, found, path...)
		}
	}
	unmarked("metadata", "labels")
	unmarked("metadata", "annotations")
	switch object.GetKind() {
	case "Service":
		unstructured.RemoveNestedField(object.Object, "spec", "sessionAffinity")
		unstructured.RemoveNestedField(object.Object, "spec", "sessionAffinityConfig")
	case "ServiceAccount":
		unstructured.RemoveNestedField(object.Object, "imagePullSecrets")
	case "StatefulSet":
		unmarked("spec", "template", "metadata", "annotations")
		unstructured.RemoveNestedField(object.Object, "spec", "template", "spec", "terminationGracePeriodSeconds")
		for list, field := range map[string]string{"containers": "name", "initContainers": "name", "volumes": "name", "tolerations": "key"} {
			path := []string{"spec", "template", "spec", list}
			entries, _, _ := unstructured.NestedSlice(object.Object, path...)
			entries = slices.DeleteFunc(entries, func(entry any) bool {
				one, _ := entry.(map[string]any)
				// Kubernetes keeps the default that it gave to a former image, one without a tag.
				delete(one, "imagePullPolicy")
				name, _ := one[field].(string)
				return name == "proxy" || name == "example.com/policy"
			})
			unstructured.RemoveNestedField(object.Object, path...)
			if len(entries) > 0 {
				_ = unstructured.SetNestedSlice(object.Object, entries, path...)
			}
		}
	}
}

// written is a kind of object in a namespace.
type written struct{ namespace, resource string }

// subject is a BarqCluster that steps are made on.
type subject struct {
	*v1alpha1.BarqCluster

	// first is its first spec, and specs are those that the API server has taken.
	first v1alpha1.BarqClusterSpec
	specs []v1alpha1.BarqClusterSpec
	// programs are those that write its objects.
	programs []program
}

// property is one run.
type property struct {
	random     *rand.Rand
	definition *admission.Definition
	subjects   []*subject
	// hands counts what people have done to objects.
	hands map[written]int
	// policies is how many policies there are.
	policies int
	// programs and mutations are those that have not begun yet, as places in their lists, in the order in which they begin.
	programs, mutations []int
	// label is that of the namespaces.
	label string

	lock sync.Mutex
	// pods has the UIDs of each pod that ever was, by namespace and name.
	pods  map[string]map[types.UID]bool
	trail *audit.Trail
	// writes are the operator's, of each object, and statuses those of each BarqCluster's status.
	writes   map[audit.Entry]int
	statuses map[string]int
}

// resourceOf returns the resource of a kind of the chart.
func resourceOf(kind string) string {
	plural, _ := meta.UnsafeGuessKindToResource(schema.GroupVersionKind{Kind: kind})
	return plural.Resource
}

// keptOtherwise reports whether an object, named by kind and name, was changed as often as it takes.
func (p *property) keptOtherwise(one *subject, named string) bool {
	kind, _, _ := strings.Cut(named, " ")
	least := promptReverts
	if kind == "StatefulSet" {
		// The same pod template is reverted once.
		least = 2
	}
	return p.hands[written{one.Namespace, resourceOf(kind)}] >= least ||
		slices.ContainsFunc(one.programs, func(writes program) bool { return writes.kind+" "+writes.name+" " == named })
}

// number reads a number from the environment.
func number(t *testing.T, variable string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	value, err := strconv.ParseUint(text, 10, 64)
	require.NoError(t, err, variable)
	return value
}

// Whatever the specs are, whatever people and programs change by hand, and whatever policies do to what the operator writes: an object is
// written a few times for each of these, a pod is made a few times, and then it is quiet. In the end the objects are what the last spec asks
// for, or the status names who keeps them otherwise.
func TestNoInputMakesALoop(t *testing.T) {
	seed, steps := number(t, seedVariable, 1), number(t, stepsVariable, defaultSteps)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the same again: %s=%d %s=%d", seedVariable, seed, stepsVariable, steps)
		}
	})
	p := newProperty(t, seed)
	for range steps {
		p.step(t)
		time.Sleep(time.Duration(p.random.IntN(500)) * time.Millisecond)
	}
	p.comeToRest(t)
	p.requireFewWrites(t)
	p.requireFewPods(t)
	p.requireSlow(t)
	p.requireRight(t)
}

func newProperty(t *testing.T, seed uint64) *property {
	t.Helper()
	definition, err := admission.Load(filepath.Join(root, "config/crd/bases/barq.db_barqclusters.yaml"))
	require.NoError(t, err)
	trail, err := audit.OpenTrail(auditLog, operatorUser)
	require.NoError(t, err)
	t.Cleanup(func() { _ = trail.Close() })
	p := &property{
		random: rand.New(rand.NewPCG(seed, 0)), definition: definition, trail: trail, hands: map[written]int{},
		pods: map[string]map[types.UID]bool{}, writes: map[audit.Entry]int{}, statuses: map[string]int{},
	}
	p.programs, p.mutations = p.random.Perm(len(programs)), p.random.Perm(len(mutations))
	for _, spec := range []string{`{}`, `{replicas: 2, podDisruptionBudget: {enabled: true}}`, `{replicas: 2, topology: {mode: Independent, scaleDown: Allow}}`} {
		namespace := newNamespace(t)
		if p.label == "" {
			p.label = "example.com/" + namespace
		}
		output(t, kubectl("label", "namespace", namespace, p.label+"=yes"))
		p.watchPods(t, namespace)
		cluster := newCluster(t, namespace, "db", spec)
		p.subjects = append(p.subjects, &subject{BarqCluster: cluster, first: *cluster.Spec.DeepCopy(), specs: []v1alpha1.BarqClusterSpec{*cluster.Spec.DeepCopy()}})
	}
	return p
}

// watchPods counts the pods of a namespace. One that was replaced leaves no trace.
func (p *property) watchPods(t *testing.T, namespace string) {
	t.Helper()
	watcher, err := admin.Watch(t.Context(), &corev1.PodList{}, client.InNamespace(namespace))
	require.NoError(t, err)
	t.Cleanup(watcher.Stop)
	go func() {
		for event := range watcher.ResultChan() {
			pod, ok := event.Object.(*corev1.Pod)
			if !ok {
				continue
			}
			p.lock.Lock()
			name := pod.Namespace + "/" + pod.Name
			if p.pods[name] == nil {
				p.pods[name] = map[types.UID]bool{}
			}
			p.pods[name][pod.UID] = true
			p.lock.Unlock()
		}
	}()
}

// oneOf chooses.
func oneOf[T any](random *rand.Rand, choices []T) T { return choices[random.IntN(len(choices))] }

// step does one thing to one BarqCluster, or to all of them.
func (p *property) step(t *testing.T) {
	t.Helper()
	one := oneOf(p.random, p.subjects)
	switch choice := p.random.IntN(20); {
	case choice < 7:
		p.edit(t, one, p.arbitrarySpec(t, one))
	case choice < 9:
		former := oneOf(p.random, one.specs)
		p.edit(t, one, *former.DeepCopy())
	case choice < 15:
		p.byHand(t, one, oneOf(p.random, slices.Concat(owned, injected, deleted)))
	case choice < 17 && len(one.programs) < 2:
		p.begin(t, one)
	case choice >= 17 && p.policies < 4:
		p.mutate(t)
	}
}

// arbitrarySpec changes a few fields of a spec to what test/arbitrary makes. It leaves out what cannot be taken back, and what other objects
// have to be there for.
func (p *property) arbitrarySpec(t *testing.T, one *subject) v1alpha1.BarqClusterSpec {
	t.Helper()
	refresh(t, one.BarqCluster)
	for range 50 {
		data := make([]byte, 20+p.random.IntN(100))
		for i := range data {
			data[i] = byte(p.random.Uint32())
		}
		made, _, err := unstructured.NestedMap(arbitrary.Cluster(p.definition.Schema(), data).Object, "spec")
		require.NoError(t, err)
		for _, field := range []string{"storage", "topology", "tiering", "tls", "deletionProtection", "replicas", "monitoring"} {
			delete(made, field)
		}
		unstructured.RemoveNestedField(made, "serviceAccount", "create")
		// The more fields there are, the more likely one of them is refused.
		for _, field := range slices.Sorted(maps.Keys(made)) {
			if len(made) > 3 && p.random.IntN(2) == 0 {
				delete(made, field)
			}
		}
		if p.random.IntN(3) == 0 {
			made["replicas"] = int64(p.random.IntN(4))
		}
		changed := one.DeepCopy()
		content, err := json.Marshal(made)
		require.NoError(t, err)
		if json.Unmarshal(content, &changed.Spec) != nil || len(made) == 0 {
			continue
		}
		if admin.Update(t.Context(), changed.DeepCopy(), client.DryRunAll) == nil {
			return changed.Spec
		}
	}
	return *one.Spec.DeepCopy()
}

// edit gives a BarqCluster another spec, if the API server takes it.
func (p *property) edit(t *testing.T, one *subject, spec v1alpha1.BarqClusterSpec) {
	t.Helper()
	refresh(t, one.BarqCluster)
	before := one.Generation
	for {
		one.Spec = spec
		err := admin.Update(t.Context(), one.BarqCluster)
		if err == nil {
			break
		}
		if !apierrors.IsConflict(err) {
			t.Logf("%s: refused: %v", one.Namespace, err)
			return
		}
		refresh(t, one.BarqCluster)
	}
	if one.Generation > before {
		t.Logf("%s: edit, generation %d", one.Namespace, one.Generation)
		one.specs = append(one.specs, *one.Spec.DeepCopy())
	}
}

// byHand does what a person does. The object need not be there, or be such that it can be changed so.
func (p *property) byHand(t *testing.T, one *subject, what byHand) {
	t.Helper()
	if what.name == "finalizer" {
		// It would keep the namespace.
		return
	}
	command := kubectl(append([]string{"-n", one.Namespace}, what.args...)...)
	command.Stdin = strings.NewReader(serverSide)
	if out, err := command.CombinedOutput(); err != nil {
		t.Logf("%s: %s: %s", one.Namespace, what.name, out)
		return
	}
	t.Logf("%s: %s", one.Namespace, what.name)
	for kind, resource := range resources {
		if regexp.MustCompile(`(^|[ ,])`+kind+`([ ,/]|$)`).MatchString(strings.Join(what.args, " ")) || what.name == "server-side" && kind == "svc" {
			p.hands[written{one.Namespace, resource}]++
		}
	}
}

// begin lets a program write an object of a BarqCluster from now on, if it has that object.
func (p *property) begin(t *testing.T, one *subject) {
	t.Helper()
	what := programs[p.programs[0]]
	object := &unstructured.Unstructured{}
	for _, kind := range renderedKinds {
		if kind.Kind == what.kind+"List" {
			object.SetGroupVersionKind(kind.GroupVersion().WithKind(what.kind))
		}
	}
	if err := admin.Get(t.Context(), client.ObjectKey{Namespace: one.Namespace, Name: what.name}, object.DeepCopy()); err != nil {
		t.Logf("%s: %v", one.Namespace, err)
		return
	}
	p.programs = p.programs[1:]
	one.programs = append(one.programs, what)
	t.Logf("%s: a program begins: %+v", one.Namespace, what)
	object.SetNamespace(one.Namespace)
	object.SetName(what.name)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for ctx.Err() == nil {
			// What is so already is not written. It may not be there.
			_ = admin.Patch(ctx, object.DeepCopy(), client.RawPatch(types.MergePatchType, []byte(what.patch)), client.FieldOwner(anotherProgram))
			time.Sleep(100 * time.Millisecond)
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
}

// mutate puts one more policy in force, for all BarqClusters.
func (p *property) mutate(t *testing.T) {
	t.Helper()
	mutation := mutations[p.mutations[0]]
	p.mutations, p.policies = p.mutations[1:], p.policies+1
	t.Logf("a policy begins: %s", mutation.name)
	mutating(t, p.label, "yes", mutation)
}

// mutating puts a policy in force for the namespaces with a label.
func mutating(t *testing.T, label, value string, mutation mutation) {
	t.Helper()
	needsKind(t, admissionregistrationv1.SchemeGroupVersion.WithKind("MutatingAdmissionPolicy"), "a policy changes what is written")
	name := mutation.name + "-" + strconv.FormatUint(rand.Uint64(), 36)
	field := "applyConfiguration"
	if mutation.patchType == "JSONPatch" {
		field = "jsonPatch"
	}
	command := kubectl("apply", "-f", "-")
	command.Stdin = strings.NewReader(fmt.Sprintf(`
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicy
metadata: {name: %[1]s}
spec:
  failurePolicy: Fail
  reinvocationPolicy: Never
  matchConstraints:
    namespaceSelector: {matchLabels: {%[2]s: %[8]q}}
    resourceRules:
    - {apiGroups: ["", apps, networking.k8s.io, policy], apiVersions: ["*"], operations: [CREATE, UPDATE], resources: [%[3]s]}
    excludeResourceRules:
    - {apiGroups: [""], apiVersions: ["*"], operations: ["*"], resources: [pods, secrets, persistentvolumeclaims, events]}
  matchConditions: [{name: fits, expression: %[4]q}]
  mutations: [{patchType: %[5]s, %[6]s: {expression: %[7]q}}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicyBinding
metadata: {name: %[1]s}
spec: {policyName: %[1]s}
`, name, label, mutation.resources, mutation.condition, mutation.patchType, field, mutation.expression, value))
	output(t, command)
	t.Cleanup(func() {
		_ = kubectl("delete", "mutatingadmissionpolicy,mutatingadmissionpolicybinding", name).Run()
	})
}

// read counts what the operator has written since, and returns those writes.
func (p *property) read(t *testing.T) []audit.Entry {
	t.Helper()
	entries, err := p.trail.Entries()
	require.NoError(t, err)
	var found []audit.Entry
	for _, entry := range entries {
		mine := slices.ContainsFunc(p.subjects, func(one *subject) bool { return one.Namespace == entry.Namespace })
		if !mine || !entry.Writes() || entry.DryRun || !entry.Succeeded() {
			continue
		}
		if entry.Resource == "barqclusters/status" {
			p.statuses[entry.Namespace]++
			continue
		}
		if !slices.Contains(slices.Collect(maps.Values(resources)), entry.Resource) {
			continue
		}
		p.writes[audit.Entry{Request: audit.Request{Resource: entry.Resource}, Namespace: entry.Namespace, Name: entry.Name}]++
		found = append(found, entry)
	}
	return found
}

// comeToRest gives every BarqCluster its first spec again, and waits until nothing is written any more. Programs and policies go on.
func (p *property) comeToRest(t *testing.T) {
	t.Helper()
	for _, one := range p.subjects {
		p.edit(t, one, *one.first.DeepCopy())
	}
	var last []audit.Entry
	since := time.Now()
	eventually(t, func() string {
		if found := p.read(t); len(found) > 0 {
			last, since = found, time.Now()
		}
		if time.Since(since) < stillFor {
			return fmt.Sprintf("the operator goes on writing: %+v", last)
		}
		return ""
	})
}

// requireFewWrites bounds the writes of each object by what was done to it.
func (p *property) requireFewWrites(t *testing.T) {
	t.Helper()
	for object, writes := range p.writes {
		one := p.subjects[slices.IndexFunc(p.subjects, func(one *subject) bool { return one.Namespace == object.Namespace })]
		// An edit is tried, for which fields are taken over, and one that is refused is followed by a revert.
		causes := 1 + 2*len(one.specs) + p.hands[written{object.Namespace, object.Resource}] + p.policies
		for _, writes := range one.programs {
			if object.Resource == resourceOf(writes.kind) {
				// Each edit is written over, too.
				causes += promptReverts + 1 + len(one.specs)
			}
		}
		require.LessOrEqual(t, writes, writesOfARevert*causes, "writes of %s %s in %s", object.Resource, object.Name, object.Namespace)
	}
}

// requireFewPods bounds how often each pod was made.
func (p *property) requireFewPods(t *testing.T) {
	t.Helper()
	p.lock.Lock()
	defer p.lock.Unlock()
	for name, uids := range p.pods {
		namespace, _, _ := strings.Cut(name, "/")
		one := p.subjects[slices.IndexFunc(p.subjects, func(one *subject) bool { return one.Namespace == namespace })]
		// A change by hand replaces the pod, and so does its revert.
		most := 1 + len(one.specs) + 2*p.hands[written{namespace, "statefulsets"}] + p.policies
		for _, writes := range one.programs {
			if writes.kind == "StatefulSet" {
				most += promptReverts + len(one.specs)
			}
		}
		require.LessOrEqual(t, len(uids), most, "times that pod %s was made", name)
	}
}

// requireSlow measures for a while how often what is reverted is written: no object more often than once a minute.
func (p *property) requireSlow(t *testing.T) {
	t.Helper()
	before, statuses, pods := maps.Clone(p.writes), maps.Clone(p.statuses), p.podsMade()
	time.Sleep(measuredFor)
	p.read(t)
	for object, writes := range p.writes {
		require.LessOrEqual(t, writes-before[object], writesOfARevert, "writes of %s %s in %s within %s", object.Resource, object.Name, object.Namespace, measuredFor)
	}
	for namespace, writes := range p.statuses {
		require.LessOrEqual(t, writes-statuses[namespace], 6, "writes of the status in %s within %s", namespace, measuredFor)
	}
	for name, made := range p.podsMade() {
		require.LessOrEqual(t, made-pods[name], 2, "times that pod %s was made within %s", name, measuredFor)
	}
}

func (p *property) podsMade() map[string]int {
	p.lock.Lock()
	defer p.lock.Unlock()
	found := map[string]int{}
	for name, uids := range p.pods {
		found[name] = len(uids)
	}
	return found
}

// changedAgain finds the objects that the status says another writer keeps otherwise.
var changedAgain = regexp.MustCompile(`(\w+) "([^"]+)" was changed again after the operator had reverted it`)

// requireRight compares the objects with the last spec, but for those of which the status says that they are changed again and again.
func (p *property) requireRight(t *testing.T) {
	t.Helper()
	renderer := desired.Renderer{Admin: admin, Chart: filepath.Join(root, "helm-charts/barq-db"), Empty: newNamespace(t), Leave: leave}
	for _, one := range p.subjects {
		eventually(t, func() string {
			refresh(t, one.BarqCluster)
			ready := meta.FindStatusCondition(one.Status.Conditions, v1alpha1.ConditionReady)
			if ready == nil || ready.ObservedGeneration != one.Generation {
				return fmt.Sprintf("%+v", ready)
			}
			var told []string
			for _, match := range changedAgain.FindAllStringSubmatch(ready.Message, -1) {
				told = append(told, match[1]+" "+match[2]+" ")
			}
			differences, err := renderer.Compare(t.Context(), one.Namespace, []v1alpha1.BarqCluster{*one.DeepCopy()})
			if err != nil {
				return err.Error()
			}
			wrong := slices.Concat(differences.Missing, differences.Orphaned, differences.Changed)
			wrong = slices.DeleteFunc(wrong, func(difference string) bool {
				return slices.ContainsFunc(told, func(name string) bool { return strings.HasPrefix(difference, name) })
			})
			if len(wrong) > 0 {
				return fmt.Sprintf("%s: %s\nReady says: %s", one.Namespace, strings.Join(wrong, "\n"), ready.Message)
			}
			for _, name := range told {
				if !p.keptOtherwise(one, name) {
					return fmt.Sprintf("%s: no program changes %sagain and again: %s", one.Namespace, name, ready.Message)
				}
			}
			for _, writes := range one.programs {
				if !slices.Contains(told, writes.kind+" "+writes.name+" ") || !strings.Contains(ready.Message, anotherProgram) {
					return fmt.Sprintf("%s: %+v is not told: %s", one.Namespace, writes, ready.Message)
				}
			}
			if len(told) == 0 && ready.Status != metav1.ConditionTrue {
				return fmt.Sprintf("%s: %+v", one.Namespace, ready)
			}
			return ""
		})
	}
}
