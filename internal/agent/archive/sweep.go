package archive

import (
	"context"
	"errors"
	"path"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/barq-db/barq-operator/internal/objectstore"
)

// keptRounds is for how long rounds stay, and with them what they need. A base is used for basePatience, so what is older than
// keptBases and in none of the bases is needed by no round.
const (
	keptRounds = 24 * time.Hour
	keptBases  = keptRounds + 2*basePatience
)

// place is where a chunk is.
type place struct {
	cold          bool
	epoch, number int64
}

// Sweep deletes rounds that are older than a day, and what no other one needs. It returns how many objects it deleted. Times are those of
// the store. second is nil if there is one bucket.
func (c *Chain) Sweep(ctx context.Context, first, second objectstore.Store) (deleted int, err error) {
	newest, err := first.Attributes(ctx, c.at.Round(c.last.Number))
	if err != nil {
		return 0, err
	}
	s := sweep{Chain: c, now: newest.Time, needed: map[place]bool{}}
	s.need(c.last.State)
	s.need(c.base.Files)
	if err := s.findOld(ctx, first); err != nil {
		return 0, err
	}
	if deleted, err = s.deleteChunks(ctx, first, c.at.Warm(), false); err != nil {
		return deleted, err
	}
	if second != nil {
		count, err := s.deleteChunks(ctx, second, c.at.Cold(), true)
		if deleted += count; err != nil {
			return deleted, err
		}
	}
	// Last, because what they need is known from them.
	count, err := DeleteAll(ctx, first, s.old)
	return deleted + count, err
}

// sweep is one that is under way.
type sweep struct {
	*Chain
	// now is the time of the store.
	now    time.Time
	needed map[place]bool
	// old are the keys of rounds and bases that go.
	old []string
}

// need takes note of the chunks of a state.
func (s *sweep) need(state State) {
	for _, file := range state {
		for _, chunk := range file.Chunks {
			s.needed[place{cold: chunk.Cold, epoch: chunk.Epoch, number: chunk.Number}] = true
		}
	}
}

// findOld finds the rounds and bases that go, and what those need that stay.
func (s *sweep) findOld(ctx context.Context, store objectstore.Store) error {
	err := List(ctx, store, s.at.rounds(), func(object objectstore.Attributes) error {
		if s.now.Sub(object.Time) > keptRounds && object.Key != s.at.Round(s.last.Number) {
			s.old = append(s.old, object.Key)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return List(ctx, store, s.at.bases(), func(object objectstore.Attributes) error {
		if object.Key == s.at.base(s.base.head) {
			return nil
		}
		if s.now.Sub(object.Time) > keptBases {
			s.old = append(s.old, object.Key)
			return nil
		}
		var found base
		if err := readObject(ctx, store, s.codec, object.Key, &found, &found.head); err != nil {
			return err
		}
		s.need(found.Files)
		return nil
	})
}

// deleteChunks deletes the chunks of a tier that are not needed.
func (s *sweep) deleteChunks(ctx context.Context, store objectstore.Store, prefix string, cold bool) (int, error) {
	var keys []string
	err := List(ctx, store, prefix, func(object objectstore.Attributes) error {
		at, err := placeOf(object.Key, cold)
		if err == nil && !s.needed[at] && s.now.Sub(object.Time) > keptBases {
			keys = append(keys, object.Key)
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	return DeleteAll(ctx, store, keys)
}

// placeOf reads a key: EPOCH/INCARNATION/NUMBER at its end.
func placeOf(key string, cold bool) (place, error) {
	rest, number := path.Split(key)
	epoch := path.Base(path.Dir(strings.TrimSuffix(rest, "/")))
	at := place{cold: cold}
	var err error
	if at.number, err = strconv.ParseInt(number, 10, 64); err == nil {
		at.epoch, err = strconv.ParseInt(epoch, 10, 64)
	}
	if err != nil {
		return at, &DamagedError{Key: key, Err: errors.New("its name is not that of a chunk")}
	}
	return at, nil
}

// parallel is how many objects are deleted concurrently.
const parallel = 8

// DeleteAll deletes objects. It returns how many are deleted.
func DeleteAll(ctx context.Context, store objectstore.Store, keys []string) (int, error) {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	var deleted atomic.Int64
	for _, key := range keys {
		if ctx.Err() != nil {
			break
		}
		group.Go(func() error {
			err := store.Delete(ctx, key)
			if err == nil {
				deleted.Add(1)
			}
			return err
		})
	}
	err := group.Wait()
	return int(deleted.Load()), err
}
