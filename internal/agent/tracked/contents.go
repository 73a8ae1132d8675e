//go:build linux

package tracked

import (
	"path"
	"slices"

	"github.com/barq-db/barq-operator/internal/agent/archive"
	"github.com/barq-db/barq-operator/internal/barq/datadir"
)

// Pending is how many bytes of the collection are to be written, as of the last look.
func (c *Collection) Pending() int64 {
	pending := int64(0)
	for _, f := range c.files {
		pending += f.Pending()
	}
	return pending
}

// AddTo adds to a state what the next round has of the collection.
func (c *Collection) AddTo(state archive.State, at datadir.Collection) {
	if len(c.schema) > 0 {
		state[at.Schema()] = archive.File{Incarnation: c.Incarnation, Content: c.schema}
	}
	for name, of := range c.archived {
		state[path.Join(at.Folder(), name)] = archive.File{Incarnation: c.Incarnation, Chunks: of.chunks}
	}
}

// EachChunk hands over the chunks that are written, of files too that no round has yet.
func (c *Collection) EachChunk(to func(archive.Chunk)) {
	for _, f := range c.files {
		for _, chunk := range f.chunks {
			to(chunk)
		}
	}
}

// Replace replaces chunks of the next round. Rounds that were written keep their lists.
func (c *Collection) Replace(with func(archive.Chunk) archive.Chunk) {
	for _, of := range c.archived {
		for at, chunk := range of.chunks {
			if another := with(chunk); another != chunk {
				of.chunks = slices.Clone(of.chunks)
				of.chunks[at] = another
			}
		}
	}
}
