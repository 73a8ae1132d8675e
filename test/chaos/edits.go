package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/test/chaos/apiproxy"
	"github.com/barq-db/barq-operator/test/testbed"
	"github.com/barq-db/barq-operator/test/wait"
)

// passes is how many edits are made of each BarqCluster before the one that stays.
const passes = 5

// written are the resources that the chart writes, but for the database's own claims and pods.
var written = []string{"services", "serviceaccounts", "networkpolicies", "poddisruptionbudgets", "statefulsets"}

// editFaults are those of edits that the API server does not take, wholly or half-way.
func editFaults() []*fault {
	return []*fault{refusedEdits(), halfAppliedEdits(), failingStores()}
}

// refusedEdits has edits refused of which a part would be taken. Nothing of them may be applied.
func refusedEdits() *fault {
	return &fault{
		name: "refused-edits", inject: byItself,
		does: "Before the upgrade each gets edits that Kubernetes refuses: a variable that cannot be, and a Service and a pod that a policy forbids.",
		work: func(s *stage) []work { return s.lifecycleAfter(s.refuse) },
		before: func(ctx context.Context, s *stage) error {
			return s.judge(ctx, []string{"services", "pods"}, "!('example.com/refused' in object.metadata.?annotations.orValue({}))")
		},
		after: func(ctx context.Context, s *stage) error { return s.forgetPolicy(ctx) },
	}
}

// halfAppliedEdits has edits refused after all of them was tried, and a part was written.
func halfAppliedEdits() *fault {
	return &fault{
		name: "half-applied-edits",
		does: "A policy takes each trial of a write, and then refuses the write of one kind of object, another kind every two seconds. " +
			"Each gets five edits before the one that stays.",
		work: func(s *stage) []work { return s.lifecycleAfter(s.pass) },
		before: func(ctx context.Context, s *stage) error {
			return s.judge(ctx, written, "true")
		},
		inject: func(ctx context.Context, s *stage) error {
			err := repeat(func(ctx context.Context, s *stage) error {
				return s.rejudge(ctx, fmt.Sprintf("request.dryRun || request.resource.resource != %q", written[s.random.IntN(len(written))]))
			}, 2*time.Second)(ctx, s)
			if err != nil {
				return err
			}
			return s.rejudge(context.WithoutCancel(ctx), "true")
		},
		after: func(ctx context.Context, s *stage) error { return s.forgetPolicy(ctx) },
	}
}

// failingStores has Helm's storage fail.
func failingStores() *fault {
	f := connectionFault("failing-stores", "Half of all writes of Secrets, which releases are stored in, are answered with 500. "+
		"Each gets five edits before the one that stays.", apiproxy.Fault{
		Refused: 1. / 2, Refusal: apiproxy.InternalError, Only: func(request *http.Request) bool {
			return request.Method != http.MethodGet && strings.Contains(request.URL.Path, "/secrets")
		},
	})
	f.work = func(s *stage) []work { return s.lifecycleAfter(s.pass) }
	return f
}

// lifecycleAfter is the lifecycle, in which something is done with each BarqCluster before its upgrade.
func (s *stage) lifecycleAfter(do func(ctx context.Context, name string, random *rand.Rand) error) []work {
	works := s.lifecycle(s.row.Clusters)
	upgrade := works[1].begin
	works[1].begin = func(ctx context.Context) error {
		err := each(ctx, s.row.Clusters, func(ctx context.Context, i int) error {
			return do(ctx, testbed.ClusterName(i), rand.New(rand.NewPCG(s.parameters.Seed, uint64(1+i))))
		})
		if err != nil {
			return err
		}
		return upgrade(ctx)
	}
	return works
}

// nothing takes back what the edits below change of a spec.
var nothing = map[string]any{
	"env": nil, "logLevel": nil, "minReadySeconds": 0, "networkPolicy": nil, "podAnnotations": nil,
	"podDisruptionBudget": nil, "service": nil, "serviceAccount": nil,
}

// only changes a spec in nothing but the given fields.
func (s *stage) only(ctx context.Context, name string, fields map[string]any) error {
	spec := maps.Clone(nothing)
	maps.Copy(spec, fields)
	patch, err := json.Marshal(map[string]any{"spec": spec})
	if err != nil {
		return err
	}
	return insist(ctx, func() error { return s.patch(ctx, name, string(patch)) })
}

// refuse makes edits that are refused, each of which asks for more than what is refused.
func (s *stage) refuse(ctx context.Context, name string, _ *rand.Rand) error {
	for _, edit := range []map[string]any{
		{
			"env":            []any{map[string]any{"name": "NODE", "valueFrom": map[string]any{"fieldRef": map[string]any{"fieldPath": "spec.noSuchField"}}}},
			"serviceAccount": annotated("passing"),
		},
		{"service": annotated("refused"), "podDisruptionBudget": map[string]any{"maxUnavailable": 2}, "logLevel": "debug"},
		{"podAnnotations": map[string]any{"example.com/refused": "yes"}, "networkPolicy": map[string]any{"enabled": false}},
	} {
		before, err := s.renderer.Versions(ctx, s.namespace, name)
		if err != nil {
			return err
		}
		if err := s.only(ctx, name, edit); err != nil {
			return err
		}
		waiting, cancel := context.WithTimeout(ctx, s.parameters.Patience)
		err = s.await(waiting, func(ctx context.Context) (string, error) { return s.unrefused(ctx, name) })
		cancel()
		if err != nil {
			s.violation("the edit %v of %s was not refused: %v", edit, name, err)
			return ctx.Err()
		}
		after, err := s.renderer.Versions(ctx, s.namespace, name)
		if err != nil {
			return err
		}
		if !maps.Equal(before, after) {
			s.violation("the edit %v of %s was refused, and a part of it was written: %v before, %v afterwards", edit, name, before, after)
		}
	}
	return s.only(ctx, name, nil)
}

func annotated(key string) map[string]any {
	return map[string]any{"annotations": map[string]any{"example.com/" + key: "yes"}}
}

// unrefused says what a BarqCluster tells instead of that its newest spec is refused.
func (s *stage) unrefused(ctx context.Context, name string) (string, error) {
	cluster := &v1alpha1.BarqCluster{}
	if err := s.Admin.Get(ctx, client.ObjectKey{Namespace: s.namespace, Name: name}, cluster); err != nil {
		return "", err
	}
	stalled := meta.FindStatusCondition(cluster.Status.Conditions, v1alpha1.ConditionStalled)
	if stalled != nil && stalled.Status == metav1.ConditionTrue && stalled.ObservedGeneration == cluster.Generation {
		return "", nil
	}
	return fmt.Sprintf("generation %d has %+v", cluster.Generation, stalled), nil
}

// pass makes edits that no pod notices, in places that the edit which stays leaves as they were.
func (s *stage) pass(ctx context.Context, name string, random *rand.Rand) error {
	for range passes {
		edits := []map[string]any{
			{"service": annotated(fmt.Sprintf("passing-%d", random.IntN(3)))},
			{"serviceAccount": annotated(fmt.Sprintf("passing-%d", random.IntN(3)))},
			{"podDisruptionBudget": map[string]any{"maxUnavailable": 1 + random.IntN(3)}},
			{"podDisruptionBudget": map[string]any{"enabled": false}},
			{"networkPolicy": map[string]any{"enabled": false}},
			{"minReadySeconds": random.IntN(3)},
		}
		fields := maps.Clone(edits[random.IntN(len(edits))])
		maps.Copy(fields, edits[random.IntN(len(edits))])
		if err := s.only(ctx, name, fields); err != nil {
			return err
		}
		if err := wait.Sleep(ctx, time.Duration(random.IntN(1500))*time.Millisecond); err != nil {
			return err
		}
	}
	return s.only(ctx, name, nil)
}

// judge has the API server refuse what of a stage's namespace an expression is false for, for one kind of fault at a time.
func (s *stage) judge(ctx context.Context, resources []string, expression string) error {
	policy := &admissionregistrationv1.ValidatingAdmissionPolicy{ObjectMeta: metav1.ObjectMeta{Name: s.namespace}}
	policy.Spec.MatchConstraints = &admissionregistrationv1.MatchResources{
		NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"kubernetes.io/metadata.name": s.namespace}},
		ResourceRules: []admissionregistrationv1.NamedRuleWithOperations{{RuleWithOperations: admissionregistrationv1.RuleWithOperations{
			Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Create, admissionregistrationv1.Update},
			Rule:       admissionregistrationv1.Rule{APIGroups: []string{"*"}, APIVersions: []string{"*"}, Resources: resources},
		}}},
	}
	policy.Spec.Validations = []admissionregistrationv1.Validation{{Expression: expression, Message: "injected"}}
	if err := s.Admin.Create(ctx, policy); err != nil {
		return err
	}
	binding := &admissionregistrationv1.ValidatingAdmissionPolicyBinding{ObjectMeta: metav1.ObjectMeta{Name: s.namespace}}
	binding.Spec.PolicyName = policy.Name
	binding.Spec.ValidationActions = []admissionregistrationv1.ValidationAction{admissionregistrationv1.Deny}
	return s.Admin.Create(ctx, binding)
}

// rejudge changes the expression.
func (s *stage) rejudge(ctx context.Context, expression string) error {
	policy := &admissionregistrationv1.ValidatingAdmissionPolicy{ObjectMeta: metav1.ObjectMeta{Name: s.namespace}}
	if err := s.Admin.Get(ctx, client.ObjectKeyFromObject(policy), policy); err != nil {
		return err
	}
	policy.Spec.Validations[0].Expression = expression
	return s.Admin.Update(ctx, policy)
}

func (s *stage) forgetPolicy(ctx context.Context) error {
	named := metav1.ObjectMeta{Name: s.namespace}
	if err := s.Admin.Delete(ctx, &admissionregistrationv1.ValidatingAdmissionPolicyBinding{ObjectMeta: named}); err != nil {
		return err
	}
	return s.Admin.Delete(ctx, &admissionregistrationv1.ValidatingAdmissionPolicy{ObjectMeta: named})
}
