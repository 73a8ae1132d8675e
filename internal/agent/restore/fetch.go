//go:build linux

package restore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/barq-db/barq-operator/internal/agent/archive"
	"github.com/barq-db/barq-operator/internal/agent/durable"
	v1 "github.com/barq-db/barq-operator/internal/agentapi/v1"
	"github.com/barq-db/barq-operator/internal/barq/datadir"
)

// stage is where the files are until all are there.
const stage = datadir.Agent + "/restore"

// parallel is how many chunks are fetched concurrently. Each takes about 4 MiB of memory.
const parallel = 8

// fetch writes all files of a round to the stage.
func (r *restoring) fetch(ctx context.Context, at archive.Path, from *archive.Round) error {
	r.begins(newProgress(at, from))
	if err := r.prepareStage(from.State); err != nil {
		return err
	}
	group, fetching := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for _, name := range slices.Sorted(maps.Keys(from.State)) {
		file := from.State[name]
		if len(file.Chunks) == 0 {
			if err := r.writeSmall(name, file.Content); err != nil {
				return errors.Join(err, group.Wait())
			}
			continue
		}
		offset := int64(0)
		for _, chunk := range file.Chunks {
			if fetching.Err() != nil {
				break
			}
			into := part{name: path.Join(stage, name), offset: offset, chunk: chunk}
			offset += chunk.Size
			group.Go(func() error {
				return r.fetchPart(fetching, at, file.Incarnation, into)
			})
		}
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return r.syncStage()
}

// part is where a chunk belongs.
type part struct {
	name   string
	offset int64
	chunk  archive.Chunk
}

// fetchPart makes sure that a chunk is in its file.
func (r *restoring) fetchPart(ctx context.Context, at archive.Path, incarnation string, into part) (err error) {
	file, err := r.root.OpenFile(into.name, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	// An attempt before may have written it.
	if sum, err := archive.Sum(io.NewSectionReader(file, into.offset, into.chunk.Size)); err == nil && sum == into.chunk.SHA256 {
		r.progress.add(into.chunk.Size)
		return nil
	}
	if err := r.Tiers.ReadChunk(ctx, at, incarnation, into.chunk, io.NewOffsetWriter(file, into.offset)); err != nil {
		return fmt.Errorf("%s: %w", into.name, err)
	}
	r.progress.add(into.chunk.Size)
	return nil
}

// prepareStage makes the files with their sizes, and removes what does not belong there.
func (r *restoring) prepareStage(state archive.State) error {
	if err := r.root.MkdirAll(path.Join(stage, datadir.Tenants), 0o755); err != nil {
		return err
	}
	err := fs.WalkDir(r.root.FS(), stage, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if _, is := state[name[len(stage)+1:]]; is {
			return nil
		}
		return r.root.Remove(name)
	})
	if err != nil {
		return err
	}
	for name, file := range state {
		if err := checkName(name); err != nil {
			return err
		}
		staged := path.Join(stage, name)
		if err := r.root.MkdirAll(path.Dir(staged), 0o755); err != nil {
			return err
		}
		made, err := r.root.OpenFile(staged, os.O_CREATE|os.O_WRONLY, 0o644)
		if err != nil {
			return err
		}
		if err := errors.Join(made.Truncate(file.Size()), made.Close()); err != nil {
			return err
		}
	}
	return nil
}

// checkName refuses names that the data directory of a database does not have.
func checkName(name string) error {
	if _, _, is := datadir.OfCollection(name); !is || !fs.ValidPath(name) {
		return &archive.DamagedError{Key: name, Err: errors.New("a round names a file that no collection has")}
	}
	return nil
}

func (r *restoring) writeSmall(name string, content []byte) error {
	file, err := r.root.OpenFile(path.Join(stage, name), os.O_TRUNC|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	r.progress.add(int64(len(content)))
	return errors.Join(err, file.Close())
}

// syncStage puts all on the disk.
func (r *restoring) syncStage() error {
	return fs.WalkDir(r.root.FS(), stage, func(name string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return durable.Sync(r.root, name)
	})
}

// put puts the files in their place.
func (r *restoring) put() error {
	// There is no collection in it.
	if err := r.root.RemoveAll(datadir.Tenants); err != nil {
		return err
	}
	return durable.Move(r.root, path.Join(stage, datadir.Tenants), datadir.Tenants)
}

// progress is how far a restore is.
type progress struct {
	lock sync.Mutex
	at   v1.Restore
}

func newProgress(at archive.Path, from *archive.Round) *progress {
	p := &progress{at: v1.Restore{From: string(at), Started: time.Now().UTC(), Until: from.Until}}
	for _, file := range from.State {
		p.at.Bytes += file.Size()
	}
	return p
}

func (p *progress) add(bytes int64) {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.at.Done += bytes
}

func (p *progress) end() {
	p.lock.Lock()
	defer p.lock.Unlock()
	now := time.Now().UTC()
	p.at.Ended = &now
}

func (p *progress) status() v1.Restore {
	p.lock.Lock()
	defer p.lock.Unlock()
	return p.at
}
