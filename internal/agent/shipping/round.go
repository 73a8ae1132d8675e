//go:build linux

package shipping

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"github.com/barq-db/barq-operator/internal/agent/archive"
	"github.com/barq-db/barq-operator/internal/agent/tracked"
	"github.com/barq-db/barq-operator/internal/barq/datadir"
)

// budget is about how many bytes of files a pass writes at most, so that a round says soon what there is of a large database.
const budget = 128 << 20

// memory is about how many bytes it takes to write chunks, each of which takes encoderMemory and what it has when it is compressed.
const (
	memory        = 20 << 20
	encoderMemory = 2 << 20
)

// looked is a collection that a pass has looked at.
type looked struct {
	at datadir.Collection
	*tracked.Collection
	opened  map[*tracked.File]*os.File
	pending int64
	// err is why it could not. Then the archive keeps what it has of the collection.
	err error
}

// round writes what is new, and what there is.
func (s *Shipper) round(ctx context.Context, waited *waiters) error {
	began := time.Now()
	all, err := s.look()
	if err != nil {
		return err
	}
	defer func() {
		for _, found := range all {
			tracked.CloseAll(found.opened)
		}
	}()
	s.reportPending(all)
	wrote, err := s.write(ctx, all)
	if err != nil {
		return err
	}
	complete, failure := settleAll(all, waited)
	s.takeMoved()
	if err := s.append(ctx, began, complete, wrote); err != nil {
		return err
	}
	// What comes after the round is nothing to wait for.
	waited.end(nil)
	s.dropMoved()
	s.startMoving(ctx, began)
	s.startCleaning(ctx, began)
	return failure
}

// settleAll takes in what the next round has of all collections. It reports whether that is all there is, and tells those who wait
// where it is not. The error is why a collection could not be looked at.
func settleAll(all []looked, waited *waiters) (bool, error) {
	complete := true
	var failures []error
	for _, found := range all {
		failure := found.err
		switch {
		case failure != nil:
			failures = append(failures, failure)
		case !found.Settle():
			failure = &incompleteError{collection: found.at}
		default:
			continue
		}
		complete = false
		if waited == nil {
			continue
		}
		if _, waits := waited.of[found.at]; waits {
			waited.of[found.at] = failure
		}
	}
	return complete, errors.Join(failures...)
}

// look looks at all collections. Those with the least to write come first.
func (s *Shipper) look() ([]looked, error) {
	collections, err := datadir.Collections(s.root)
	if err != nil {
		return nil, err
	}
	known := make(map[datadir.Collection]*tracked.Collection, len(collections))
	all := make([]looked, 0, len(collections))
	for _, at := range collections {
		c := s.known[at]
		if c == nil {
			c = tracked.New()
		}
		found := looked{at: at, Collection: c}
		found.opened, found.err = c.Look(s.root, at)
		if errors.Is(found.err, fs.ErrNotExist) {
			continue
		}
		if found.err != nil {
			found.err = fmt.Errorf("collection %s of tenant %s: %w", at.Name, at.Tenant, found.err)
		}
		found.pending = c.Pending()
		known[at] = c
		all = append(all, found)
	}
	s.known = known
	slices.SortStableFunc(all, func(a, b looked) int { return cmp.Compare(a.pending, b.pending) })
	return all, nil
}

// plan is what becomes of a file of a collection.
type plan struct {
	tracked.Plan
	incarnation string
}

// write writes what is new, up to the budget. It reports whether anything was.
func (s *Shipper) write(ctx context.Context, all []looked) (bool, error) {
	var plans []plan
	left := s.budget
	for _, found := range all {
		for _, f := range found.Ordered() {
			handle := found.opened[f]
			if handle == nil || left <= 0 {
				continue
			}
			made, err := tracked.PlanOf(f, handle, left)
			if err != nil {
				return false, err
			}
			for _, piece := range made.Pieces {
				left -= piece.To - piece.From
			}
			plans = append(plans, plan{Plan: made, incarnation: found.Incarnation})
		}
	}
	err := s.upload(ctx, plans)
	for _, made := range plans {
		s.note(made)
		if err := made.Apply(); err != nil {
			return false, err
		}
	}
	return len(plans) > 0, err
}

// upload writes the pieces of all plans.
func (s *Shipper) upload(ctx context.Context, plans []plan) error {
	var group errgroup.Group
	room := semaphore.NewWeighted(memory)
	var once sync.Once
	var first error
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	for _, made := range plans {
		for _, piece := range made.Pieces {
			size := encoderMemory + (piece.To-piece.From)/2
			if err := room.Acquire(ctx, size); err != nil {
				piece.Err = err
				continue
			}
			s.number++
			number := s.number
			group.Go(func() error {
				defer room.Release(size)
				piece.Made, piece.Err = s.chunk(ctx, made.incarnation, piece, number)
				if piece.Err != nil {
					once.Do(func() {
						first = piece.Err
						stop()
					})
				}
				return nil
			})
		}
	}
	_ = group.Wait()
	if first == nil {
		return ctx.Err()
	}
	return first
}

// note takes note of the chunks that were written.
func (s *Shipper) note(made plan) {
	for _, piece := range made.Pieces {
		if piece.Err == nil {
			s.fresh = append(s.fresh, freshChunk{
				key: s.Path.Key(made.incarnation, piece.Made), epoch: piece.Made.Epoch, number: piece.Made.Number, round: s.chain.Last().Number + 1,
			})
		}
	}
}

// chunk writes a chunk.
func (s *Shipper) chunk(ctx context.Context, incarnation string, from *tracked.Piece, number int64) (archive.Chunk, error) {
	made := archive.Chunk{Epoch: s.chain.Last().Epoch, Number: number, Size: from.To - from.From, Created: time.Now().Unix()}
	object := bytes.NewBuffer(make([]byte, 0, made.Size/2))
	sum, err := s.Tiers.Codec.Encode(object, io.NewSectionReader(from.Handle, from.From, made.Size))
	if err != nil {
		return made, err
	}
	made.SHA256, made.Stored = sum, int64(object.Len())
	return made, s.Tiers.First.Create(ctx, s.Path.Key(incarnation, made), bytes.NewReader(object.Bytes()))
}

// state is what the next round says.
func (s *Shipper) state() archive.State {
	state := archive.State{}
	for at, c := range s.known {
		c.AddTo(state, at)
	}
	return state
}

// append writes the next round, if there is something to say.
func (s *Shipper) append(ctx context.Context, began time.Time, complete, wrote bool) error {
	last := s.chain.Last()
	next := archive.Round{Epoch: last.Epoch, Volume: last.Volume, Until: last.Until, State: s.state()}
	if complete {
		next.Until = began.UTC()
	}
	if !wrote && len(s.moved) == 0 && began.Sub(last.Written) < idle && archive.SameFiles(last.State, next.State) {
		s.reportRound(last, began, complete, false)
		return nil
	}
	if err := s.chain.Append(ctx, next, time.Now()); err != nil {
		return err
	}
	s.thin(last)
	s.reportRound(s.chain.Last(), began, complete, wrote)
	return nil
}
