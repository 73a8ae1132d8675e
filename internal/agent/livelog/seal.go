//go:build linux

package livelog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"

	"github.com/barq-db/barq-operator/internal/agent/durable"
	"github.com/barq-db/barq-operator/internal/barq/datadir"
	"github.com/barq-db/barq-operator/internal/barq/wal"
)

// unfinished is a file that takes the place of another once it is whole, in the folder of a collection. The server does not read it.
const unfinished = "unfinished.agent"

// seal makes sure that nothing is written to a segment any more, ends its last line, and syncs it.
// After a failed sync it is written anew instead.
func (k *Keeper) seal(ctx context.Context, collection datadir.Collection, folder *os.Root, known *log) error {
	if err := k.fence(ctx); err != nil {
		return fmt.Errorf("%s is not sealed: %w", known.unsealed, err)
	}
	about, err := folder.Stat(known.unsealed)
	if errors.Is(err, fs.ErrNotExist) {
		// POST /admin/compact has put it into another one.
		known.unsealed = ""
		k.committer.sealed(collection)
		return nil
	}
	if err != nil {
		return err
	}
	ended, err := endsWithNewline(folder, known.unsealed, about.Size())
	if err != nil {
		return err
	}
	if !ended {
		if err := appendSeal(folder, known.unsealed); err != nil {
			return err
		}
	}
	if k.committer.failed(collection) {
		err = errors.Join(rewrite(folder, known.unsealed), durable.Sync(folder, path.Dir(known.unsealed)), durable.Sync(folder, "."))
	} else {
		err = k.committer.Commit(ctx, collection)
	}
	if err != nil {
		return err
	}
	known.unsealed = ""
	k.committer.sealed(collection)
	return nil
}

func endsWithNewline(folder *os.Root, name string, size int64) (bool, error) {
	if size == 0 {
		return true, nil
	}
	file, err := folder.Open(name)
	if err != nil {
		return false, err
	}
	defer func() { _ = file.Close() }()
	last := make([]byte, 1)
	_, err = file.ReadAt(last, size-1)
	return last[0] == '\n', err
}

// appendSeal ends a line. It is synced with what comes before it.
func appendSeal(folder *os.Root, name string) error {
	file, err := folder.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteString(wal.Seal)
	return errors.Join(err, file.Close())
}

// rewrite writes a file anew. What the kernel could not write of the old one, it still has in memory, or has lost for good.
func rewrite(folder *os.Root, name string) (err error) {
	from, err := folder.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = from.Close() }()
	to, err := folder.OpenFile(unfinished, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	if err := errors.Join(err, durable.Finish(to)); err != nil {
		return err
	}
	return folder.Rename(unfinished, name)
}

// removeUnfinished removes what a crash left.
func removeUnfinished(folder *os.Root) error {
	err := folder.Remove(unfinished)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
