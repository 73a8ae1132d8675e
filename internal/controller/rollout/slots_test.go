package rollout

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/utils/ptr"
)

// finished returns a StatefulSet of three pods whose rollout is done.
func finished() *appsv1.StatefulSet {
	set := &appsv1.StatefulSet{}
	set.Generation = 2
	set.Spec.Replicas = ptr.To[int32](3)
	set.Status = appsv1.StatefulSetStatus{
		ObservedGeneration: 2, Replicas: 3, ReadyReplicas: 3, UpdatedReplicas: 3, AvailableReplicas: 3,
		CurrentRevision: "db-b", UpdateRevision: "db-b",
	}
	return set
}

func TestComplete(t *testing.T) {
	require.True(t, progressOf(finished()).complete)
	for name, change := range map[string]func(*appsv1.StatefulSet){
		"the change was not seen yet": func(set *appsv1.StatefulSet) { set.Generation = 3 },
		"a pod is to be replaced":     func(set *appsv1.StatefulSet) { set.Status.UpdatedReplicas = 2 },
		"a pod is missing":            func(set *appsv1.StatefulSet) { set.Status.Replicas = 2 },
		"a pod is too many":           func(set *appsv1.StatefulSet) { set.Spec.Replicas = ptr.To[int32](2) },
		"a pod has not answered":      func(set *appsv1.StatefulSet) { set.Status.AvailableReplicas = 2 },
		"not all answered yet":        func(set *appsv1.StatefulSet) { set.Status.CurrentRevision = "db-a" },
	} {
		t.Run(name, func(t *testing.T) {
			set := finished()
			change(set)
			require.False(t, progressOf(set).complete)
		})
	}
}

func TestHolds(t *testing.T) {
	starts := finished()
	starts.Status.UpdatedReplicas = 1
	done, begun, asleep := progressOf(finished()), progressOf(starts), progressOf(&appsv1.StatefulSet{
		Spec: appsv1.StatefulSetSpec{Replicas: ptr.To[int32](0)},
	})
	unrequested := revision{number: 2, unrequested: true, deployed: true}
	requested := revision{number: 2, deployed: true}
	failed := revision{number: 2, unrequested: true}

	for name, test := range map[string]struct {
		member member
		want   bool
	}{
		"begun":                         {member{revision: &unrequested, statefulSet: begun}, true},
		"done":                          {member{revision: &unrequested, statefulSet: done}, false},
		"begun, and the spec asked":     {member{revision: &requested, statefulSet: begun}, false},
		"failed before it began":        {member{revision: &failed, statefulSet: done}, true},
		"paused in the middle":          {member{revision: &unrequested, statefulSet: begun, paused: true}, true},
		"the StatefulSet was deleted":   {member{revision: &unrequested}, true},
		"no pods":                       {member{revision: &failed, statefulSet: asleep}, false},
		"being deleted":                 {member{revision: &unrequested, statefulSet: begun, deleting: true}, false},
		"no release of this operator's": {member{statefulSet: begun}, false},
	} {
		t.Run(name, func(t *testing.T) {
			test.member.deadline = time.Minute
			if test.member.revision != nil {
				test.member.revision.made = noon
			}
			require.Equal(t, test.want, test.member.holds(noon.Add(time.Minute-time.Second)))
			require.False(t, test.member.holds(noon.Add(time.Minute)), "a slot ends with the deadline")
		})
	}
}
