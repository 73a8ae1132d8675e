//go:build linux

package shipping

import (
	"context"
	"errors"
	"time"

	"github.com/barq-db/barq-operator/internal/agent/archive"
	"github.com/barq-db/barq-operator/internal/objectstore"
)

// moveBudget is how many bytes are moved to the cold tier between two rounds, as they are stored.
const moveBudget = 64 << 20

// sweepInterval is the time between two looks for what is not needed, and firstSweep is when the first one is.
const (
	sweepInterval = 6 * time.Hour
	firstSweep    = 10 * time.Minute
)

// movedChunk is a chunk that is in both tiers.
type movedChunk struct {
	incarnation string
	chunk       archive.Chunk
}

// startMoving copies old chunks to the second tier beside the passes, because a tier that fails must not hold up the other.
func (s *Shipper) startMoving(ctx context.Context, now time.Time) {
	if s.Tiers.Second == nil || s.isMoving {
		return
	}
	old := s.old(now.Add(-s.Tiers.ColdAfter))
	if len(old) == 0 {
		return
	}
	s.isMoving = true
	s.beside.Go(func() {
		var moved []movedChunk
		for _, each := range old {
			if err := s.Tiers.Move(ctx, s.Path, each.incarnation, each.chunk); err != nil {
				// The first tier still has the chunk.
				if ctx.Err() == nil {
					s.Log.Warn("data is not moved to the cold tier", "archive", s.Path, "error", err)
				}
				break
			}
			moved = append(moved, each)
		}
		s.copied <- moved
	})
}

// old returns chunks of the last round that were written before a time, up to a budget.
func (s *Shipper) old(before time.Time) []movedChunk {
	var found []movedChunk
	left := int64(moveBudget)
	for _, c := range s.known {
		c.Replace(func(chunk archive.Chunk) archive.Chunk {
			if !chunk.Cold && chunk.Created <= before.Unix() && left > 0 {
				left -= chunk.Stored
				found = append(found, movedChunk{incarnation: c.Incarnation, chunk: chunk})
			}
			return chunk
		})
	}
	return found
}

// takeMoved takes in what was copied since the last pass: the next round says that it is in the second tier.
func (s *Shipper) takeMoved() {
	var copied []movedChunk
	select {
	case copied = <-s.copied:
	default:
		return
	}
	s.isMoving = false
	is := make(map[[2]int64]bool, len(copied))
	for _, each := range copied {
		is[[2]int64{each.chunk.Epoch, each.chunk.Number}] = true
	}
	for _, c := range s.known {
		c.Replace(func(chunk archive.Chunk) archive.Chunk {
			if !chunk.Cold && is[[2]int64{chunk.Epoch, chunk.Number}] {
				s.moved = append(s.moved, movedChunk{incarnation: c.Incarnation, chunk: chunk})
				chunk.Cold = true
			}
			return chunk
		})
	}
}

// dropMoved has the chunks deleted from the first tier of which a round has said that they are in the second.
func (s *Shipper) dropMoved() {
	for _, each := range s.moved {
		s.garbage = append(s.garbage, s.Path.Key(each.incarnation, each.chunk))
	}
	s.moved = nil
}

// freshChunk is a chunk that no round has that stays.
type freshChunk struct {
	key           string
	epoch, number int64
	// round is the first one that can have it.
	round int64
}

// thin keeps one of the rounds of a time: where writes wait for rounds, there are many. The first round of an epoch stays, because one
// who has lost the archive meets it. Chunks that only rounds have that go, and nothing else, go with them.
func (s *Shipper) thin(before archive.Round) {
	if before.Number == 0 || before.Number > s.first && before.Written.Sub(s.kept) < s.MaxLag/2 {
		if before.Number > 0 {
			s.garbage = append(s.garbage, s.Path.Round(before.Number))
		}
		return
	}
	s.kept = before.Written
	if len(s.fresh) == 0 {
		return
	}
	unused := map[[2]int64]freshChunk{}
	var later []freshChunk
	for _, chunk := range s.fresh {
		if chunk.round <= before.Number {
			unused[[2]int64{chunk.epoch, chunk.number}] = chunk
		} else {
			later = append(later, chunk)
		}
	}
	s.fresh = later
	use := func(chunk archive.Chunk) { delete(unused, [2]int64{chunk.Epoch, chunk.Number}) }
	for _, state := range []archive.State{before.State, s.chain.Last().State} {
		for _, of := range state {
			for _, chunk := range of.Chunks {
				use(chunk)
			}
		}
	}
	// What is not in a round yet, because not all of a collection is there, will be.
	for _, c := range s.known {
		c.EachChunk(use)
	}
	for _, chunk := range unused {
		s.garbage = append(s.garbage, chunk.key)
	}
}

// startCleaning deletes garbage beside the passes, because writes wait for these, and from time to time what else nothing needs. What it
// cannot delete goes with the next sweep.
func (s *Shipper) startCleaning(ctx context.Context, now time.Time) {
	isDue := now.Sub(s.swept) >= sweepInterval
	if len(s.garbage) == 0 && !isDue || !s.isCleaning.CompareAndSwap(false, true) {
		return
	}
	keys := s.garbage
	s.garbage = nil
	if isDue {
		s.swept = now
	}
	// What comes to the chain meanwhile is too young to go.
	chain := *s.chain
	s.beside.Go(func() {
		defer s.isCleaning.Store(false)
		_, err := archive.DeleteAll(ctx, s.Tiers.First, keys)
		if isDue {
			err = errors.Join(err, s.sweep(ctx, &chain))
		}
		if err != nil && ctx.Err() == nil {
			s.Log.Warn("objects that nothing needs are not all deleted", "archive", s.Path, "error", err)
		}
	})
}

func (s *Shipper) sweep(ctx context.Context, chain *archive.Chain) error {
	var second objectstore.Store
	if s.Tiers.Second != nil {
		second = s.Tiers.Second
	}
	deleted, err := chain.Sweep(ctx, s.Tiers.First, second)
	if deleted > 0 {
		s.Log.Info("objects that nothing needs are deleted", "archive", s.Path, "objects", deleted)
	}
	return err
}
