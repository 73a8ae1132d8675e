//go:build linux

package parent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/barq-db/barq-operator/internal/agent/checked"
	"github.com/barq-db/barq-operator/internal/agent/child"
	"github.com/barq-db/barq-operator/internal/agent/compact"
	"github.com/barq-db/barq-operator/internal/agent/datalock"
	"github.com/barq-db/barq-operator/internal/agent/door"
	"github.com/barq-db/barq-operator/internal/agent/livelog"
	"github.com/barq-db/barq-operator/internal/agent/memory"
	"github.com/barq-db/barq-operator/internal/agent/metrics"
	"github.com/barq-db/barq-operator/internal/agent/repair"
	"github.com/barq-db/barq-operator/internal/agent/report"
	"github.com/barq-db/barq-operator/internal/agent/restore"
	"github.com/barq-db/barq-operator/internal/agent/rpcdoor"
	"github.com/barq-db/barq-operator/internal/agent/schemacopy"
	"github.com/barq-db/barq-operator/internal/agent/shipping"
	"github.com/barq-db/barq-operator/internal/agent/termination"
	v1 "github.com/barq-db/barq-operator/internal/agentapi/v1"
	"github.com/barq-db/barq-operator/internal/barq/datadir"
	"github.com/barq-db/barq-operator/internal/barq/ending"
	"github.com/barq-db/barq-operator/internal/barq/server"
)

// failed is the exit code where the server was not started.
const failed = 1

// lockPatience is how long the lock of the data directory is tried for, and lockInterval how often.
const (
	lockPatience = 3 * time.Second
	lockInterval = 50 * time.Millisecond
)

// drainPart is how many tenths of its time to stop are for requests that are open. In the rest the server ends.
const drainPart = 8

// lastAnswers is how long clients of a server that has ended may take to hear of it.
const lastAnswers = time.Second

// Options are what to run, and how.
type Options struct {
	// Command is the server and its arguments.
	Command []string
	// Data is the data directory.
	Data string
	// Policy is what becomes of acknowledged writes that the server cannot read.
	Policy repair.Policy
	// TakeOut names damaged lines to do without.
	TakeOut []repair.Place
	// StopTimeout is how long the server may take to stop before it is killed. It waits for open
	// requests without a limit.
	StopTimeout time.Duration
	// SyncInterval is the time between two syncs of the logs. With 0 nothing is synced while the
	// server runs.
	SyncInterval time.Duration
	// Commit says that writes are answered once they are on the disk.
	Commit bool
	// RotateSize and RotateAge are how large and how old a log becomes before it is moved to the
	// segments.
	RotateSize int64
	RotateAge  time.Duration
	// Archive says where the data is kept besides the disk.
	Archive Archive
	// Compaction bounds what a compaction takes, and says when it is worth it.
	Compaction compact.Options
	// Server is the way to the server.
	Server *server.Server
	// Door is how clients come to the server. Without an address the server listens for them itself.
	Door door.Options
	// Calls is how clients come to it with gRPC. Without an address the server listens for them itself.
	Calls rpcdoor.Options
	// Report is where what is known is collected.
	Report *report.Report
	// Metrics count what is done.
	Metrics *metrics.Metrics
	// TerminationLog is the file for the termination message. If it is not there, none is written.
	TerminationLog string
	Log            *slog.Logger
}

// Run runs the server until it ends, and returns the code to exit with. Each signal asks it to stop;
// one before the server's start ends Run at once, because every step of a repair may be
// interrupted.
func Run(options Options, signals <-chan os.Signal) int {
	p := parent{Options: options}
	if err := p.begin(); err != nil {
		return p.refuse(err)
	}
	prepared := make(chan error, 1)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() { prepared <- p.prepare(ctx) }()
	select {
	case got := <-signals:
		p.Log.Info("stopped before the server was started", "signal", got.String())
		return ending.End{Signal: int(syscall.SIGTERM)}.ExitCode()
	case err := <-prepared:
		if err != nil {
			return p.refuse(err)
		}
	}
	return p.serve(signals)
}

type parent struct {
	Options
	root      *os.Root
	committer *livelog.Committer
	// shipper is nil without an archive.
	shipper *shipping.Shipper
	lock    *datalock.Lock
	// doors are those that are open.
	doors []frontDoor
	// pid is that of the server, once it was started.
	pid int
	// open are the folders of the quarantine that were counted last.
	open []string
}

// blockedError is a plan that blocks the start.
type blockedError struct{ blocks []repair.Block }

// Error is the message of the first block.
func (e blockedError) Error() string { return e.blocks[0].Message }

// begin opens the data directory and the doors.
func (p *parent) begin() (err error) {
	if p.root, err = os.OpenRoot(p.Data); err != nil {
		return err
	}
	p.committer = livelog.NewCommitter(p.root, p.Metrics.Synced)
	p.shipper = p.newShipper()
	return p.openDoors()
}

// prepare makes the data directory one that the server starts with.
func (p *parent) prepare(ctx context.Context) (err error) {
	if err := p.takeLock(); err != nil {
		return err
	}
	if err := p.restore(ctx); err != nil {
		return err
	}
	began := time.Now()
	if err := compact.RecoverAll(p.root); err != nil {
		return err
	}
	found, err := p.look()
	if err != nil {
		return err
	}
	plan := repair.Decide(found, repair.Options{Policy: p.Policy, TakeOut: p.TakeOut})
	for _, block := range plan.Blocks {
		p.Log.Error(block.Message, "tenant", block.Tenant, "collection", block.Name, "file", block.File, "line", block.Line, "offset", block.Offset)
	}
	if len(plan.Blocks) > 0 {
		return blockedError{blocks: plan.Blocks}
	}
	for _, loss := range plan.Losses {
		p.Log.Warn("acknowledged writes are taken out of the log", "tenant", loss.Tenant, "collection", loss.Name,
			"file", loss.File, "kind", loss.Kind, "lines", loss.Count, "first", loss.Line)
	}
	done, err := repair.CarryOut(p.root, plan, time.Now())
	for _, step := range done {
		p.Log.Info("repaired", "file", step.Path, "quarantine", step.Quarantine)
	}
	if err != nil {
		return err
	}
	if len(done) > 0 {
		repaired := repairOf(plan, done, time.Now().UTC())
		p.Report.Change(func(status *v1.Status) { status.Log.Repair = repaired })
	}
	if err := repair.Sync(p.root); err != nil {
		return err
	}
	// A database starts without these, because a full disk has no room for them.
	if err := errors.Join(schemacopy.KeepAll(p.root), p.note(found), p.reportQuarantine()); err != nil {
		p.Log.Error("what helps the next start is not written", "error", err)
	}
	p.Log.Info("the data directory is ready", "collections", len(found), "repairs", len(done), "seconds", time.Since(began).Seconds())
	return nil
}

// look reads the data directory. Where it is not known what the server takes of the memory, that is estimated by all that is there.
func (p *parent) look() ([]repair.Found, error) {
	known := v1.Memory{Limit: memory.Limit(), Before: memory.Remembered(p.root)}
	p.Report.Change(func(status *v1.Status) { status.Memory = known })
	if known.Before > 0 {
		return repair.Look(p.root, checked.Load(p.root).Summary, repair.Weightless)
	}
	var estimate memory.Estimate
	found, err := repair.Look(p.root, repair.Nothing, estimate.Weigh)
	if err != nil {
		return nil, err
	}
	known.Estimate = estimate.Bytes()
	p.Report.Change(func(status *v1.Status) { status.Memory = known })
	p.Log.Info("estimated what the server takes of the memory", "bytes", known.Estimate, "limit", known.Limit)
	return found, nil
}

// repairOf is what a status says of a repair.
func repairOf(plan repair.Plan, done []repair.Done, now time.Time) *v1.Repair {
	found := &v1.Repair{Time: now, Files: len(done)}
	for _, loss := range plan.Losses {
		found.Lost += loss.Count
	}
	if len(plan.Losses) == 0 {
		return found
	}
	first := plan.Losses[0]
	found.First = &v1.Loss{Tenant: first.Tenant, Collection: first.Name, File: first.File, Line: first.Line, Kind: first.Kind}
	for _, step := range done {
		if step.Path == first.File {
			found.First.Quarantine = step.Quarantine
		}
	}
	return found
}

// note remembers the segments that are sound, so that the next start need not read them.
func (p *parent) note(found []repair.Found) error {
	var segments checked.Segments
	for _, collection := range found {
		for _, file := range collection.Files {
			if !collection.WasRead() || len(file.Damages) > 0 || !datadir.IsSegment(file.Path) {
				continue
			}
			if err := segments.Note(p.root, file.Path, file.Size, collection.Schema.Read.Rules(), file.Summary); err != nil {
				return err
			}
		}
	}
	return segments.Save(p.root)
}

// takeLock waits a moment for the lock: the server of an agent that was killed may be ending.
func (p *parent) takeLock() error {
	for deadline := time.Now().Add(lockPatience); ; time.Sleep(lockInterval) {
		lock, err := datalock.Take(p.root, time.Now())
		var held datalock.HeldError
		if errors.As(err, &held) && time.Now().Before(deadline) {
			continue
		}
		p.lock = lock
		return err
	}
}

// serve runs the server.
func (p *parent) serve(signals <-chan os.Signal) int {
	tail, err := child.NewTail(os.Stderr)
	if err != nil {
		return p.refuse(err)
	}
	// The kernel gives up the locks of a process before it ends its children. So the server has the
	// lock too.
	process, err := child.Start(p.Command, p.withheld(), tail.File(), p.lock.File())
	if err != nil {
		p.Log.Error("the server cannot be started", "error", err)
		return p.end(v1.Termination{Reason: string(ending.Settings), Message: err.Error()}, failed)
	}
	p.pid = process.PID()
	p.Log.Info("started the server", "pid", p.pid)
	started := time.Now().UTC()
	p.Report.Change(func(status *v1.Status) { status.Started = started })
	ctx, stop := context.WithCancel(context.Background())
	var kept sync.WaitGroup
	kept.Go(func() { p.keep(ctx) })
	kept.Go(func() { p.Metrics.Scrape(ctx) })
	if p.shipper != nil {
		kept.Go(func() { p.shipper.Run(ctx) })
	}
	p.await(process, signals)
	stop()
	kept.Wait()
	words, err := tail.Words()
	if err != nil {
		p.Log.Error("the server's last words are incomplete", "error", err)
	}
	p.sync()
	p.shipRest()
	cause := ending.Why(process.End(), words)
	p.Log.Info("the server has ended", "reason", cause.Reason, "code", process.End().ExitCode())
	return p.end(v1.Termination{Reason: string(cause.Reason), Message: cause.Message}, process.End().ExitCode())
}

// await waits until the server has ended. A signal asks it to, which it understands as SIGINT.
func (p *parent) await(process *child.Child, signals <-chan os.Signal) {
	var kill <-chan time.Time
	drained := make(chan struct{}, 1)
	for {
		select {
		case <-process.Ended():
			if kill == nil {
				// What is open is answered with 503.
				p.drain(lastAnswers)
			}
			return
		case got := <-signals:
			p.Log.Info("stopping the server", "signal", got.String(), "timeout", p.StopTimeout.String())
			if kill == nil {
				kill = time.After(p.StopTimeout)
				go func() {
					p.drain(p.StopTimeout * drainPart / 10)
					drained <- struct{}{}
				}()
			}
		case <-drained:
			p.signal(process, syscall.SIGINT)
		case <-kill:
			p.Log.Warn("the server did not stop in time and is killed; every write that it has answered is in its log", "timeout", p.StopTimeout.String())
			p.signal(process, syscall.SIGKILL)
		}
	}
}

func (p *parent) signal(process *child.Child, signal syscall.Signal) {
	if err := process.Signal(signal); err != nil {
		p.Log.Error("the server cannot be signalled", "signal", signal.String(), "error", err)
	}
}

// sync syncs what the server wrote, which syncs nothing itself.
func (p *parent) sync() {
	if err := repair.Sync(p.root); err != nil {
		p.Log.Error("the log is not synced, so a crash of the node may lose writes", "error", err)
	}
}

// refuse says why the server was not started.
func (p *parent) refuse(err error) int {
	said := terminationOf(err)
	p.Log.Error(said.Message, "reason", said.Reason)
	return p.end(said, failed)
}

// end writes the termination message and returns the code.
func (p *parent) end(said v1.Termination, code int) int {
	if code == 0 {
		return code
	}
	if err := termination.Write(p.TerminationLog, said); err != nil {
		p.Log.Error("the reason of the end is not in the status of the pod", "file", p.TerminationLog, "error", err)
	}
	return code
}

// terminationOf says why the server was not started.
func terminationOf(err error) v1.Termination {
	var held datalock.HeldError
	var blocked blockedError
	var certificate door.CertificateError
	var listening *net.OpError
	var several *restore.SeveralError
	switch {
	case errors.Is(err, restore.ErrNothing), errors.As(err, &several):
		return v1.Termination{Reason: v1.ReasonNothingToRecover, Message: "The data cannot be recovered: " + err.Error() + ". Correct spec.bootstrap.recovery."}
	case errors.As(err, &certificate):
		return v1.Termination{Reason: string(ending.TLS), Message: "The certificate for clients cannot be read: " + certificate.Err.Error() + ". Correct the Secret that spec.tls names."}
	case errors.As(err, &listening):
		return v1.Termination{Reason: string(ending.Address), Message: err.Error()}
	case errors.As(err, &held):
		return v1.Termination{Reason: v1.ReasonDataDirectoryInUse, Message: err.Error() + ". Two databases on one volume lose each other's writes. Delete one of the two pods."}
	case errors.As(err, &blocked):
		first := blocked.blocks[0]
		more := ""
		if others := len(blocked.blocks) - 1; others > 0 {
			more = fmt.Sprintf(". %d more in its log", others)
		}
		return v1.Termination{
			Reason: v1.ReasonLogNotIntact, Message: first.Message + more,
			File: first.File, Line: first.Line, Tenant: first.Tenant, Collection: first.Name,
		}
	default:
		return v1.Termination{Reason: string(ending.DataDirectory), Message: "The data directory cannot be used: " + err.Error()}
	}
}
