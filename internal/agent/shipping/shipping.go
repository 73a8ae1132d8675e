//go:build linux

package shipping

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/barq-db/barq-operator/internal/agent/archive"
	"github.com/barq-db/barq-operator/internal/agent/tiers"
	"github.com/barq-db/barq-operator/internal/agent/tracked"
	"github.com/barq-db/barq-operator/internal/agent/volume"
	v1 "github.com/barq-db/barq-operator/internal/agentapi/v1"
	"github.com/barq-db/barq-operator/internal/barq/datadir"
	"github.com/barq-db/barq-operator/internal/objectstore"
)

// idle is the time after which a round is written although nothing has changed, so that the time until which all is
// recoverable moves.
const idle = time.Minute

// retake is how long an archive is taken for one's own without a round.
const retake = time.Hour

// finishPause is the time between two attempts to write what is left, for which a stop has little time.
const finishPause = 250 * time.Millisecond

// Options say what is written where.
type Options struct {
	Tiers *tiers.Tiers
	Path  archive.Path
	// MaxLag is how long a write may wait until it is in the archive.
	MaxLag time.Duration
	// Report is told of each change.
	Report func(v1.Archive)
	Log    *slog.Logger
}

// Shipper writes an archive.
type Shipper struct {
	Options
	root *os.Root
	// budget is about how many bytes of files a pass writes at most.
	budget int64
	// chain is nil until the archive is this one's.
	chain *archive.Chain
	// number is that of the last chunk.
	number int64
	known  map[datadir.Collection]*tracked.Collection
	// first is the number of the first round of the epoch, and kept is when the last round was written that stays.
	first int64
	kept  time.Time
	// fresh are chunks that no round has that stays, and garbage has objects to delete.
	fresh   []freshChunk
	garbage []string
	// isMoving says that chunks are being copied to the second tier, which come through copied.
	isMoving bool
	copied   chan []movedChunk
	// isCleaning says that objects are being deleted which nothing needs.
	isCleaning atomic.Bool
	// beside is what goes on beside the passes.
	beside sync.WaitGroup
	// moved are chunks that the next round says are cold, and that are then deleted where they were.
	moved []movedChunk
	// swept is when the archive was last rid of what is not needed.
	swept time.Time
	// said is the last failure that was logged.
	said string

	lock sync.Mutex
	// waiting has those who wait for the next pass. wake starts it at once.
	waiting *waiters
	wake    chan struct{}
	// fenced is why nothing is written any more, and failed why the last pass failed.
	fenced, failed error
	status         v1.Archive
}

// New returns a Shipper of a data directory, which Run starts.
func New(root *os.Root, options Options) *Shipper {
	return &Shipper{
		Options: options, root: root, budget: budget, known: map[datadir.Collection]*tracked.Collection{}, wake: make(chan struct{}, 1), copied: make(chan []movedChunk, 1),
		status: v1.Archive{Since: time.Now().UTC()},
	}
}

// Run writes what is new until the context ends.
func (s *Shipper) Run(ctx context.Context) {
	var looking sync.WaitGroup
	defer looking.Wait()
	defer s.beside.Wait()
	looking.Go(func() { s.Tiers.Watch(ctx, s.Path, lookInterval, s.report) })
	var pauses tiers.Pauses
	for {
		// A pass takes a part of the longest lag too.
		next := s.MaxLag * 4 / 5
		if err := s.pass(ctx); err != nil {
			// With a short lag there is less time to lose.
			next = min(pauses.Next(), max(next, time.Second))
		} else {
			pauses.Reset()
			if !s.isComplete() {
				next = 0
			}
		}
		timer := time.NewTimer(next)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-s.wake:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// Finish writes what is left, after the server has ended. An error says that something is left, unless it is in the
// archive of another.
func (s *Shipper) Finish(ctx context.Context) error {
	// A stop does not wait for what can be done after the next start.
	ctx, stop := context.WithCancel(ctx)
	defer s.beside.Wait()
	defer stop()
	for {
		err := s.pass(ctx)
		if err == nil && s.isComplete() {
			return nil
		}
		if err != nil && (ctx.Err() != nil || s.isFenced() != nil) {
			return err
		}
		if err != nil {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(finishPause):
			}
		}
	}
}

// pass writes what is new, and says what came of it.
func (s *Shipper) pass(ctx context.Context) error {
	if err := s.isFenced(); err != nil {
		s.answer(err)
		return err
	}
	s.lock.Lock()
	waited := s.waiting
	s.waiting = nil
	s.lock.Unlock()
	err := s.take(ctx)
	if err == nil {
		err = s.round(ctx, waited)
	}
	if errors.Is(err, archive.ErrTaken) {
		s.lock.Lock()
		s.fenced = err
		s.lock.Unlock()
	}
	waited.end(err)
	if err != nil && ctx.Err() != nil {
		return err
	}
	s.tell(err)
	return err
}

// take takes the archive over.
func (s *Shipper) take(ctx context.Context) error {
	// A round that is written is not there for ever. So one that has written none for long looks whose the archive is.
	if s.chain != nil && time.Now().Round(0).Sub(s.chain.Last().Written) < retake {
		return nil
	}
	store, codec := s.Tiers.First, s.Tiers.Codec
	if err := objectstore.Probe(ctx, store, s.Path.Probe()); err != nil {
		return err
	}
	known, err := volume.Load(s.root)
	if err != nil {
		return err
	}
	newest, err := archive.Latest(ctx, store, codec, s.Path)
	if err != nil {
		return err
	}
	if newest != nil && newest.Volume != known.ID {
		return archive.ErrTaken
	}
	if known.ID == "" {
		known = volume.New()
		if err := known.Save(s.root); err != nil {
			return err
		}
	}
	if newest == nil {
		if err := s.Path.Register(ctx, store); err != nil {
			return err
		}
	}
	chain, err := archive.Continue(ctx, store, codec, s.Path, newest, known.ID, time.Now())
	if err != nil {
		return err
	}
	s.chain, s.swept, s.first, s.kept, s.fresh = chain, time.Now().Add(firstSweep-sweepInterval), chain.Last().Number, time.Time{}, nil
	s.number = 0
	// The round says where each chunk is. A copy that no round has named yet is no reason to delete the other.
	s.known, s.moved = tracked.Of(chain.Last().State), nil
	s.Log.Info("the archive is written", "archive", s.Path, "epoch", chain.Last().Epoch, "round", chain.Last().Number)
	return nil
}

func (s *Shipper) isFenced() error {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.fenced
}
