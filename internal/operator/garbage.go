package operator

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
)

// garbage keeps the memory of a process that has much to remember from growing to twice of that and more. Go collects
// when as much garbage has come as there is in use, which for a few hundred BarqClusters is little, and spares CPU. With more, there is
// as much room for garbage as with those, until that would cost too much.
type garbage struct {
	// period is the time between two looks at what is in use.
	period time.Duration
	// percent tells Go how much garbage may come.
	percent func(int) int
}

const (
	// room is for garbage, in bytes, as long as the percentages allow for it.
	room = 40 << 20
	// mostPercent and leastPercent are of what is in use. The first is Go's default; with the second, collecting takes twice as
	// much of the CPU as with the first, however much is in use.
	mostPercent  = 100
	leastPercent = 50
	// step is by how much it changes at least: the program stands still for a moment when it does.
	step = 5
)

// limitGarbage does so in the manager's process, unless the user has said how much garbage may come.
func limitGarbage(mgr ctrl.Manager) error {
	if os.Getenv("GOGC") != "" {
		return nil
	}
	if err := mgr.Add(&garbage{period: 5 * time.Second, percent: debug.SetGCPercent}); err != nil {
		return fmt.Errorf("adding the limit of garbage: %w", err)
	}
	return nil
}

// Start looks at what is in use until the context ends.
func (g *garbage) Start(ctx context.Context) error {
	ticker := time.NewTicker(g.period)
	defer ticker.Stop()
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	percent := mostPercent
	for {
		metrics.Read(sample)
		if wanted := percentFor(sample[0].Value.Uint64()); wanted != percent {
			percent = wanted
			g.percent(percent)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// NeedLeaderElection is false: a replica that waits for its turn fills its caches too.
func (g *garbage) NeedLeaderElection() bool { return false }

func percentFor(inUse uint64) int {
	if inUse <= room {
		return mostPercent
	}
	percent := int(mostPercent * room / inUse)
	return max(leastPercent, percent-percent%step)
}
