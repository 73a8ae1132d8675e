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
	"path"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"github.com/barq-db/barq-operator/internal/agent/archive"
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
	*collection
	opened  map[*file]*os.File
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
			closeAll(found.opened)
		}
	}()
	s.reportPending(all)
	wrote, err := s.write(ctx, all)
	if err != nil {
		return err
	}
	complete, failure := settleAll(all, waited)
	if err := s.moveToCold(ctx, began); err != nil {
		return err
	}
	if err := s.append(ctx, began, complete, wrote); err != nil {
		return err
	}
	// What comes after the round is nothing to wait for.
	waited.end(nil)
	return errors.Join(failure, s.deleteMoved(ctx), s.keepTidy(ctx, began))
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
		case !found.settle():
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
	known := make(map[datadir.Collection]*collection, len(collections))
	all := make([]looked, 0, len(collections))
	for _, at := range collections {
		c := s.known[at]
		if c == nil {
			c = newCollection()
		}
		found := looked{at: at, collection: c}
		found.opened, found.err = c.look(s.root, at)
		if errors.Is(found.err, fs.ErrNotExist) {
			continue
		}
		if found.err != nil {
			found.err = fmt.Errorf("collection %s of tenant %s: %w", at.Name, at.Tenant, found.err)
		}
		for _, f := range c.files {
			found.pending += f.pending()
		}
		known[at] = c
		all = append(all, found)
	}
	s.known = known
	slices.SortStableFunc(all, func(a, b looked) int { return cmp.Compare(a.pending, b.pending) })
	return all, nil
}

// piece is a part of a file that becomes a chunk.
type piece struct {
	handle   *os.File
	from, to int64
	made     archive.Chunk
	err      error
}

// plan is what becomes of a file: its chunks up to a number stay, and those after another one too.
type plan struct {
	*file
	collection *collection
	keep, skip int
	pieces     []*piece
}

// write writes what is new, up to the budget. It reports whether anything was.
func (s *Shipper) write(ctx context.Context, all []looked) (bool, error) {
	var plans []plan
	left := s.budget
	for _, found := range all {
		for _, f := range found.ordered() {
			handle := found.opened[f]
			if handle == nil || left <= 0 {
				continue
			}
			made, err := planOf(f, handle, left)
			if err != nil {
				return false, err
			}
			made.collection = found.collection
			for _, piece := range made.pieces {
				left -= piece.to - piece.from
			}
			plans = append(plans, made)
		}
	}
	err := s.upload(ctx, plans)
	for _, made := range plans {
		s.note(made)
		if err := made.apply(); err != nil {
			return false, err
		}
	}
	return len(plans) > 0, err
}

// ordered returns the files in the order in which the server reads them.
func (c *collection) ordered() []*file {
	files := make([]*file, 0, len(c.files))
	for _, f := range c.files {
		files = append(files, f)
	}
	slices.SortFunc(files, func(a, b *file) int { return cmp.Compare(a.name, b.name) })
	return files
}

// planOf divides what is new of a file.
func planOf(f *file, handle *os.File, left int64) (plan, error) {
	p := plan{file: f, keep: len(f.chunks), skip: len(f.chunks)}
	from, to := f.size(), f.end
	if f.pending() == 0 {
		first, last := archive.Joined(f.chunks)
		from = sizeOf(f.chunks[:first])
		to = from + sizeOf(f.chunks[first:last])
		p.keep, p.skip = first, last
	} else if to-from < archive.LargestChunk {
		p.keep -= archive.Absorbed(f.chunks, to-from)
		from = sizeOf(f.chunks[:p.keep])
	}
	for from < to && left > 0 {
		end := to
		if end-from > archive.LargestChunk {
			var err error
			if end, err = lineEnd(handle, from, from+archive.LargestChunk); err != nil {
				return p, err
			}
			if end == from {
				// A line that is longer than a chunk.
				end = from + archive.LargestChunk
			}
		}
		p.pieces = append(p.pieces, &piece{handle: handle, from: from, to: end})
		left -= end - from
		from = end
	}
	return p, nil
}

func sizeOf(chunks []archive.Chunk) int64 { return archive.File{Chunks: chunks}.Size() }

// upload writes the pieces of all plans.
func (s *Shipper) upload(ctx context.Context, plans []plan) error {
	var group errgroup.Group
	room := semaphore.NewWeighted(memory)
	var once sync.Once
	var first error
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	for _, made := range plans {
		for _, piece := range made.pieces {
			size := encoderMemory + (piece.to-piece.from)/2
			if err := room.Acquire(ctx, size); err != nil {
				piece.err = err
				continue
			}
			s.number++
			number := s.number
			group.Go(func() error {
				defer room.Release(size)
				piece.made, piece.err = s.chunk(ctx, made.collection.incarnation, piece, number)
				if piece.err != nil {
					once.Do(func() {
						first = piece.err
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
	for _, piece := range made.pieces {
		if piece.err == nil {
			s.fresh = append(s.fresh, freshChunk{
				key: s.Path.Key(made.collection.incarnation, piece.made), epoch: piece.made.Epoch, number: piece.made.Number, round: s.chain.Last().Number + 1,
			})
		}
	}
}

// chunk writes a chunk.
func (s *Shipper) chunk(ctx context.Context, incarnation string, from *piece, number int64) (archive.Chunk, error) {
	made := archive.Chunk{Epoch: s.chain.Last().Epoch, Number: number, Size: from.to - from.from, Created: time.Now().Unix()}
	object := bytes.NewBuffer(make([]byte, 0, made.Size/2))
	sum, err := s.Tiers.Codec.Encode(object, io.NewSectionReader(from.handle, from.from, made.Size))
	if err != nil {
		return made, err
	}
	made.SHA256, made.Stored = sum, int64(object.Len())
	_, err = s.Tiers.First.Create(ctx, s.Path.Key(incarnation, made), bytes.NewReader(object.Bytes()))
	return made, err
}

// apply takes in the chunks that were written, up to the first that was not.
func (p plan) apply() error {
	var made []archive.Chunk
	for _, piece := range p.pieces {
		if piece.err != nil {
			break
		}
		made = append(made, piece.made)
	}
	if len(made) < len(p.pieces) && p.keep < len(p.chunks) || len(made) == 0 {
		// What it would take the place of stays.
		return nil
	}
	p.chunks = slices.Concat(p.chunks[:p.keep], made, p.chunks[p.skip:])
	last, err := lastBytes(p.pieces[0].handle, p.size())
	p.last = last
	return err
}

// settle takes in what the next round has of a collection. It reports whether that is all there is.
func (c *collection) settle() bool {
	complete := true
	gone := map[string]bool{}
	for name := range c.archived {
		gone[name] = true
	}
	for _, f := range c.files {
		complete = complete && f.pending() == 0
		delete(gone, f.archived)
	}
	archived := map[string]*entry{}
	if !complete {
		// What became of these files is not all in the archive yet.
		for name := range gone {
			archived[name] = c.archived[name]
		}
	}
	for _, f := range c.files {
		if !complete && f.archived == "" && len(gone) > 0 {
			continue
		}
		archived[f.name], f.archived = f.entry, f.name
	}
	c.archived = archived
	return complete
}

// state is what the next round says.
func (s *Shipper) state() archive.State {
	state := archive.State{}
	for at, c := range s.known {
		if len(c.schema) > 0 {
			state[at.Schema()] = archive.File{Incarnation: c.incarnation, Content: c.schema}
		}
		for name, of := range c.archived {
			state[path.Join(at.Folder(), name)] = archive.File{Incarnation: c.incarnation, Chunks: of.chunks}
		}
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

func (s *Shipper) isComplete() bool {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.status.PendingBytes == 0
}

// reportPending takes note of what is not in the archive.
func (s *Shipper) reportPending(all []looked) {
	pending := int64(0)
	for _, found := range all {
		pending += found.pending
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	s.status.PendingBytes = pending
	if pending == 0 || s.status.OldestUnshipped != nil {
		return
	}
	oldest := s.status.Since
	if s.status.RecoverableUntil != nil {
		oldest = *s.status.RecoverableUntil
	}
	s.status.OldestUnshipped = &oldest
}

// reportRound takes note of what is in the archive.
func (s *Shipper) reportRound(last archive.Round, began time.Time, complete, wrote bool) {
	var objects, stored [2]int64
	for _, of := range last.State {
		for _, chunk := range of.Chunks {
			tier := 0
			if chunk.Cold && s.Tiers.Second != nil {
				tier = 1
			}
			objects[tier]++
			stored[tier] += chunk.Stored
		}
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	s.status.Epoch = last.Epoch
	if complete {
		until := began.UTC()
		s.status.RecoverableUntil, s.status.OldestUnshipped, s.status.PendingBytes = &until, nil, 0
	}
	if wrote {
		now := time.Now().UTC()
		s.status.LastShipped = &now
	}
	s.status.Tiers = s.Tiers.Status(time.Now())
	for i := range s.status.Tiers {
		s.status.Tiers[i].Objects, s.status.Tiers[i].Bytes = objects[i], stored[i]
	}
}
