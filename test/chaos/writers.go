package chaos

import (
	"context"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/test/testbed"
)

// The others who write.
const (
	byHand            = "kubectl-edit"
	anotherController = "another-controller"
)

// handEdit is a change that a person makes of an object of the chart, in what the chart owns whole. No pod notices it.
type handEdit struct {
	kind func(meta metav1.ObjectMeta) client.Object
	// patch is a JSON merge patch; empty deletes the object.
	patch string
}

func service(meta metav1.ObjectMeta) client.Object {
	return &corev1.Service{ObjectMeta: meta}
}

func serviceAccount(meta metav1.ObjectMeta) client.Object {
	return &corev1.ServiceAccount{ObjectMeta: meta}
}

func budget(meta metav1.ObjectMeta) client.Object {
	return &policyv1.PodDisruptionBudget{ObjectMeta: meta}
}

func networkPolicy(meta metav1.ObjectMeta) client.Object {
	return &networkingv1.NetworkPolicy{ObjectMeta: meta}
}

func statefulSet(meta metav1.ObjectMeta) client.Object {
	return &appsv1.StatefulSet{ObjectMeta: meta}
}

// handEdits has a person change and delete what the chart owns.
func handEdits() *fault {
	edits := []handEdit{
		{service, `{"spec":{"selector":{"app.kubernetes.io/instance":"another"}}}`},
		{service, `{"spec":{"publishNotReadyAddresses":true}}`},
		{service, `{"spec":{"ports":[{"name":"by-hand","port":9}]}}`},
		{service, `{"spec":{"sessionAffinity":"ClientIP"}}`},
		{service, ``},
		{serviceAccount, `{"automountServiceAccountToken":true}`},
		{serviceAccount, ``},
		{budget, `{"spec":{"maxUnavailable":3}}`},
		{budget, `{"spec":{"maxUnavailable":null,"minAvailable":1}}`},
		{budget, `{"spec":{"selector":null}}`},
		{budget, ``},
		{networkPolicy, `{"spec":{"ingress":[]}}`},
		{networkPolicy, `{"spec":{"policyTypes":["Ingress","Egress"],"egress":[]}}`},
		{networkPolicy, ``},
		{statefulSet, `{"spec":{"minReadySeconds":5}}`},
		{statefulSet, `{"spec":{"updateStrategy":{"rollingUpdate":{"partition":1}}}}`},
		{statefulSet, `{"spec":{"persistentVolumeClaimRetentionPolicy":{"whenDeleted":"Delete"}}}`},
	}
	return &fault{
		name: "hand-edits", least: 3,
		does: "A person changes selectors, ports, policies, budgets and the StatefulSet by hand, and deletes some of them: " +
			"one object of each BarqCluster in two seconds.",
		inject: func(ctx context.Context, s *stage) error {
			return repeat(func(ctx context.Context, s *stage) error {
				edit := edits[s.random.IntN(len(edits))]
				return s.write(ctx, s.random.IntN(s.row.Clusters), edit, byHand)
			}, 2*time.Second/time.Duration(s.row.Clusters))(ctx, s)
		},
	}
}

// otherWriters has a controller insist on other values than the chart's.
func otherWriters() *fault {
	edits := []handEdit{
		{service, `{"spec":{"sessionAffinity":"ClientIP"}}`},
		{budget, `{"spec":{"maxUnavailable":3}}`},
		{networkPolicy, `{"spec":{"ingress":[]}}`},
		{statefulSet, `{"spec":{"minReadySeconds":5}}`},
	}
	return &fault{
		name: "other-writers",
		does: "Another controller writes its own values into four objects of each third BarqCluster, twice a second.",
		inject: repeat(func(ctx context.Context, s *stage) error {
			for i := 0; i < s.row.Clusters; i += 3 {
				for _, edit := range edits {
					if err := s.write(ctx, i, edit, anotherController); err != nil {
						return err
					}
				}
			}
			return nil
		}, 500*time.Millisecond),
	}
}

// write makes a change of an object of a BarqCluster. One that is not there, not yet or no longer, is left.
func (s *stage) write(ctx context.Context, index int, edit handEdit, as string) error {
	object := edit.kind(metav1.ObjectMeta{Namespace: s.namespace, Name: testbed.ClusterName(index)})
	if edit.patch == "" {
		return client.IgnoreNotFound(s.Admin.Delete(ctx, object))
	}
	return client.IgnoreNotFound(s.Admin.Patch(ctx, object, client.RawPatch(types.MergePatchType, []byte(edit.patch)), client.FieldOwner(as)))
}
