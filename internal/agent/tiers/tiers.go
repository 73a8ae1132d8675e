package tiers

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/barq-db/barq-operator/internal/agent/archive"
	v1 "github.com/barq-db/barq-operator/internal/agentapi/v1"
	"github.com/barq-db/barq-operator/internal/objectstore"
)

// Tiers are the buckets of a database.
type Tiers struct {
	// First has the rounds and the new chunks, and Second the old ones. Second is nil if there is one bucket.
	First, Second *Tier
	// Codec makes the objects.
	Codec *archive.Codec
	// ColdAfter is how old a chunk becomes before it moves to the second bucket.
	ColdAfter time.Duration
}

// of returns the bucket that has a chunk.
func (t *Tiers) of(chunk archive.Chunk) *Tier {
	if chunk.Cold && t.Second != nil {
		return t.Second
	}
	return t.First
}

// ReadChunk writes the content of a chunk. A round that is older than the move of a chunk says where it was before, so the other bucket is
// asked too.
func (t *Tiers) ReadChunk(ctx context.Context, at archive.Path, incarnation string, chunk archive.Chunk, to io.Writer) error {
	err := archive.ReadChunk(ctx, t.of(chunk), t.Codec, at.Key(incarnation, chunk), chunk, to)
	if !errors.Is(err, objectstore.NotFound) {
		return err
	}
	moved := chunk
	moved.Cold = !chunk.Cold
	if otherErr := archive.ReadChunk(ctx, t.of(moved), t.Codec, at.Key(incarnation, moved), moved, to); !errors.Is(otherErr, objectstore.NotFound) {
		return otherErr
	}
	return err
}

// Move copies a chunk to the second bucket, and reads it there. Then it can be deleted from the first.
func (t *Tiers) Move(ctx context.Context, at archive.Path, incarnation string, chunk archive.Chunk) error {
	var object bytes.Buffer
	if _, err := t.First.Read(ctx, at.Key(incarnation, chunk), &object); err != nil {
		return err
	}
	chunk.Cold = true
	key := at.Key(incarnation, chunk)
	err := t.Second.Create(ctx, key, bytes.NewReader(object.Bytes()))
	// One that was interrupted has copied it, and what is there is read.
	if err != nil && !errors.Is(err, objectstore.Exists) {
		return err
	}
	return archive.ReadChunk(ctx, t.Second, t.Codec, key, chunk, io.Discard)
}

// Status says whether the buckets can be used.
func (t *Tiers) Status(now time.Time) []v1.Tier {
	var status []v1.Tier
	for _, tier := range t.all() {
		status = append(status, tier.status(now))
	}
	return status
}

func (t *Tiers) all() []*Tier {
	if t.Second == nil {
		return []*Tier{t.First}
	}
	return []*Tier{t.First, t.Second}
}

// Watch tells at each interval, until the context ends, that Why and Status may have changed. A bucket that lets an operation wait is
// asked for the probe of a database meanwhile, so that a slow one is told from one that does not answer.
func (t *Tiers) Watch(ctx context.Context, of archive.Path, interval time.Duration, tell func(now time.Time)) {
	var asked sync.WaitGroup
	defer asked.Wait()
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			for _, tier := range t.all() {
				asked.Go(func() { tier.ask(ctx, of.Probe(), now) })
			}
			tell(now)
		}
	}
}

// Why returns the reason of an error, with what was said. Without an error it returns why a bucket does not answer, or v1.TierReachable.
func (t *Tiers) Why(err error, now time.Time) (reason, message string) {
	var damaged *archive.DamagedError
	switch reason, known := ReasonOf(err); {
	case errors.Is(err, archive.ErrTaken):
		return v1.ArchiveFenced, err.Error()
	case errors.As(err, &damaged):
		return v1.ArchiveDamaged, err.Error()
	case known && reason != v1.TierReachable:
		return reason, err.Error()
	case err != nil:
		return v1.ArchiveLagging, err.Error()
	}
	for _, tier := range t.all() {
		if reason, message := tier.Reason(now); reason != v1.TierReachable {
			return reason, message
		}
	}
	return v1.TierReachable, ""
}

const (
	// patience is how long a bucket may leave all that it is asked without an answer before it counts as one that does not answer.
	patience = 15 * time.Second
	// askAfter is how long an operation takes that makes a bucket be asked something small.
	askAfter = 5 * time.Second
)

// Tier is a bucket, as an objectstore.Store that remembers what came of the last operations.
type Tier struct {
	name, provider string
	store          objectstore.Store

	lock sync.Mutex
	// open are the operations that have not ended, with when each began.
	open map[*operation]time.Time
	// reason and message are those of the last operation that ended.
	reason, message string
	// answered is when the bucket answered last, and isAsked says that it is being asked something small.
	answered time.Time
	isAsked  bool
}

type operation struct{ _ byte }

// NewTier returns a Tier with the name warm or cold.
func NewTier(name, provider string, store objectstore.Store) *Tier {
	return &Tier{name: name, provider: provider, store: store, open: map[*operation]time.Time{}, reason: v1.TierReachable}
}

func (t *Tier) status(now time.Time) v1.Tier {
	reason, message := t.Reason(now)
	return v1.Tier{Name: t.name, Provider: t.provider, Reason: reason, Message: message}
}

// Reason returns v1.TierReachable, or why the bucket cannot be used with what was said.
func (t *Tier) Reason(now time.Time) (reason, message string) {
	t.lock.Lock()
	defer t.lock.Unlock()
	if t.waits(now, patience) {
		return v1.TierUnreachable, "the store does not answer"
	}
	return t.reason, t.message
}

// waits reports whether an operation is open for so long, and nothing has been answered for so long.
func (t *Tier) waits(now time.Time, patience time.Duration) bool {
	if now.Sub(t.answered) < patience {
		return false
	}
	for _, began := range t.open {
		if now.Sub(began) >= patience {
			return true
		}
	}
	return false
}

// do does an operation and remembers what came of it.
func (t *Tier) do(operate func() error) error {
	this := &operation{}
	t.lock.Lock()
	t.open[this] = time.Now()
	t.lock.Unlock()
	err := operate()
	t.lock.Lock()
	defer t.lock.Unlock()
	delete(t.open, this)
	reason, known := ReasonOf(err)
	if !known {
		return err
	}
	t.reason, t.message = reason, ""
	if reason != v1.TierReachable {
		t.message = err.Error()
	}
	if reason != v1.TierUnreachable {
		t.answered = time.Now()
	}
	return err
}

// ask asks for something small if the bucket lets an operation wait, and takes note of an answer, whatever it is.
func (t *Tier) ask(ctx context.Context, key string, now time.Time) {
	t.lock.Lock()
	isNeeded := !t.isAsked && t.waits(now, askAfter)
	t.isAsked = t.isAsked || isNeeded
	t.lock.Unlock()
	if !isNeeded {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err := t.store.Attributes(ctx, key)
	t.lock.Lock()
	defer t.lock.Unlock()
	t.isAsked = false
	if reason, known := ReasonOf(err); known && reason != v1.TierUnreachable {
		t.answered = time.Now()
	}
}

// ReasonOf returns what an error says of a bucket. It reports false for one that says nothing of it, as the end of a context.
func ReasonOf(err error) (string, bool) {
	for _, known := range []struct {
		is     objectstore.Reason
		reason string
	}{
		{objectstore.NotFound, v1.TierReachable},
		{objectstore.Exists, v1.TierReachable},
		{objectstore.Corrupt, v1.TierReachable},
		{objectstore.Unreachable, v1.TierUnreachable},
		{objectstore.CredentialsMissing, v1.TierCredentialsMissing},
		{objectstore.CredentialsRejected, v1.TierCredentialsRejected},
		{objectstore.AccessDenied, v1.TierAccessDenied},
		{objectstore.BucketMissing, v1.TierBucketMissing},
		{objectstore.ConditionalWritesUnsupported, v1.TierUnconditional},
		{objectstore.ClockSkewed, v1.TierClockSkewed},
	} {
		if errors.Is(err, known.is) {
			return known.reason, true
		}
	}
	return v1.TierReachable, err == nil
}

// Create is that of the store.
func (t *Tier) Create(ctx context.Context, key string, content io.ReadSeeker) error {
	return t.do(func() error { return t.store.Create(ctx, key, content) })
}

// Read is that of the store.
func (t *Tier) Read(ctx context.Context, key string, to io.Writer) (read objectstore.Attributes, err error) {
	err = t.do(func() error {
		read, err = t.store.Read(ctx, key, to)
		return err
	})
	return read, err
}

// ReadRange is that of the store.
func (t *Tier) ReadRange(ctx context.Context, key string, part objectstore.Range, to io.Writer) error {
	return t.do(func() error { return t.store.ReadRange(ctx, key, part, to) })
}

// List is that of the store.
func (t *Tier) List(ctx context.Context, prefix, token string, limit int) (page objectstore.Page, err error) {
	err = t.do(func() error {
		page, err = t.store.List(ctx, prefix, token, limit)
		return err
	})
	return page, err
}

// Delete is that of the store.
func (t *Tier) Delete(ctx context.Context, key string) error {
	return t.do(func() error { return t.store.Delete(ctx, key) })
}

// Attributes is that of the store.
func (t *Tier) Attributes(ctx context.Context, key string) (attributes objectstore.Attributes, err error) {
	err = t.do(func() error {
		attributes, err = t.store.Attributes(ctx, key)
		return err
	})
	return attributes, err
}
