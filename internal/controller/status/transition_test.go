package status

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/status"
)

// first is the status that the lease controller has begun.
func first() *v1alpha1.BarqClusterStatus {
	claimed := status.First(time.Now())
	return &claimed
}

func TestOnlyProgressCanWait(t *testing.T) {
	said := func(ready metav1.ConditionStatus, reason string, others ...metav1.Condition) *v1alpha1.BarqClusterStatus {
		conditions := slices.Concat(others, []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: ready, Reason: reason}})
		if meta.FindStatusCondition(others, v1alpha1.ConditionSecretsAvailable) == nil {
			conditions = append(conditions, metav1.Condition{Type: v1alpha1.ConditionSecretsAvailable, Status: metav1.ConditionTrue})
		}
		return &v1alpha1.BarqClusterStatus{Conditions: conditions}
	}
	stalled := func(value metav1.ConditionStatus) metav1.Condition {
		return metav1.Condition{Type: v1alpha1.ConditionStalled, Status: value}
	}
	applying := said(metav1.ConditionFalse, v1alpha1.ReasonApplying, stalled(metav1.ConditionFalse))
	claimed := first()
	for name, test := range map[string]struct {
		stored, computed *v1alpha1.BarqClusterStatus
		want             bool
	}{
		"a rollout after an apply":     {applying, said(metav1.ConditionFalse, v1alpha1.ReasonRollingOut, stalled(metav1.ConditionFalse)), true},
		"the next pod":                 {applying, applying, true},
		"a status that no claim began": {&v1alpha1.BarqClusterStatus{}, applying, false},
		"the first status":             {claimed, applying, true},
		"the first status of an operator that began without conditions": {&v1alpha1.BarqClusterStatus{Phase: v1alpha1.PhasePending}, applying, true},
		"the first status is stalled":                                   {claimed, said(metav1.ConditionFalse, v1alpha1.ReasonRollingOut, stalled(metav1.ConditionTrue)), false},
		"the first status is held back": {claimed, said(metav1.ConditionFalse, v1alpha1.ReasonApplying,
			metav1.Condition{Type: v1alpha1.ConditionChangesPending, Status: metav1.ConditionTrue}), false},
		"the first status misses a Secret": {claimed, said(metav1.ConditionFalse, v1alpha1.ReasonApplying,
			metav1.Condition{Type: v1alpha1.ConditionSecretsAvailable, Status: metav1.ConditionFalse}), false},
		"the first status is an answer":          {claimed, said(metav1.ConditionTrue, v1alpha1.ReasonReady), false},
		"an answer before the volumes are known": {applying, said(metav1.ConditionTrue, v1alpha1.ReasonApplying, stalled(metav1.ConditionFalse)), true},
		"an answer in a rollout":                 {applying, said(metav1.ConditionTrue, v1alpha1.ReasonRollingOut, stalled(metav1.ConditionFalse)), false},
		"an answer before, and the volumes":      {said(metav1.ConditionTrue, v1alpha1.ReasonApplying), said(metav1.ConditionTrue, v1alpha1.ReasonReady), false},
		"an answer":                              {applying, said(metav1.ConditionTrue, v1alpha1.ReasonReady, stalled(metav1.ConditionFalse)), false},
		"an answer that is gone":                 {said(metav1.ConditionTrue, v1alpha1.ReasonReady), said(metav1.ConditionFalse, v1alpha1.ReasonRollingOut), false},
		"a fault":                                {applying, said(metav1.ConditionFalse, v1alpha1.ReasonPodsNotReady, stalled(metav1.ConditionFalse)), false},
		"a fault that has passed":                {said(metav1.ConditionFalse, v1alpha1.ReasonPodsNotReady), said(metav1.ConditionFalse, v1alpha1.ReasonRollingOut), false},
		"nothing more will happen":               {applying, said(metav1.ConditionFalse, v1alpha1.ReasonRollingOut, stalled(metav1.ConditionTrue)), false},
		"the deletion of what is being made":     {applying, said(metav1.ConditionFalse, v1alpha1.ReasonDeleting, stalled(metav1.ConditionFalse)), false},
		"the deletion of what is Ready":          {said(metav1.ConditionTrue, v1alpha1.ReasonReady), said(metav1.ConditionFalse, v1alpha1.ReasonDeleting), false},
		"the deletion of what is claimed":        {claimed, said(metav1.ConditionFalse, v1alpha1.ReasonDeleting), false},
		"the next pod that is deleted":           {said(metav1.ConditionFalse, v1alpha1.ReasonDeleting), said(metav1.ConditionFalse, v1alpha1.ReasonDeleting), true},
		"another condition":                      {applying, said(metav1.ConditionFalse, v1alpha1.ReasonRollingOut), false},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, test.want, onlyProgress(test.stored, test.computed))
		})
	}
}

// Progress before the first answer can wait, and so can the news that a change is applied to a
// BarqCluster that is Ready. A loss or a fault cannot.
func TestCanWait(t *testing.T) {
	stored := func(ready metav1.ConditionStatus, reason string, edits ...func(*v1alpha1.BarqClusterStatus)) *v1alpha1.BarqClusterStatus {
		made := &v1alpha1.BarqClusterStatus{
			ObservedGeneration: 3, ReadyReplicas: 2,
			Conditions: []metav1.Condition{
				{Type: v1alpha1.ConditionReady, Status: ready, Reason: reason},
				{Type: v1alpha1.ConditionStalled, Status: metav1.ConditionFalse},
				{Type: v1alpha1.ConditionSecretsAvailable, Status: metav1.ConditionTrue},
			},
		}
		for _, edit := range edits {
			edit(made)
		}
		return made
	}
	is := stored(metav1.ConditionTrue, v1alpha1.ReasonReady)
	claimed := first()
	reconciling := func(reason string) func(*v1alpha1.BarqClusterStatus) {
		return func(s *v1alpha1.BarqClusterStatus) {
			s.Conditions = append(s.Conditions, metav1.Condition{Type: v1alpha1.ConditionReconciling, Status: metav1.ConditionTrue, Reason: reason})
		}
	}
	starts := stored(metav1.ConditionFalse, v1alpha1.ReasonRollingOut, reconciling(v1alpha1.ReasonRollingOut))
	neverAnswered := stored(metav1.ConditionFalse, v1alpha1.ReasonPodsNotReady, reconciling(v1alpha1.ReasonRollingOut))
	lost := stored(metav1.ConditionFalse, v1alpha1.ReasonPodsNotReady, reconciling(v1alpha1.ReasonPodsNotReady))
	stalls := stored(metav1.ConditionFalse, v1alpha1.ReasonPodsNotReady, reconciling(v1alpha1.ReasonRollingOut), func(s *v1alpha1.BarqClusterStatus) {
		s.Conditions[1].Status = metav1.ConditionTrue
	})
	for name, test := range map[string]struct {
		stored, computed *v1alpha1.BarqClusterStatus
		want             bool
	}{
		"claimed":                  {claimed, stored(metav1.ConditionFalse, v1alpha1.ReasonApplying), true},
		"a change is applied":      {is, stored(metav1.ConditionFalse, v1alpha1.ReasonApplying), true},
		"it has taken pods away":   {is, stored(metav1.ConditionFalse, v1alpha1.ReasonRollingOut), false},
		"another reason to say so": {stored(metav1.ConditionTrue, v1alpha1.ReasonPaused), stored(metav1.ConditionFalse, v1alpha1.ReasonApplying), false},
		"a pod less while a change is applied": {is, stored(metav1.ConditionFalse, v1alpha1.ReasonApplying, func(s *v1alpha1.BarqClusterStatus) {
			s.ReadyReplicas--
		}), false},
		"it stalls while a change is applied": {is, stored(metav1.ConditionFalse, v1alpha1.ReasonApplying, func(s *v1alpha1.BarqClusterStatus) {
			s.Conditions[1].Status = metav1.ConditionTrue
		}), false},
		"trouble from the start":           {claimed, neverAnswered, true},
		"trouble at a start":               {starts, neverAnswered, true},
		"other trouble at a start":         {neverAnswered, neverAnswered, true},
		"trouble at a start has passed":    {neverAnswered, starts, true},
		"trouble at a start has no end":    {neverAnswered, stalls, false},
		"trouble at a start, for too long": {stalls, starts, false},
		"they answer after trouble":        {neverAnswered, is, false},
		"a loss":                           {starts, lost, false},
		"a loss is over":                   {lost, starts, false},
		"a fault":                          {is, stored(metav1.ConditionFalse, v1alpha1.ReasonPodsNotReady), false},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, test.want, canWait(test.stored, test.computed))
		})
	}
}
