package archive

import (
	"cmp"
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
	needed := map[place]bool{}
	add := func(state State) {
		for _, file := range state {
			for _, chunk := range file.Chunks {
				needed[place{cold: chunk.Cold, epoch: chunk.Epoch, number: chunk.Number}] = true
			}
		}
	}
	add(c.last.State)
	add(c.base.Files)
	var old []string
	err = List(ctx, first, c.at.rounds(), func(object objectstore.Attributes) error {
		if newest.Time.Sub(object.Time) > keptRounds && object.Key != c.at.Round(c.last.Number) {
			old = append(old, object.Key)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	err = List(ctx, first, c.at.bases(), func(object objectstore.Attributes) error {
		if object.Key == c.at.base(c.base.head) {
			return nil
		}
		if newest.Time.Sub(object.Time) > keptBases {
			old = append(old, object.Key)
			return nil
		}
		var found base
		if err := readObject(ctx, first, c.codec, object.Key, &found, &found.head); err != nil {
			return err
		}
		add(found.Files)
		return nil
	})
	if err != nil {
		return 0, err
	}
	for _, tier := range []struct {
		store  objectstore.Store
		prefix string
		cold   bool
	}{{first, c.at.Warm(), false}, {second, c.at.Cold(), true}} {
		if tier.store == nil {
			continue
		}
		var chunks []string
		err := List(ctx, tier.store, tier.prefix, func(object objectstore.Attributes) error {
			at, err := placeOf(object.Key, tier.cold)
			if err == nil && !needed[at] && newest.Time.Sub(object.Time) > keptBases {
				chunks = append(chunks, object.Key)
			}
			return err
		})
		count, deleteErr := DeleteAll(ctx, tier.store, chunks)
		deleted += count
		if err := cmp.Or(err, deleteErr); err != nil {
			return deleted, err
		}
	}
	// Last, because what they need is known from them.
	count, err := DeleteAll(ctx, first, old)
	return deleted + count, err
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
