//go:build linux

package parent

import (
	"context"
	"errors"
	"time"

	"github.com/barq-db/barq-operator/internal/agent/compact"
	"github.com/barq-db/barq-operator/internal/agent/livelog"
	"github.com/barq-db/barq-operator/internal/agent/schemacopy"
	"github.com/barq-db/barq-operator/internal/barq/datadir"
)

// lookInterval is the time between two looks at the schemas and logs, where none is asked for.
const lookInterval = time.Second

// keep looks after the schemas and logs from when the server serves until the context ends. Before
// that the server writes nothing.
func (p *parent) keep(ctx context.Context) {
	k := keeping{
		parent: p, scheduler: compact.NewScheduler(p.root), turns: make(chan turn, 1),
		logs: livelog.NewKeeper(p.root, livelog.Options{
			Sync: p.SyncInterval > 0, RotateSize: p.RotateSize, RotateAge: p.RotateAge, Fence: p.Fence,
		}),
	}
	// A compaction that is interrupted leaves the segments as they are.
	defer func() {
		if k.busy {
			<-k.turns
		}
	}()
	interval := lookInterval
	if p.SyncInterval > 0 {
		interval = min(interval, p.SyncInterval)
	}
	tick := time.NewTicker(interval)
	defer tick.Stop()
	serves := false
	for {
		select {
		case <-ctx.Done():
			return
		case ended := <-k.turns:
			k.took(ctx, ended)
			continue
		case <-tick.C:
		}
		if !serves {
			if serves = p.Fence(ctx) == nil; !serves {
				continue
			}
			p.Log.Info("the server serves")
		}
		k.look(ctx)
	}
}

// keeping is what looks after the data of a server that runs.
type keeping struct {
	*parent
	logs      *livelog.Keeper
	scheduler *compact.Scheduler
	// busy says that there is a compaction, whose end comes through turns.
	busy  bool
	turns chan turn
}

// turn is a compaction that has ended.
type turn struct {
	datadir.Collection
	result compact.Result
	began  time.Time
	err    error
}

// look is a pass over all collections.
func (k *keeping) look(ctx context.Context) {
	report, err := k.logs.Pass(ctx, time.Now())
	err = errors.Join(err, schemacopy.KeepAll(k.root))
	for _, file := range report.Rotated {
		k.Log.Info("a log has become a segment", "file", file)
	}
	if report.Ended > 0 {
		k.Log.Warn("a write was cut off, as by a full disk, and the next one has a line of its own", "logs", report.Ended)
	}
	if !k.busy {
		err = errors.Join(err, k.start(ctx))
	}
	if err != nil && ctx.Err() == nil {
		k.Log.Error("the logs are not looked after", "error", err)
	}
}

// start starts a compaction, if a collection is due.
func (k *keeping) start(ctx context.Context) error {
	collection, names, due, err := k.scheduler.Next(k.logs.Sealed)
	if err != nil || !due {
		return err
	}
	k.busy = true
	began := time.Now()
	go func() {
		result, err := k.scheduler.Run(ctx, collection, names, k.Compaction)
		k.turns <- turn{Collection: collection, result: result, began: began, err: err}
	}()
	return nil
}

// took takes note of a compaction that has ended.
func (k *keeping) took(ctx context.Context, ended turn) {
	k.busy = false
	k.scheduler.Took(ended.Collection, ended.result)
	about := []any{
		"tenant", ended.Tenant, "collection", ended.Name, "lines", ended.result.Lines, "documents", ended.result.Documents,
		"bytes", ended.result.Bytes, "live", ended.result.Live, "seconds", time.Since(ended.began).Seconds(),
	}
	switch {
	case ended.err != nil && ctx.Err() == nil:
		k.Log.Error("the segments are not compacted", append(about, "error", ended.err)...)
	case ended.result.Dirty > 0:
		k.Log.Warn("documents without a payload were written again, so the server has them twice, and the segments are not compacted", append(about, "writes", ended.result.Dirty)...)
	case ended.result.Done:
		k.Log.Info("the segments are compacted", about...)
	}
}
