package progress

import (
	"fmt"
	"io"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// Lines writes a line for each change of a BarqCluster's state, with the time since
// it was made.
type Lines struct {
	out   io.Writer
	clock func() time.Time

	started time.Time
	width   int
	last    map[client.ObjectKey]State
}

// NewLines prepares the lines of some BarqClusters, whose names it aligns.
func NewLines(out io.Writer, keys []client.ObjectKey) *Lines {
	return newLines(out, keys, time.Now)
}

func newLines(out io.Writer, keys []client.ObjectKey, clock func() time.Time) *Lines {
	width := 0
	for _, key := range keys {
		width = max(width, len(key.Name))
	}
	return &Lines{out: out, clock: clock, started: clock(), width: width, last: map[client.ObjectKey]State{}}
}

// Show writes a line if the BarqCluster's state is not the one shown last.
func (l *Lines) Show(cluster *v1alpha1.BarqCluster) {
	key, state := client.ObjectKeyFromObject(cluster), StateOf(cluster)
	if last, shown := l.last[key]; shown && last == state {
		return
	}
	l.last[key] = state
	_, _ = fmt.Fprintf(l.out, "%6.1f s  %-*s  %s\n", l.clock().Sub(l.started).Seconds(), l.width, cluster.Name, state)
}
