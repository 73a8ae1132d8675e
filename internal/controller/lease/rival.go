package lease

import (
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

const (
	// patience is how long an operator has to answer. A replica that takes over from a killed one
	// works after 17 seconds, when the Lease has expired.
	patience = 30 * time.Second
	// interval is the time from an answer to the next question.
	interval = 30 * time.Second
)

// rival is another operator and its BarqClusters in one namespace. It is asked on one of them, for
// all.
type rival struct {
	// asked is the BarqCluster on which it was asked.
	asked types.NamespacedName
	// waiting: no answer has come yet.
	waiting bool
	// since is when it was asked or, while no answer is due, when it answered.
	since time.Time
	// seen: the question has reached the cache, so its absence means an answer.
	seen bool
	// answered: it has answered at least once.
	answered bool
}

// step is what to do about a BarqCluster of a rival.
type step int

const (
	leave step = iota
	ask
	takeOver
)

// next decides what to do about one of the rival's BarqClusters, and returns when to reconcile it
// again. It measures time only with its own clock, because clocks differ.
func (r *rival) next(cluster *v1alpha1.BarqCluster, operator string, now time.Time) (step, time.Duration) {
	name := types.NamespacedName{Namespace: cluster.Namespace, Name: cluster.Name}
	question := cluster.Status.Takeover
	answered := !r.waiting && !r.since.IsZero()
	switch {
	case answered && now.Before(r.since.Add(interval)):
		return leave, r.since.Add(interval).Sub(now)
	case !r.waiting && question == "":
		return ask, patience
	case !r.waiting:
		// The question is from before a restart, or from a third operator.
		r.wait(name, now)
		r.seen = true
		return leave, patience
	case r.asked != name:
		return leave, max(r.since.Add(patience).Sub(now), time.Second)
	default:
		return r.await(question, operator, now)
	}
}

// await looks for an answer on the BarqCluster on which the rival was asked.
func (r *rival) await(question, operator string, now time.Time) (step, time.Duration) {
	waited, limit := now.Sub(r.since), patience
	if question != "" && question != operator {
		// The third operator goes first, unless it is gone too.
		limit *= 2
	}
	switch {
	case question == "" && (r.seen || waited >= limit):
		r.waiting, r.answered, r.since = false, true, now
		return leave, interval
	case waited < limit:
		r.seen = r.seen || question != ""
		return leave, limit - waited
	case question != operator:
		return ask, patience
	default:
		return takeOver, 0
	}
}

// wait begins to wait for an answer on the BarqCluster.
func (r *rival) wait(name types.NamespacedName, now time.Time) {
	*r = rival{asked: name, waiting: true, since: now, answered: r.answered}
}
