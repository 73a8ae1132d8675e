//go:build linux

package livelog

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"sync"
	"time"

	"github.com/barq-db/barq-operator/internal/agent/durable"
	"github.com/barq-db/barq-operator/internal/barq/datadir"
)

// Committer puts what the server has written on the disk, for those who wait for it. Those who come during a sync of a
// collection share the next one.
type Committer struct {
	root *os.Root
	// synced is told how long each sync took.
	synced func(time.Duration)

	lock   sync.Mutex
	queues map[datadir.Collection]*queue
}

// queue is of those who wait for the syncs of one collection.
type queue struct {
	// moved is the segment that was the log, and that the server may still write to.
	moved string
	// failed is why a sync failed, after which no other one of the same file says anything.
	failed error
	// running says that there is a sync, and next is the one after it, if a write waits for it.
	running bool
	next    *round
	// folder and schema are the times of the last changes that were synced, and gone says that there was no folder. Only the sync
	// that runs has to do with them.
	folder, schema time.Time
	gone           bool
}

// round is a sync for all that wait for it.
type round struct {
	ended chan struct{}
	err   error
}

// NewCommitter returns a Committer of the logs in a data directory, in which all is synced. synced is told how long each sync took.
func NewCommitter(root *os.Root, synced func(time.Duration)) *Committer {
	return &Committer{root: root, synced: synced, queues: map[datadir.Collection]*queue{}}
}

// Commit returns when all that the server had written of a collection before the call is on the disk. An error says that it may not
// be there, or that the context has ended.
func (c *Committer) Commit(ctx context.Context, collection datadir.Collection) error {
	c.lock.Lock()
	of := c.of(collection)
	if err := of.failed; err != nil {
		c.lock.Unlock()
		return err
	}
	if of.next == nil {
		of.next = &round{ended: make(chan struct{})}
	}
	waited := of.next
	if !of.running {
		of.running = true
		go c.run(collection, of)
	}
	c.lock.Unlock()
	select {
	case <-waited.ended:
		return waited.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Check returns why a write to a collection would not be committed, if that is known before.
func (c *Committer) Check(collection datadir.Collection) error {
	c.lock.Lock()
	defer c.lock.Unlock()
	if of := c.queues[collection]; of != nil {
		return of.failed
	}
	return nil
}

// of returns the queue of a collection. The lock is held.
func (c *Committer) of(collection datadir.Collection) *queue {
	of := c.queues[collection]
	if of == nil {
		of = &queue{}
		c.queues[collection] = of
	}
	return of
}

// run syncs a collection until nothing waits.
func (c *Committer) run(collection datadir.Collection, of *queue) {
	for {
		c.lock.Lock()
		now := of.next
		of.next, of.running = nil, now != nil
		failed := of.failed
		if now == nil && of.gone {
			delete(c.queues, collection)
		}
		c.lock.Unlock()
		if now == nil {
			return
		}
		now.err = failed
		if failed == nil {
			began := time.Now()
			if now.err = c.sync(collection, of); now.err == nil {
				c.synced(time.Since(began))
			}
		}
		close(now.ended)
	}
}

// sync syncs all that a collection has on the disk and that a write can have changed.
func (c *Committer) sync(collection datadir.Collection, of *queue) error {
	folder, err := c.root.OpenRoot(collection.Folder())
	of.gone = errors.Is(err, fs.ErrNotExist)
	if of.gone {
		// So that a collection that was deleted does not come back.
		return durable.Sync(c.root, path.Dir(collection.Folder()))
	}
	if err != nil {
		return err
	}
	defer func() { _ = folder.Close() }()
	about, err := folder.Stat(".")
	if err != nil {
		return err
	}
	// The log is opened before it is asked what it was moved to. So a write is in one of the two, or in a segment that was synced.
	log, err := folder.Open(datadir.LogFile)
	switch {
	case err == nil:
		defer func() { _ = log.Close() }()
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	moved := c.moved(collection)
	if moved != "" {
		err := durable.SyncData(folder, moved)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return c.fail(collection, err)
		}
	}
	if log != nil {
		if err := durable.SyncFile(log); err != nil {
			return c.fail(collection, err)
		}
	}
	// The agent has a copy of the schema, which it syncs too.
	if err := of.syncSchema(folder); err != nil {
		return err
	}
	return of.syncNames(c.root, collection, about.ModTime(), moved != "")
}

// syncSchema syncs the schema if it has changed. The server writes it into the same file.
func (q *queue) syncSchema(folder *os.Root) error {
	about, err := folder.Stat(datadir.SchemaFile)
	if errors.Is(err, fs.ErrNotExist) || err == nil && about.ModTime().Equal(q.schema) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := durable.SyncData(folder, datadir.SchemaFile); err != nil {
		return err
	}
	if time.Since(about.ModTime()) > clockTick {
		q.schema = about.ModTime()
	}
	return nil
}

// syncNames syncs the folders if the names in that of the collection have changed. It comes after the files.
func (q *queue) syncNames(root *os.Root, collection datadir.Collection, changed time.Time, moved bool) error {
	if changed.Equal(q.folder) {
		return nil
	}
	if moved {
		if err := durable.Sync(root, collection.Segments()); err != nil {
			return err
		}
	}
	if err := syncFolders(root, collection); err != nil {
		return err
	}
	// Within a tick of the clock two changes have one time.
	if time.Since(changed) > clockTick {
		q.folder = changed
	}
	return nil
}

// syncFolders syncs the folder of a collection, and those that it is in.
func syncFolders(root *os.Root, collection datadir.Collection) error {
	for name := collection.Folder(); ; name = path.Dir(name) {
		if err := durable.Sync(root, name); err != nil {
			return err
		}
		if name == "." {
			return nil
		}
	}
}

// move takes note, before it happens, that the log becomes a segment.
func (c *Committer) move(collection datadir.Collection, segment string) {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.of(collection).moved = segment
}

// sealed takes note that nothing is written to a segment any more, and that it is synced.
func (c *Committer) sealed(collection datadir.Collection) { c.move(collection, "") }

func (c *Committer) moved(collection datadir.Collection) string {
	c.lock.Lock()
	defer c.lock.Unlock()
	return c.of(collection).moved
}

// fail takes note that a sync of a file failed. The kernel then takes what it could not write for written, so the next sync of that
// file would succeed without it. Until the file is written anew, nothing of the collection is committed.
func (c *Committer) fail(collection datadir.Collection, err error) error {
	c.lock.Lock()
	defer c.lock.Unlock()
	of := c.of(collection)
	if of.failed == nil {
		of.failed = fmt.Errorf("the disk did not take the log of the collection: %w", err)
	}
	return of.failed
}

// failed reports whether a sync failed since each file of the log was written anew.
func (c *Committer) failed(collection datadir.Collection) bool { return c.Check(collection) != nil }

// healed takes note that each file of the log was written anew.
func (c *Committer) healed(collection datadir.Collection) {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.of(collection).failed = nil
}

// forget forgets what is known of a collection that is gone.
func (c *Committer) forget(collection datadir.Collection) {
	c.lock.Lock()
	defer c.lock.Unlock()
	if of := c.queues[collection]; of != nil {
		of.moved, of.failed = "", nil
		if !of.running {
			delete(c.queues, collection)
		}
	}
}
