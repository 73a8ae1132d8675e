package rollout

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/barq-db/barq-operator/internal/requeue"
)

const (
	// slowAfter is how long a rollout takes before the messages of those that wait name it. Each such
	// change writes the status of every one of them.
	slowAfter = 30 * time.Second
	// named is how many slow rollouts a message names.
	named = 3
)

// holder is a BarqCluster that holds a slot.
type holder struct {
	name  types.NamespacedName
	since time.Time
	// until is when it loses the slot.
	until time.Time
}

// heldMessage says what a BarqCluster waits for while its data is at risk.
const heldMessage = "the pods need a restart for a change of a Secret or of the operator, not of the spec. " +
	"The restart waits until no PVC is at risk; see the condition VolumesResized"

// message says what a BarqCluster waits for, what is to change in its pods, and how many go first.
func message(limit int, change string, ahead int, slow string) string {
	what := "the pods need a restart for a change that the operator brings, not the spec"
	if change != "" {
		what += " (" + change + ")"
	}
	if limit == 0 {
		return what + "; --max-unrequested-rollouts of the operator is 0, so the restart waits until it is raised" + slow
	}
	return what + fmt.Sprintf("; the operator restarts at most %d BarqCluster(s) at a time (--max-unrequested-rollouts), and %s", limit, others(ahead)) + slow
}

// others says how many go before a BarqCluster. Every change of it writes a status, so a large number
// is rounded.
func others(ahead int) string {
	switch {
	case ahead == unplaced:
		return "others come first"
	case ahead == 0:
		return "this one is next"
	case ahead == 1:
		return "1 other that waits comes first"
	case ahead < 10:
		return fmt.Sprintf("%d others that wait come first", ahead)
	}
	round := 10
	for round*10 <= ahead {
		round *= 10
	}
	return fmt.Sprintf("at least %d others that wait come first", round)
}

// slowest names those that have held a slot for long. It returns how soon time alone changes that or
// ends a slot; zero for never.
func slowest(holders map[types.UID]holder, now time.Time) (text string, left time.Duration) {
	var slow []holder
	for _, h := range holders {
		left = requeue.Sooner(left, h.until.Sub(now))
		if young := slowAfter - now.Sub(h.since); young > 0 {
			left = requeue.Sooner(left, young)
			continue
		}
		slow = append(slow, h)
	}
	slices.SortFunc(slow, func(a, b holder) int {
		return cmp.Or(a.since.Compare(b.since), strings.Compare(a.name.String(), b.name.String()))
	})
	var told []string
	for _, h := range slow[:min(len(slow), named)] {
		told = append(told, fmt.Sprintf("%s since %s", h.name, h.since.UTC().Format(time.RFC3339)))
	}
	if more := len(slow) - len(told); more > 0 {
		told = append(told, fmt.Sprintf("%d more", more))
	}
	if len(told) == 0 {
		return "", left
	}
	return "; still restarting: " + strings.Join(told, ", "), left
}
