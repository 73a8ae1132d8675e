//go:build linux

package compact

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"

	"github.com/barq-db/barq-operator/internal/barq/datadir"
	"github.com/barq-db/barq-operator/internal/barq/schema"
)

// growth is how much larger the segments must be than after the last look before there is another
// one. Together with Options.Gain it bounds how much more the disk has than is alive.
const growth = 1.15

// Scheduler says which collection's turn it is.
type Scheduler struct {
	root    *os.Root
	options Options
	// bytes is what the segments of a collection had after they were last looked at.
	bytes map[datadir.Collection]int64
	// superseded is what the last look found in a collection.
	superseded map[datadir.Collection]int64
}

// NewScheduler returns a Scheduler for a data directory.
func NewScheduler(root *os.Root, options Options) *Scheduler {
	return &Scheduler{root: root, options: options, bytes: map[datadir.Collection]int64{}, superseded: map[datadir.Collection]int64{}}
}

// Next returns the next collection whose segments have grown enough, and the names of its segments.
// It reports false if there is none. sealed returns the segments of a collection that may be
// replaced.
func (s *Scheduler) Next(sealed func(datadir.Collection) ([]string, error)) (datadir.Collection, []string, bool, error) {
	collections, err := datadir.Collections(s.root)
	if err != nil {
		return datadir.Collection{}, nil, false, err
	}
	known := make(map[datadir.Collection]int64, len(collections))
	for _, collection := range collections {
		known[collection] = s.bytes[collection]
	}
	s.bytes = known
	maps.DeleteFunc(s.superseded, func(collection datadir.Collection, _ int64) bool {
		_, is := known[collection]
		return !is
	})
	for _, collection := range collections {
		names, err := sealed(collection)
		if err != nil {
			return datadir.Collection{}, nil, false, err
		}
		size, err := s.size(collection, names)
		if err != nil {
			return datadir.Collection{}, nil, false, err
		}
		if size < known[collection] {
			// It was deleted and made again.
			s.bytes[collection] = 0
			delete(s.superseded, collection)
		}
		if size >= s.options.From && float64(size) >= growth*float64(s.bytes[collection]) {
			// If it fails, it is tried again when the segments have grown.
			s.bytes[collection] = size
			return collection, names, true, nil
		}
	}
	return datadir.Collection{}, nil, false, nil
}

func (s *Scheduler) size(collection datadir.Collection, names []string) (int64, error) {
	var size int64
	for _, name := range names {
		about, err := s.root.Stat(collection.Folder() + "/" + name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return 0, err
		}
		if err == nil {
			size += about.Size()
		}
	}
	return size, nil
}

// Took takes note of what came of a collection's turn.
func (s *Scheduler) Took(collection datadir.Collection, result Result) {
	if result.Done {
		s.bytes[collection] = result.Live
	}
	s.superseded[collection] = result.Superseded()
}

// Superseded is about how many bytes segments had of lines that later ones superseded, when they were last looked at.
func (s *Scheduler) Superseded() int64 {
	var bytes int64
	for _, of := range s.superseded {
		bytes += of
	}
	return bytes
}

// Run compacts a collection whose turn it is.
func (s *Scheduler) Run(ctx context.Context, collection datadir.Collection, names []string) (Result, error) {
	folder, err := s.root.OpenRoot(collection.Folder())
	if err != nil {
		return Result{}, err
	}
	result, err := runIn(ctx, folder, names, s.options)
	return result, errors.Join(err, folder.Close())
}

func runIn(ctx context.Context, folder *os.Root, names []string, options Options) (Result, error) {
	content, err := folder.ReadFile(datadir.SchemaFile)
	if err != nil {
		return Result{}, err
	}
	read, err := schema.Parse(content)
	if err != nil {
		return Result{}, fmt.Errorf("%s: %w", datadir.SchemaFile, err)
	}
	return Compact(ctx, folder, names, read, options)
}
