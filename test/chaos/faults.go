package chaos

import (
	"context"
	"slices"
	"time"

	"github.com/barq-db/barq-operator/test/chaos/apiproxy"
	"github.com/barq-db/barq-operator/test/chaos/jumpingclock"
	"github.com/barq-db/barq-operator/test/cluster"
	"github.com/barq-db/barq-operator/test/wait"
)

const (
	// clockJumps is the name of the fault that needs an operator that is built for it.
	clockJumps = "clock-jumps"
	// killed is the name of the one that has a number of BarqClusters of its own.
	killed = "killed"
)

// fault is one thing that goes wrong.
type fault struct {
	name string
	// does says what goes wrong, for the report.
	does string
	// inject makes it go wrong until the context ends, and leaves everything working. It counts in the stage what it does.
	inject func(ctx context.Context, s *stage) error
	// least is how often it goes wrong for each BarqCluster before a kind of work may end; 0 is once for all of them.
	least int
	// work is what is done meanwhile; the lifecycle of Parameters.Clusters BarqClusters if nil.
	work func(s *stage) []work
	// afterwards is what a user has to do after each fault, if anything.
	afterwards func(ctx context.Context, s *stage) error
	// before and after are done once for all work.
	before, after func(ctx context.Context, s *stage) error

	// proxied operators reach the API server through the proxy, and jumping ones have a clock that can jump. Further processes
	// run beside the first.
	proxied, jumping       bool
	further                int
	arguments, environment []string
}

// faults are all rows, in their order.
func faults() []*fault {
	return slices.Concat(
		[]*fault{
			{
				name: killed, does: "The operator is killed (SIGKILL) at random moments, and started again at once.",
				inject: killAtRandom,
			},
			{
				name: "api-restarted", does: "The API server is killed, and is back after a second, every ten seconds.",
				inject: repeat(func(ctx context.Context, s *stage) error {
					return s.Control.Restart(ctx, cluster.APIServer, time.Second)
				}, 10*time.Second),
			},
			{
				name: "etcd-restarted", does: "etcd is killed, and is back after a second, every ten seconds.",
				inject: repeat(func(ctx context.Context, s *stage) error {
					return s.Control.Restart(ctx, cluster.Etcd, time.Second)
				}, 10*time.Second),
			},
			{
				name: "etcd-paused", does: "etcd gives no answer for 12 seconds, then works for five.",
				inject: repeat(func(ctx context.Context, s *stage) error {
					return s.Control.Pause(ctx, cluster.Etcd, 12*time.Second)
				}, 5*time.Second),
			},
		},
		connectionFaults(),
		[]*fault{leaderLost(), twoOperators(), damagedReleases()},
		editFaults(),
		[]*fault{handEdits(), otherWriters()},
		[]*fault{
			{
				name: clockJumps, does: "The operator's clock jumps every second: an hour ahead, two back, a day ahead, a minute back, and right again.",
				// One round of jumps at a time, of which the work sees some.
				inject: repeat(func(ctx context.Context, _ *stage) error { return wait.Sleep(ctx, 5*time.Second) }, 0), jumping: true, arguments: []string{"--leader-elect"},
				environment: []string{jumpingclock.Variable + "=" + jumpingclock.Schedule(time.Second,
					0, time.Hour, -time.Hour, 23*time.Hour, 23*time.Hour-time.Minute)},
			},
			badClusters(), randomSequences(), leaks(),
		},
	)
}

// connectionFaults are those of the connection to the API server.
func connectionFaults() []*fault {
	made := []*fault{
		connectionFault("slow", "Each request takes 300 ms longer.", apiproxy.Fault{Delay: 300 * time.Millisecond}),
		connectionFault("too-many-requests", "A third of all requests is answered with 429, ask again in a second.",
			apiproxy.Fault{Refused: 1. / 3, Refusal: apiproxy.TooManyRequests}),
		connectionFault("internal-errors", "A fifth of all requests is answered with 500.",
			apiproxy.Fault{Refused: 1. / 5, Refusal: apiproxy.InternalError}),
		connectionFault("conflicts", "A third of all updates and patches is answered with 409, another version is newer.",
			apiproxy.Fault{Refused: 1. / 3, Refusal: apiproxy.Conflict}),
		connectionFault("lost-answers", "A fifth of all requests is carried out, and the connection breaks before the answer.",
			apiproxy.Fault{Lost: 1. / 5}),
		connectionFault("stale-caches", "All watches are three seconds late.", apiproxy.Fault{Lag: 3 * time.Second}),
	}
	return append(made, &fault{
		name: "watches-cut", does: "All watches are cut, twice a second.", proxied: true,
		inject: repeat(func(_ context.Context, s *stage) error {
			s.proxy.CutWatches()
			return nil
		}, 500*time.Millisecond),
	})
}

// connectionFault makes the connection bad for as long as it lasts.
func connectionFault(name, does string, bad apiproxy.Fault) *fault {
	return &fault{
		name: name, does: does, proxied: true,
		inject: func(ctx context.Context, s *stage) error {
			before := s.proxy.Harmed()
			s.proxy.Set(bad)
			defer s.proxy.Set(apiproxy.Fault{})
			for wait.Sleep(ctx, 200*time.Millisecond) == nil {
				harmed := s.proxy.Harmed()
				if bad.Lag > 0 {
					// Whatever is watched is late.
					harmed = before + 1
				}
				s.injected.Add(int64(harmed - before))
				before = harmed
			}
			return nil
		},
	}
}

// repeat does something again and again, with a pause after each time. What has begun is brought to its end.
func repeat(once func(ctx context.Context, s *stage) error, pause time.Duration) func(context.Context, *stage) error {
	return func(ctx context.Context, s *stage) error {
		for ctx.Err() == nil {
			if err := once(context.WithoutCancel(ctx), s); err != nil {
				return err
			}
			s.injected.Add(1)
			_ = wait.Sleep(ctx, pause)
		}
		return nil
	}
}

// byItself is for what goes wrong by itself.
func byItself(ctx context.Context, s *stage) error {
	s.injected.Add(1)
	<-ctx.Done()
	return nil
}

// killAtRandom lets the operator work for up to three seconds at a time.
func killAtRandom(ctx context.Context, s *stage) error {
	for wait.Sleep(ctx, time.Duration(s.random.IntN(3000))*time.Millisecond) == nil {
		s.operators[0].Kill()
		if err := s.operators[0].Start(); err != nil {
			return err
		}
		s.injected.Add(1)
	}
	return nil
}
