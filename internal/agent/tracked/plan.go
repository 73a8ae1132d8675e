//go:build linux

package tracked

import (
	"cmp"
	"os"
	"slices"

	"github.com/barq-db/barq-operator/internal/agent/archive"
)

// Piece is a part of a file that becomes a chunk.
type Piece struct {
	Handle   *os.File
	From, To int64
	// Made is the chunk, and Err why it was not written.
	Made archive.Chunk
	Err  error
}

// Plan is what becomes of a file: its chunks up to a number stay, and those after another one too.
type Plan struct {
	*File
	keep, skip int
	Pieces     []*Piece
}

// PlanOf divides what is new of an open file, up to about as many bytes as are left.
func PlanOf(f *File, handle *os.File, left int64) (Plan, error) {
	p := Plan{File: f, keep: len(f.chunks), skip: len(f.chunks)}
	from, to := f.size(), f.end
	if f.Pending() == 0 {
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
		p.Pieces = append(p.Pieces, &Piece{Handle: handle, From: from, To: end})
		left -= end - from
		from = end
	}
	return p, nil
}

func sizeOf(chunks []archive.Chunk) int64 { return archive.File{Chunks: chunks}.Size() }

// Apply takes in the chunks that were written, up to the first that was not.
func (p Plan) Apply() error {
	var made []archive.Chunk
	for _, piece := range p.Pieces {
		if piece.Err != nil {
			break
		}
		made = append(made, piece.Made)
	}
	if len(made) < len(p.Pieces) && p.keep < len(p.chunks) || len(made) == 0 {
		// What it would take the place of stays.
		return nil
	}
	p.chunks = slices.Concat(p.chunks[:p.keep], made, p.chunks[p.skip:])
	last, err := lastBytes(p.Pieces[0].Handle, p.size())
	p.last = last
	return err
}

// Ordered returns the files in the order in which the server reads them.
func (c *Collection) Ordered() []*File {
	files := make([]*File, 0, len(c.files))
	for _, f := range c.files {
		files = append(files, f)
	}
	slices.SortFunc(files, func(a, b *File) int { return cmp.Compare(a.name, b.name) })
	return files
}

// Settle takes in what the next round has of a collection. It reports whether that is all there is.
func (c *Collection) Settle() bool {
	complete := true
	gone := map[string]bool{}
	for name := range c.archived {
		gone[name] = true
	}
	for _, f := range c.files {
		complete = complete && f.Pending() == 0
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
