//go:build linux

package compact

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"syscall"

	"github.com/barq-db/barq-operator/internal/agent/durable"
	"github.com/barq-db/barq-operator/internal/barq/datadir"
)

// Files in the folder of a collection. The server reads neither.
const (
	// unfinished is what is being written. Its rename over the first segment is the moment from
	// which the compaction counts.
	unfinished = ".agent-compaction.jsonl"
	// marker lists the segments that are superseded from that moment on.
	marker = ".agent-compaction.json"
)

// superseded is the content of the marker.
type superseded struct {
	// Into is the name that the result gets, and Inode and Size are those of the result. If the file
	// with the name is another one, it does not supersede anything.
	Into  string `json:"into"`
	Inode uint64 `json:"inode"`
	Size  int64  `json:"size"`
	// Names are in the order in which the server reads them. They are deleted in that order: what
	// is left then always ends with the last word about each document.
	Names []string `json:"names"`
}

// interrupt is called where a crash leaves a state of its own. Tests end a compaction there.
var interrupt = func() error { return nil }

// replace puts what was written in the place of the segments.
func (c *compaction) replace() error {
	if err := interrupt(); err != nil {
		return err
	}
	if err := c.unchanged(); err != nil {
		return errors.Join(err, undo(c.folder))
	}
	found := superseded{Into: c.names[0], Names: c.names[1:]}
	about, err := c.folder.Stat(unfinished)
	if err != nil {
		return errors.Join(err, undo(c.folder))
	}
	found.Inode, found.Size = inodeOf(about), about.Size()
	if err := writeMarker(c.folder, found); err != nil {
		return errors.Join(err, undo(c.folder))
	}
	if err := interrupt(); err != nil {
		return err
	}
	if err := c.folder.Rename(unfinished, c.names[0]); err != nil {
		return errors.Join(err, undo(c.folder))
	}
	if err := errors.Join(durable.Sync(c.folder, datadir.SegmentsFolder), durable.Sync(c.folder, ".")); err != nil {
		return err
	}
	return remove(c.folder, found.Names)
}

func inodeOf(about fs.FileInfo) uint64 {
	// The system call behind every Stat of os on Linux.
	stat, _ := about.Sys().(*syscall.Stat_t)
	return stat.Ino
}

// unchanged fails if a segment is not as it was when it was read.
func (c *compaction) unchanged() error {
	for number, name := range c.names {
		about, err := c.folder.Stat(name)
		if errors.Is(err, fs.ErrNotExist) {
			return ErrChanged
		}
		if err != nil {
			return err
		}
		if before := c.before[number]; !os.SameFile(before, about) || before.Size() != about.Size() || !before.ModTime().Equal(about.ModTime()) {
			return ErrChanged
		}
	}
	return nil
}

// undo removes what was written for nothing. It removes the marker before the result: with a marker alone the segments would be taken for
// superseded.
func undo(folder *os.Root) error {
	if err := errors.Join(removeIfThere(folder, marker), durable.Sync(folder, ".")); err != nil {
		return err
	}
	return removeIfThere(folder, unfinished)
}

func writeMarker(folder *os.Root, found superseded) error {
	content, err := json.Marshal(found)
	if err != nil {
		return err
	}
	file, err := folder.OpenFile(marker, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	return errors.Join(err, durable.Finish(file), durable.Sync(folder, "."))
}

// remove deletes superseded segments, each for good before the next, and then the marker.
func remove(folder *os.Root, names []string) error {
	for _, name := range names {
		if err := interrupt(); err != nil {
			return err
		}
		if err := errors.Join(removeIfThere(folder, name), durable.Sync(folder, path.Dir(name))); err != nil {
			return err
		}
	}
	if err := interrupt(); err != nil {
		return err
	}
	return errors.Join(removeIfThere(folder, marker), durable.Sync(folder, "."))
}

func removeIfThere(folder *os.Root, name string) error {
	err := folder.Remove(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// RecoverAll is Recover for every collection of a data directory.
func RecoverAll(root *os.Root) error {
	collections, err := datadir.Collections(root)
	if err != nil {
		return err
	}
	for _, collection := range collections {
		folder, err := root.OpenRoot(collection.Folder())
		if err != nil {
			return err
		}
		if err := errors.Join(Recover(folder), folder.Close()); err != nil {
			return fmt.Errorf("%s: %w", collection.Folder(), err)
		}
	}
	return nil
}

// Recover finishes or undoes a compaction that was interrupted. The server must not run.
func Recover(folder *os.Root) error {
	switch _, err := folder.Stat(unfinished); {
	case err == nil:
		// It does not count yet.
		return undo(folder)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	content, err := folder.ReadFile(marker)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var found superseded
	if err := json.Unmarshal(content, &found); err != nil {
		return fmt.Errorf("%s: %w", marker, err)
	}
	about, err := folder.Stat(found.Into)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err != nil || inodeOf(about) != found.Inode || about.Size() != found.Size {
		// It is not the result, as in a copy of the folder. Then all segments count.
		found.Names = nil
	}
	return remove(folder, found.Names)
}
