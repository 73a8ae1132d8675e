//go:build linux

package tracked

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"time"

	"github.com/barq-db/barq-operator/internal/agent/archive"
	"github.com/barq-db/barq-operator/internal/agent/inode"
	"github.com/barq-db/barq-operator/internal/barq/datadir"
	"github.com/barq-db/barq-operator/internal/barq/schema"
)

// looks is how often the files of a collection are listed before a pass gives up on one that changes all the time.
const looks = 5

// memorySize is how many of the last bytes of a file are compared before more of it is written. Inodes are used again.
const memorySize = 4 << 10

// Collection is what is known of a collection.
type Collection struct {
	// Incarnation tells the collection from another one that had its name.
	Incarnation string
	folder      inode.ID
	schema      []byte
	// archived is what the last round has, by the path in the folder of the collection.
	archived map[string]*entry
	// files are those on the disk.
	files map[inode.ID]*File
}

// entry is a file of the archive.
type entry struct{ chunks []archive.Chunk }

func (e *entry) size() int64 { return archive.File{Chunks: e.chunks}.Size() }

// File is a file on the disk.
type File struct {
	*entry
	// name is its path in the folder of the collection, and archived the one that it has in the last round, or empty.
	name, archived string
	// last is the sum of the last bytes that were written to the archive.
	last string
	// end is up to where there is something to write, as of the last look.
	end      int64
	modified time.Time
}

// Pending is how many bytes are to be written.
func (f *File) Pending() int64 { return max(0, f.end-f.size()) }

// Of returns what a round says of collections.
func Of(state archive.State) map[datadir.Collection]*Collection {
	found := map[datadir.Collection]*Collection{}
	for name, of := range state {
		at, within, is := datadir.OfCollection(name)
		if !is {
			continue
		}
		c := found[at]
		if c == nil {
			c = New()
			c.Incarnation = of.Incarnation
			found[at] = c
		}
		if within == datadir.SchemaFile {
			c.schema = of.Content
		} else {
			c.archived[within] = &entry{chunks: of.Chunks}
		}
	}
	return found
}

// New returns a Collection of which the archive has nothing.
func New() *Collection {
	return &Collection{Incarnation: rand.Text(), archived: map[string]*entry{}, files: map[inode.ID]*File{}}
}

// Look takes in what there is on the disk. It returns the open files of which something is to be written.
func (c *Collection) Look(root *os.Root, at datadir.Collection) (map[*File]*os.File, error) {
	folder, err := root.OpenRoot(at.Folder())
	if err != nil {
		return nil, err
	}
	defer func() { _ = folder.Close() }()
	about, err := folder.Stat(".")
	if err != nil {
		return nil, err
	}
	if found := inode.Of(about); found != c.folder {
		if c.folder != (inode.ID{}) {
			// It was deleted and made again.
			*c = *New()
		}
		c.folder = found
	}
	if err := c.readSchema(folder); err != nil {
		return nil, err
	}
	for range looks {
		before, err := list(folder)
		if err != nil {
			return nil, err
		}
		opened, err := c.open(folder, before)
		if err == nil {
			var after map[string]fs.FileInfo
			if after, err = list(folder); err == nil && same(before, after) {
				return opened, nil
			}
		}
		CloseAll(opened)
		if err != nil && !errors.Is(err, errMoved) {
			return nil, err
		}
	}
	return nil, errors.New("its files change all the time")
}

// readSchema reads the schema. The server writes it into the same file, so it may be cut off for a moment.
func (c *Collection) readSchema(folder *os.Root) error {
	content, err := folder.ReadFile(datadir.SchemaFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := schema.Parse(content); err != nil {
		if len(c.schema) > 0 {
			return nil
		}
		return fmt.Errorf("%s: %w", datadir.SchemaFile, err)
	}
	c.schema = content
	return nil
}

// errMoved is a file that was moved between two calls.
var errMoved = errors.New("the file was moved")

// list returns the files of the log by their paths in the folder.
func list(folder *os.Root) (map[string]fs.FileInfo, error) {
	found := map[string]fs.FileInfo{}
	add := func(name string) error {
		about, err := folder.Lstat(name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && about.Mode().IsRegular() {
			found[name] = about
		}
		return err
	}
	entries, err := fs.ReadDir(folder.FS(), datadir.SegmentsFolder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, entry := range entries {
		if err := add(path.Join(datadir.SegmentsFolder, entry.Name())); err != nil {
			return nil, err
		}
	}
	return found, add(datadir.LogFile)
}

func same(before, after map[string]fs.FileInfo) bool {
	return maps.EqualFunc(before, after, func(a, b fs.FileInfo) bool { return inode.Of(a) == inode.Of(b) })
}

// open opens the files of which something is to be written.
func (c *Collection) open(folder *os.Root, there map[string]fs.FileInfo) (opened map[*File]*os.File, err error) {
	opened = map[*File]*os.File{}
	defer func() {
		if err != nil {
			CloseAll(opened)
		}
	}()
	files := map[inode.ID]*File{}
	for _, name := range slices.Sorted(maps.Keys(there)) {
		about := there[name]
		id := inode.Of(about)
		f := c.files[id]
		if f != nil && f.isUnchanged(name, about) {
			files[id] = f
			continue
		}
		handle, err := folder.Open(name)
		if err != nil {
			return opened, errMoved
		}
		if now, err := handle.Stat(); err != nil || inode.Of(now) != id {
			_ = handle.Close()
			return opened, errMoved
		}
		f, err = c.recognize(f, name, handle, about)
		if err != nil {
			_ = handle.Close()
			return opened, err
		}
		files[id] = f
		if f.Pending() > 0 || f.canJoin() {
			opened[f] = handle
		} else if err := handle.Close(); err != nil {
			return opened, err
		}
	}
	c.files = files
	return opened, nil
}

// isUnchanged reports whether nothing is to be written of a file.
func (f *File) isUnchanged(name string, about fs.FileInfo) bool {
	return f.name == name && f.Pending() == 0 && about.ModTime().Equal(f.modified) && about.Size() >= f.size() && !f.canJoin()
}

// canJoin reports whether chunks of a file can become one that gets no more bytes at its end.
func (f *File) canJoin() bool {
	_, to := archive.Joined(f.chunks)
	return to > 0 && f.name != datadir.LogFile
}

// recognize returns what the archive has of an open file.
func (c *Collection) recognize(known *File, name string, handle *os.File, about fs.FileInfo) (*File, error) {
	f := known
	if f != nil {
		isMoved := f.name == name || f.name == datadir.LogFile
		last, err := lastBytes(handle, f.size())
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		if !isMoved || err != nil || last != f.last {
			f = nil
		}
	}
	if f == nil {
		var err error
		if f, err = c.match(name, handle, about.Size()); err != nil {
			return nil, err
		}
	}
	end, err := endOf(handle, name, f.size(), about.Size())
	if err != nil {
		return nil, err
	}
	f.name, f.modified, f.end = name, about.ModTime(), end
	return f, nil
}

// match compares a file with what the archive has under its name, and, because a log becomes a segment, with the log.
func (c *Collection) match(name string, handle *os.File, size int64) (*File, error) {
	for _, candidate := range []string{name, datadir.LogFile} {
		archived := c.archived[candidate]
		if archived == nil || c.isTaken(archived) {
			continue
		}
		offset, count := int64(0), 0
		for _, chunk := range archived.chunks {
			if offset+chunk.Size > size {
				break
			}
			sum, err := archive.Sum(io.NewSectionReader(handle, offset, chunk.Size))
			if err != nil {
				return nil, err
			}
			if sum != chunk.SHA256 {
				break
			}
			offset += chunk.Size
			count++
		}
		if count == 0 {
			continue
		}
		last, err := lastBytes(handle, offset)
		if err != nil {
			return nil, err
		}
		// A segment that has more than before can be that of a compaction, with what others had.
		if count == len(archived.chunks) && (candidate == datadir.LogFile || offset == size) {
			return &File{entry: archived, archived: candidate, last: last}, nil
		}
		// The rest is another one, so the archive keeps what it has until all of this is there.
		return &File{entry: &entry{chunks: slices.Clip(archived.chunks[:count])}, last: last}, nil
	}
	return &File{entry: &entry{}, last: archive.SumOf(nil)}, nil
}

// isTaken reports whether a file on the disk goes on with an entry.
func (c *Collection) isTaken(archived *entry) bool {
	for _, f := range c.files {
		if f.entry == archived {
			return true
		}
	}
	return false
}

// lastBytes returns the sum of the last bytes of a file before an offset.
func lastBytes(handle io.ReaderAt, offset int64) (string, error) {
	size := min(offset, memorySize)
	buffer := make([]byte, size)
	if _, err := handle.ReadAt(buffer, offset-size); err != nil {
		return "", err
	}
	return archive.SumOf(buffer), nil
}

// endOf returns up to where a file is to be written: all of a segment, and of a log all whole lines.
func endOf(handle io.ReaderAt, name string, from, size int64) (int64, error) {
	if name != datadir.LogFile {
		return size, nil
	}
	return lineEnd(handle, from, size)
}

// lineEnd returns the last offset up to size, and not before from, at which a line has ended.
func lineEnd(handle io.ReaderAt, from, size int64) (int64, error) {
	const step = 64 << 10
	buffer := make([]byte, step)
	for size > from {
		count := min(step, size-from)
		if _, err := handle.ReadAt(buffer[:count], size-count); err != nil {
			return from, err
		}
		for at := count - 1; at >= 0; at-- {
			if buffer[at] == '\n' {
				return size - count + at + 1, nil
			}
		}
		size -= count
	}
	return from, nil
}

// CloseAll closes files.
func CloseAll(opened map[*File]*os.File) {
	for _, handle := range opened {
		_ = handle.Close()
	}
}
