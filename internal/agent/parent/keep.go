//go:build linux

package parent

import (
	"context"
	"errors"
	"time"

	"github.com/barq-db/barq-operator/internal/agent/compact"
	"github.com/barq-db/barq-operator/internal/agent/disk"
	"github.com/barq-db/barq-operator/internal/agent/livelog"
	"github.com/barq-db/barq-operator/internal/agent/memory"
	"github.com/barq-db/barq-operator/internal/agent/metrics"
	"github.com/barq-db/barq-operator/internal/agent/schemacopy"
	v1 "github.com/barq-db/barq-operator/internal/agentapi/v1"
	"github.com/barq-db/barq-operator/internal/barq/datadir"
)

// lookInterval is the time between two looks at the schemas and logs, where none is asked for.
const lookInterval = time.Second

// surveyInterval is the time between two looks at how much there is.
const surveyInterval = 15 * time.Second

// keep looks after the schemas and logs from when the server serves until the context ends. Before
// that the server writes nothing.
func (p *parent) keep(ctx context.Context) {
	k := keeping{
		parent: p, dirty: map[datadir.Collection]bool{}, scheduler: compact.NewScheduler(p.root, p.Compaction), turns: make(chan turn, 1),
		logs: livelog.NewKeeper(p.committer, livelog.Options{
			Sync: p.SyncInterval > 0, RotateSize: p.RotateSize, RotateAge: p.RotateAge, Fence: p.Server.Fence, Unsynced: p.reportUnsynced,
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
	serves, surveyed := false, time.Time{}
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
			if serves = p.Server.Serves(ctx) == nil; !serves {
				continue
			}
			p.Log.Info("the server serves")
			now := time.Now().UTC()
			p.Report.Change(func(status *v1.Status) { status.Served = &now })
		}
		k.look(ctx)
		if time.Since(surveyed) >= surveyInterval {
			k.survey(ctx)
			surveyed = time.Now()
		}
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
	// dirty are the collections whose segments cannot be compacted.
	dirty map[datadir.Collection]bool
	// remembered is what the next start is told of the server's memory.
	remembered int64
	// growth is that of the disk's use.
	growth disk.Growth
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
	k.Metrics.Passed(len(report.Rotated), report.Ended)
	for _, file := range report.Rotated {
		k.Log.Info("a log has become a segment", "file", file)
	}
	if report.Ended > 0 {
		k.Log.Warn("a write was cut off, as by a full disk, and the next one has a line of its own", "logs", report.Ended)
	}
	if !k.busy {
		err = errors.Join(err, k.start(ctx))
	}
	problem := ""
	if err != nil && ctx.Err() == nil {
		problem = err.Error()
		k.Log.Error("the logs are not looked after", "error", err)
	}
	k.Report.Change(func(status *v1.Status) {
		status.Log.Problem, status.Log.OldestUnsynced = problem, nil
		if oldest := k.logs.OldestUnsynced().UTC(); !oldest.IsZero() {
			status.Log.OldestUnsynced = &oldest
		}
	})
}

// reportUnsynced takes note of a write that waits for a sync, until the pass over all collections ends.
func (p *parent) reportUnsynced(since time.Time) {
	since = since.UTC()
	p.Report.Change(func(status *v1.Status) {
		if oldest := status.Log.OldestUnsynced; oldest == nil || since.Before(*oldest) {
			status.Log.OldestUnsynced = &since
		}
	})
}

// survey takes note of how much there is.
func (k *keeping) survey(ctx context.Context) {
	state, err := k.logs.State()
	usage, diskErr := disk.Of(k.root)
	documents, countErr := k.documents(ctx, state.Tenants)
	unsound, unsoundErr := schemacopy.Unsound(k.root)
	if err := k.reportMemory(); err != nil {
		k.Log.Error("the memory of the server is not written down", "error", err)
	}
	if err := errors.Join(err, diskErr, countErr, unsoundErr, k.reportQuarantine()); err != nil {
		if ctx.Err() == nil {
			k.Log.Error("the amount of data is not known", "error", err)
		}
		return
	}
	now := time.Now().UTC()
	k.growth.Add(now, usage)
	full, grows := k.growth.Full(now, usage)
	k.Report.Change(func(status *v1.Status) {
		status.Data = v1.Data{Tenants: len(state.Tenants), Collections: state.Collections, Documents: documents, Unsound: unsound}
		status.Log.Bytes, status.Log.Segments, status.Log.Unsealed = state.Bytes, state.Segments, state.Unsealed
		status.Log.NotCompacted, status.Log.Superseded = len(k.dirty), k.scheduler.Superseded()
		status.Disk = v1.Disk{Size: usage.Size, Free: usage.Free, Reserve: k.reserve(usage)}
		if grows {
			status.Disk.Full = &full
		}
	})
}

// reserve is how much has to be free for writes. Where clients come to the server itself, the agent refuses none.
func (k *keeping) reserve(usage disk.Usage) int64 {
	if len(k.doors) == 0 {
		return 0
	}
	return usage.Reserve()
}

// reportMemory takes note of what the server takes, and remembers it if it has changed by a tenth.
func (k *keeping) reportMemory() error {
	used, err := memory.Of(k.pid)
	if err != nil {
		return err
	}
	k.Report.Change(func(status *v1.Status) { status.Memory.Used = used })
	const tenth = 10
	if difference := used - k.remembered; max(difference, -difference)*tenth < k.remembered {
		return nil
	}
	k.remembered = used
	return memory.Remember(k.root, used)
}

func (k *keeping) documents(ctx context.Context, tenants []string) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, surveyInterval)
	defer cancel()
	var all int64
	for _, tenant := range tenants {
		documents, err := k.Server.Documents(ctx, tenant)
		if err != nil {
			return 0, err
		}
		all += documents
	}
	return all, nil
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
		result, err := k.scheduler.Run(ctx, collection, names)
		k.turns <- turn{Collection: collection, result: result, began: began, err: err}
	}()
	return nil
}

// took takes note of a compaction that has ended.
func (k *keeping) took(ctx context.Context, ended turn) {
	k.busy = false
	k.scheduler.Took(ended.Collection, ended.result)
	delete(k.dirty, ended.Collection)
	if ended.result.Dirty > 0 {
		k.dirty[ended.Collection] = true
	}
	about := []any{
		"tenant", ended.Tenant, "collection", ended.Name, "lines", ended.result.Lines, "documents", ended.result.Documents,
		"bytes", ended.result.Bytes, "live", ended.result.Live, "seconds", time.Since(ended.began).Seconds(),
	}
	if ended.err == nil || ctx.Err() == nil {
		k.Metrics.Compacted(resultOf(ended), time.Since(ended.began), ended.result.Bytes, ended.result.Live)
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

// resultOf returns how a compaction is counted.
func resultOf(ended turn) string {
	switch {
	case ended.err != nil:
		return metrics.Failed
	case ended.result.Dirty > 0:
		return metrics.Unsafe
	case ended.result.Done:
		return metrics.Replaced
	default:
		return metrics.Kept
	}
}
