//go:build linux

package livelog

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"time"

	"github.com/barq-db/barq-operator/internal/agent/inode"
	"github.com/barq-db/barq-operator/internal/barq/datadir"
)

// settled is how long a line without its end must have stayed as it is before it is ended. The
// server writes a record and its end within microseconds of each other.
const settled = 2 * time.Second

// Options say when a log is moved.
type Options struct {
	// Sync says that what has grown is synced.
	Sync bool
	// RotateSize and RotateAge are how large and how old a log becomes at most.
	RotateSize int64
	RotateAge  time.Duration
	// Fence waits until what the server was writing is written.
	Fence func(context.Context) error
	// Unsynced is told, before each sync of a log, when the oldest write was seen that waits for it. A slow disk takes minutes
	// for a sync.
	Unsynced func(time.Time)
}

// fencePatience is how long a pass waits for the server's lock. A rebuild of an index holds it for
// minutes, and meanwhile other logs have to be synced.
const fencePatience = 200 * time.Millisecond

// rotateLeast is how many bytes a log has at least that becomes a segment before it is old. A log that
// has them becomes one when it is a rotatePart-th of the segments.
const (
	rotateLeast = 4 << 20
	rotatePart  = 10
)

// clockTick is longer than the tick of a clock that the kernel takes the time of a change from.
const clockTick = 50 * time.Millisecond

// errBusy is a server that holds its lock.
var errBusy = errors.New("the server holds its lock")

// errGone is a collection that was deleted meanwhile.
var errGone = errors.New("the collection is gone")

// Keeper looks after the logs of one server.
type Keeper struct {
	root      *os.Root
	options   Options
	committer *Committer
	logs      map[datadir.Collection]*log
	// busy says that the server did not answer the fence in this pass.
	busy bool
}

// Report is what a pass did.
type Report struct {
	// Synced counts logs that had grown.
	Synced int
	// Ended counts lines that were cut off and got an end.
	Ended int
	// Rotated are the segments that were logs before.
	Rotated []string
	// Unsealed counts segments that the server may still write to. The next pass seals them.
	Unsealed int
}

// log is what is known of a collection's log.
type log struct {
	folder, file inode.ID
	// folderSynced is the time of the last change of the folder that was synced.
	folderSynced time.Time
	// since is when the file was first seen.
	since time.Time
	// size is its size, and changed when that was first seen.
	size    int64
	changed time.Time
	// written is when the file says that it was last written to.
	written time.Time
	// synced says that it was synced since. If not, unsynced is when the first write was seen that is not.
	synced   bool
	unsynced time.Time
	// unsealed is a segment that the server may still write to.
	unsealed string
	// number is that of the last segment that the log became. None is given twice while the agent
	// runs, because a compaction that failed may still have a list of those that it wants to delete.
	number uint64
}

// NewKeeper returns a Keeper of the logs in the data directory of a Committer.
func NewKeeper(committer *Committer, options Options) *Keeper {
	return &Keeper{root: committer.root, options: options, committer: committer, logs: map[datadir.Collection]*log{}}
}

// Pass looks at each log once. An error of one collection does not keep it from the others.
func (k *Keeper) Pass(ctx context.Context, now time.Time) (Report, error) {
	var report Report
	k.busy = false
	collections, err := datadir.Collections(k.root)
	if err != nil {
		return report, err
	}
	logs := make(map[datadir.Collection]*log, len(collections))
	var failures []error
	for _, collection := range collections {
		known := k.logs[collection]
		if known == nil {
			known = &log{}
		}
		logs[collection] = known
		switch err := k.look(ctx, collection, known, now, &report); {
		case errors.Is(err, errGone):
			delete(logs, collection)
		case errors.Is(err, errBusy), errors.Is(err, fs.ErrNotExist):
			// The next pass sees what has become of a file that is gone.
		case err != nil:
			failures = append(failures, fmt.Errorf("collection %s of tenant %s: %w", collection.Name, collection.Tenant, err))
		}
	}
	for _, known := range logs {
		if known.unsealed != "" {
			report.Unsealed++
		}
	}
	for collection := range k.logs {
		if logs[collection] == nil {
			k.committer.forget(collection)
		}
	}
	k.logs = logs
	return report, errors.Join(failures...)
}

// fence waits for the server for a moment. In a pass in which it did not answer it is not asked
// again.
func (k *Keeper) fence(ctx context.Context) error {
	if k.busy {
		return errBusy
	}
	ctx, cancel := context.WithTimeoutCause(ctx, fencePatience, errBusy)
	defer cancel()
	err := k.options.Fence(ctx)
	if err != nil && errors.Is(context.Cause(ctx), errBusy) {
		k.busy = true
		return errBusy
	}
	return err
}

// look looks at one log.
func (k *Keeper) look(ctx context.Context, collection datadir.Collection, known *log, now time.Time, report *Report) error {
	folder, err := k.root.OpenRoot(collection.Folder())
	if errors.Is(err, fs.ErrNotExist) {
		return errGone
	}
	if err != nil {
		return err
	}
	defer func() { _ = folder.Close() }()
	about, err := folder.Stat(".")
	if err != nil {
		return err
	}
	if found := inode.Of(about); found != known.folder {
		*known = log{folder: found}
		k.committer.forget(collection)
		if err := removeUnfinished(folder); err != nil {
			return err
		}
	}
	failed := k.committer.failed(collection)
	if err := k.syncChanged(ctx, collection, folder, known, now, report); err != nil {
		return err
	}
	if err := k.turnOver(ctx, collection, folder, known, now, failed, report); err != nil || !failed {
		return err
	}
	k.committer.healed(collection)
	return nil
}

// turnOver ends what was cut off, and moves the log if it is due, or if a sync of it has failed.
func (k *Keeper) turnOver(ctx context.Context, collection datadir.Collection, folder *os.Root, known *log, now time.Time, failed bool, report *Report) error {
	if known.unsealed != "" {
		if err := k.seal(ctx, collection, folder, known); err != nil {
			return err
		}
	}
	ended, err := k.endLine(ctx, folder, known, now)
	if err != nil {
		return err
	}
	if ended {
		report.Ended++
	}
	due, err := k.isDue(folder, known, now)
	if err != nil || !due && (!failed || known.size == 0) {
		return err
	}
	return k.rotate(ctx, collection, folder, known, report)
}

// rotate moves the log to the segments.
func (k *Keeper) rotate(ctx context.Context, collection datadir.Collection, folder *os.Root, known *log, report *Report) error {
	number, name, err := nextSegment(folder, known.number)
	if err != nil {
		return err
	}
	k.committer.move(collection, name)
	if err := folder.Rename(datadir.LogFile, name); err != nil {
		k.committer.sealed(collection)
		return err
	}
	known.number, known.unsealed = number, name
	report.Rotated = append(report.Rotated, path.Join(collection.Folder(), name))
	return k.seal(ctx, collection, folder, known)
}

// isDue reports whether the log becomes a segment. What is in the log is not compacted, so the log is
// small beside the segments.
func (k *Keeper) isDue(folder *os.Root, known *log, now time.Time) (bool, error) {
	switch {
	case known.size == 0:
		return false, nil
	case known.size >= k.options.RotateSize, now.Sub(known.since) >= k.options.RotateAge:
		return true, nil
	case known.size < rotateLeast:
		return false, nil
	}
	entries, err := fs.ReadDir(folder.FS(), datadir.SegmentsFolder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	var segments int64
	for _, entry := range entries {
		// It may be gone since.
		if about, err := entry.Info(); err == nil {
			segments += about.Size()
		}
	}
	return known.size >= segments/rotatePart, nil
}

// syncChanged takes in what the log is now, and syncs what is new.
func (k *Keeper) syncChanged(ctx context.Context, collection datadir.Collection, folder *os.Root, known *log, now time.Time, report *Report) error {
	if err := known.look(folder, now); err != nil {
		return err
	}
	about, err := folder.Stat(".")
	// After a failure the files are written anew instead.
	if err != nil || !k.options.Sync || k.committer.failed(collection) {
		return err
	}
	if known.synced && known.unsealed == "" && about.ModTime().Equal(known.folderSynced) {
		return nil
	}
	if !known.synced {
		k.options.Unsynced(known.unsynced)
	}
	// What is synced is at least what the files had when they were looked at.
	if err := k.committer.Commit(ctx, collection); err != nil {
		return err
	}
	// Within a tick of the clock two changes have one time.
	if now.Sub(about.ModTime()) > clockTick {
		known.folderSynced = about.ModTime()
	}
	if known.synced {
		return nil
	}
	known.synced = true
	report.Synced++
	// What the server has written meanwhile waits for the next pass, and has waited since this one began.
	return known.look(folder, now)
}

// look takes in what the log is now.
func (l *log) look(folder *os.Root, now time.Time) error {
	about, err := folder.Stat(datadir.LogFile)
	if errors.Is(err, fs.ErrNotExist) {
		l.file, l.size, l.synced = inode.ID{}, 0, true
		return nil
	}
	if err == nil {
		l.observe(about, now)
	}
	return err
}

// observe takes in what the file is now.
func (l *log) observe(about fs.FileInfo, now time.Time) {
	if found := inode.Of(about); found != l.file || about.Size() < l.size {
		l.file, l.since, l.size, l.synced = found, now, -1, true
	}
	if about.Size() == l.size && about.ModTime().Equal(l.written) {
		return
	}
	if l.synced {
		l.unsynced = now
	}
	l.size, l.written, l.changed, l.synced = about.Size(), about.ModTime(), now, false
}

// endLine ends the last line if it was cut off, so that the next record begins on a line of its
// own. A full disk leaves such a line.
func (k *Keeper) endLine(ctx context.Context, folder *os.Root, known *log, now time.Time) (bool, error) {
	if known.size == 0 || now.Sub(known.changed) < settled {
		return false, nil
	}
	if ended, err := endsWithNewline(folder, datadir.LogFile, known.size); ended || err != nil {
		return false, err
	}
	// The server may have been stopped between its two writes.
	if err := k.fence(ctx); err != nil {
		return false, err
	}
	about, err := folder.Stat(datadir.LogFile)
	if err != nil || about.Size() != known.size || inode.Of(about) != known.file {
		return false, err
	}
	return true, appendSeal(folder, datadir.LogFile)
}
