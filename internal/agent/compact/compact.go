//go:build linux

package compact

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/barq-db/barq-operator/internal/agent/documents"
	"github.com/barq-db/barq-operator/internal/agent/durable"
	"github.com/barq-db/barq-operator/internal/barq/schema"
	"github.com/barq-db/barq-operator/internal/barq/walline"
)

// ErrChanged is a segment that changed while it was read, or a collection that was deleted.
var ErrChanged = errors.New("the segments have changed meanwhile")

// Options bound what a compaction takes, and say when it is worth it.
type Options struct {
	// From is how many bytes the segments of a collection have at least before they are worth a look.
	From int64
	// Gain is the part of the lines that has to be superseded, from 0 to 1. With less nothing is
	// written.
	Gain float64
	// Duty is the part of its time that a compaction works, above 0 and up to 1. In the rest it
	// sleeps, so that the server has the processors and the disk.
	Duty float64
}

// Result is what came of a compaction.
type Result struct {
	// Bytes and Lines are what the segments had.
	Bytes int64
	Lines int
	// Documents counts what is alive, and Live is how many bytes it takes, if it was written.
	Documents int
	Live      int64
	// Dirty counts writes of a document that was there without a payload. If there is one, nothing
	// is written.
	Dirty int
	// Done says that the segments were replaced.
	Done bool
}

// Superseded is about how many bytes the segments have of lines that later ones superseded.
func (r Result) Superseded() int64 {
	if r.Done || r.Lines == 0 {
		return 0
	}
	return r.Bytes / int64(r.Lines) * int64(max(0, r.Lines-r.Documents))
}

// Compact replaces the segments of a collection, from its first one on, by one, if that is worth
// it. The names are those of sealed segments, in the order in which the server reads them. The
// folder is that of the collection.
func Compact(ctx context.Context, folder *os.Root, names []string, read schema.Schema, options Options) (Result, error) {
	names = names[:min(len(names), documents.MaxFiles)]
	if len(names) == 0 {
		return Result{}, nil
	}
	for {
		result, err := compact(ctx, folder, names, read, options)
		if !errors.Is(err, documents.ErrSameHash) {
			return result, err
		}
	}
}

// compaction is one that is under way.
type compaction struct {
	Options
	ctx    context.Context
	folder *os.Root
	names  []string
	schema schema.Schema
	files  []*os.File
	before []fs.FileInfo
	pace   pace
}

func compact(ctx context.Context, folder *os.Root, names []string, read schema.Schema, options Options) (result Result, err error) {
	c := compaction{Options: options, ctx: ctx, folder: folder, names: names, schema: read, pace: pace{duty: options.Duty, since: time.Now()}}
	defer func() {
		for _, file := range c.files {
			err = errors.Join(err, file.Close())
		}
	}()
	for _, name := range names {
		file, err := folder.Open(name)
		if err != nil {
			return result, err
		}
		c.files = append(c.files, file)
		about, err := file.Stat()
		if err != nil {
			return result, err
		}
		c.before = append(c.before, about)
		result.Bytes += about.Size()
	}
	state, kept, err := c.index(&result)
	if err != nil || result.Dirty > 0 || float64(result.Lines-result.Documents) < c.Gain*float64(result.Lines) {
		return result, err
	}
	if result.Live, err = c.write(state, kept); err != nil {
		return result, errors.Join(err, undo(c.folder))
	}
	if err := c.replace(); err != nil {
		return result, err
	}
	result.Done = true
	return result, nil
}

// kept is a line that stays where it is, at the beginning.
type kept struct {
	place  documents.Place
	record walline.Record
}

// index reads all segments.
func (c *compaction) index(result *Result) (*documents.Documents, []kept, error) {
	reader := &texts{files: c.files, checker: walline.NewChecker(c.schema.Rules())}
	state := documents.New(reader.textAt)
	var first []kept
	inserts := 0
	for number, file := range c.files {
		err := state.Read(uint16(number), file, c.schema.Rules(), func(text []byte, record walline.Record, at documents.Place) error {
			result.Lines++
			if inserts < c.firstInserts() {
				first = append(first, kept{place: at, record: record})
				if record.Op == walline.Insert {
					inserts++
				}
			}
			return c.pace.worked(c.ctx, len(text))
		})
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", c.names[number], err)
		}
	}
	result.Documents, result.Dirty = state.Len(), state.Dirty()
	return state, first, nil
}

// firstInserts is how many inserts stay where they are, and the deletions between them. The centroids
// of an index Ivf are the first vectors that were ever inserted.
func (c *compaction) firstInserts() int {
	if c.schema.Index != schema.IVF {
		return 0
	}
	return int(min(c.schema.Lists, 1<<20))
}

// write writes what is alive, and returns how many bytes that is.
func (c *compaction) write(state *documents.Documents, first []kept) (int64, error) {
	out, err := c.folder.OpenFile(unfinished, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, c.before[0].Mode().Perm())
	if err != nil {
		return 0, err
	}
	buffered := bufio.NewWriterSize(out, 256<<10)
	err = c.emit(state, first, func(line []byte) error {
		_, err := buffered.Write(append(line, '\n'))
		return errors.Join(err, c.pace.worked(c.ctx, len(line)))
	})
	err = errors.Join(err, buffered.Flush())
	about, statErr := out.Stat()
	if err := errors.Join(err, statErr, durable.Finish(out)); err != nil {
		return 0, err
	}
	return about.Size(), nil
}

// emit hands over the lines that count, in their order.
func (c *compaction) emit(state *documents.Documents, first []kept, to func(line []byte) error) error {
	reader := &texts{files: c.files, checker: walline.NewChecker(c.schema.Rules())}
	stays, ids := map[documents.Place]bool{}, map[walline.ID]bool{}
	for _, line := range first {
		text, err := reader.at(line.place)
		if err != nil {
			return err
		}
		if err := to(text); err != nil {
			return err
		}
		stays[line.place] = true
	}
	for _, line := range first {
		if ids[line.record.ID] {
			continue
		}
		ids[line.record.ID] = true
		// One that was superseded without a payload would not be found by the line that supersedes it.
		at, lives, err := state.PlaceOf(line.record.ID)
		if err != nil {
			return err
		}
		if lives && stays[at] {
			continue
		}
		if err := to(deletion(line.record.ID)); err != nil {
			return err
		}
	}
	for position := range state.Len() {
		at := state.At(position)
		if stays[at] {
			continue
		}
		text, err := reader.at(at)
		if err != nil {
			return err
		}
		if err := to(text); err != nil {
			return err
		}
	}
	return nil
}

// deletion is the line that deletes a document.
func deletion(id walline.ID) []byte {
	if !id.IsText {
		return fmt.Appendf(nil, `{"op":{"Delete":{"U64":%d}}}`, id.Number)
	}
	// A text always has a JSON form.
	text, _ := json.Marshal(id.Text)
	return fmt.Appendf(nil, `{"op":{"Delete":{"Str":%s}}}`, text)
}
