package lease

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/types"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestNext(t *testing.T) {
	vectors := types.NamespacedName{Namespace: "team", Name: "vectors"}
	other := types.NamespacedName{Namespace: "team", Name: "other"}
	for name, test := range map[string]struct {
		rival    rival
		question string
		after    time.Duration
		want     step
		left     time.Duration
		then     rival
	}{
		"met for the first time": {
			want: ask, left: patience,
		},
		"asked by this operator before it was restarted": {
			question: "me", want: leave, left: patience,
			then: rival{asked: vectors, waiting: true, since: noon, seen: true},
		},
		"asked by a third one": {
			question: "third", want: leave, left: patience,
			then: rival{asked: vectors, waiting: true, since: noon, seen: true},
		},
		"the question has not reached the cache": {
			rival: rival{asked: vectors, waiting: true, since: noon}, after: 10 * time.Second,
			want: leave, left: 20 * time.Second,
			then: rival{asked: vectors, waiting: true, since: noon},
		},
		"the question has": {
			rival: rival{asked: vectors, waiting: true, since: noon}, question: "me", after: 10 * time.Second,
			want: leave, left: 20 * time.Second,
			then: rival{asked: vectors, waiting: true, since: noon, seen: true},
		},
		"an answer": {
			rival: rival{asked: vectors, waiting: true, since: noon, seen: true}, after: 10 * time.Second,
			want: leave, left: interval,
			then: rival{asked: vectors, since: noon.Add(10 * time.Second), seen: true, answered: true},
		},
		"an answer before the question was seen": {
			rival: rival{asked: vectors, waiting: true, since: noon}, after: patience,
			want: leave, left: interval,
			then: rival{asked: vectors, since: noon.Add(patience), answered: true},
		},
		"no answer": {
			rival: rival{asked: vectors, waiting: true, since: noon, seen: true}, question: "me", after: patience,
			want: takeOver,
			then: rival{asked: vectors, waiting: true, since: noon, seen: true},
		},
		"no answer to the third one, which may be about to take over": {
			rival: rival{asked: vectors, waiting: true, since: noon, seen: true}, question: "third", after: patience,
			want: leave, left: patience,
			then: rival{asked: vectors, waiting: true, since: noon, seen: true},
		},
		"the third one has gone as well": {
			rival: rival{asked: vectors, waiting: true, since: noon, seen: true}, question: "third", after: 2 * patience,
			want: ask, left: patience,
			then: rival{asked: vectors, waiting: true, since: noon, seen: true},
		},
		"asked on another BarqCluster": {
			rival: rival{asked: other, waiting: true, since: noon, seen: true}, after: 10 * time.Second,
			want: leave, left: 20 * time.Second,
			then: rival{asked: other, waiting: true, since: noon, seen: true},
		},
		"answered a moment ago": {
			rival: rival{asked: other, since: noon, answered: true}, after: 10 * time.Second,
			want: leave, left: 20 * time.Second,
			then: rival{asked: other, since: noon, answered: true},
		},
		"answered some time ago": {
			rival: rival{asked: other, since: noon, answered: true}, after: interval,
			want: ask, left: patience,
			then: rival{asked: other, since: noon, answered: true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			cluster := &v1alpha1.BarqCluster{}
			cluster.Namespace, cluster.Name = vectors.Namespace, vectors.Name
			cluster.Status.Takeover = test.question
			todo, left := test.rival.next(cluster, "me", noon.Add(test.after))
			require.Equal(t, test.want, todo)
			require.Equal(t, test.left, left)
			require.Equal(t, test.then, test.rival)
		})
	}
}
