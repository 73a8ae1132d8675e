package chaos

import (
	"context"
	"fmt"
	"time"

	"github.com/barq-db/barq-operator/test/testbed"
	"github.com/barq-db/barq-operator/test/wait"
)

const (
	// cycles is how often, after the first time, everything is installed, edited and deleted in the row about leaks.
	cycles = 5
	// editPause is the time between two edits.
	editPause = 50 * time.Millisecond
	// goroutineGrowth and heapGrowthMiB are what the process may hold more in the end: its memory is never quite the same twice.
	goroutineGrowth = 5
	heapGrowthMiB   = 8
)

// leaks has nothing go wrong, and the operator do in minutes what it does in an hour or more: a thousand edits, and more than two hundred
// installs and deletions.
func leaks() *fault {
	return &fault{
		name: "leaks", inject: byItself,
		does: "Nothing goes wrong: the same BarqClusters are installed, edited many times and deleted, again and again.",
		work: func(s *stage) []work {
			var all []work
			for range cycles {
				all = append(all,
					work{"install", func(ctx context.Context) error { return s.install(ctx, s.parameters.Clusters) }, s.unready},
					work{"edits", s.editManyTimes, s.unready},
					work{"delete", func(ctx context.Context) error { return s.deleteAll(ctx, s.parameters.Clusters) }, s.undeleted},
				)
			}
			return all
		},
	}
}

// editManyTimes makes this cycle's part of the edits, each as soon as the one before is stored.
func (s *stage) editManyTimes(ctx context.Context) error {
	for i := range s.parameters.Edits / cycles {
		name := testbed.ClusterName(i % s.parameters.Clusters)
		patch := fmt.Sprintf(`{"spec":{"service":{"annotations":{"example.com/number":"%d"}}}}`, i)
		if err := insist(ctx, func() error { return s.patch(ctx, name, patch) }); err != nil {
			return err
		}
		// A pace at which nearly each edit is a revision of its own.
		if err := wait.Sleep(ctx, editPause); err != nil {
			return err
		}
	}
	return nil
}
