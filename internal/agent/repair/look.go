package repair

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"time"

	"github.com/barq-db/barq-operator/internal/agent/schemacopy"
	"github.com/barq-db/barq-operator/internal/barq/datadir"
	"github.com/barq-db/barq-operator/internal/barq/schema"
	"github.com/barq-db/barq-operator/internal/barq/wal"
	"github.com/barq-db/barq-operator/internal/barq/walline"
)

// MaxDamages is how many damages of a file are kept. The rest is counted.
const MaxDamages = 1000

// Found is what was found in the folder of a collection.
type Found struct {
	datadir.Collection
	Schema Schema
	// Files are those of the log, in the order in which the server reads them.
	Files []File
}

// WasRead reports whether the files of the log were read. Without a schema they are not.
func (f Found) WasRead() bool { return f.Schema.State == Sound || f.Schema.CopyFits }

// SchemaState is what schema.json is.
type SchemaState uint8

// The states.
const (
	// Sound: the server takes it.
	Sound SchemaState = iota
	// Missing: there is none, so the server passes the folder over.
	Missing
	// Torn: it is cut off.
	Torn
	// Wrong: it is JSON that the server refuses.
	Wrong
)

// Schema is what was found of a schema.json and its copy.
type Schema struct {
	State SchemaState
	// Read is what it says if it is sound, and what its copy says if it is torn and CopyFits.
	Read schema.Schema
	// Problem is why the server refuses it.
	Problem string
	// HasCopy says that there is a copy that can be read. CopyFits says that what is left of a
	// torn one begins as the copy does.
	HasCopy, CopyFits bool
}

// Edit is what has to be done to a file so that the server can read it.
type Edit uint8

// The edits, from the least to the most.
const (
	// Keep: nothing.
	Keep Edit = iota
	// End: append the newline of the last line.
	End
	// Cut: cut off the end.
	Cut
	// Rewrite: write the file anew without what is taken out.
	Rewrite
)

// Sort is what a damage is, and what its repair costs.
type Sort struct {
	Kind walline.Kind
	Cure wal.Cure
}

// File is what was found in a file of the log.
type File struct {
	Path    string
	Size    int64
	Changed time.Time
	Summary wal.Summary
	// Damages are the first MaxDamages.
	Damages []wal.Damage
	// Counts counts all damages.
	Counts map[Sort]int
	Edit   Edit
	// CutAt is where Cut cuts. If EndAfter, the record before it needs a newline.
	CutAt    int64
	EndAfter bool
}

// Known returns what a segment holds, if it was read before and found sound, and has not changed since.
type Known func(file string, about fs.FileInfo, rules walline.Rules) (wal.Summary, bool)

// Nothing is a Known of no segment.
func Nothing(string, fs.FileInfo, walline.Rules) (wal.Summary, bool) { return wal.Summary{}, false }

// Weigh returns what is told of each record of a collection that is read.
type Weigh func(collection datadir.Collection, read schema.Schema) func(walline.Record)

// Weightless is a Weigh that is told nothing.
func Weightless(datadir.Collection, schema.Schema) func(walline.Record) {
	return func(walline.Record) {}
}

// Look reads the data directory. Its time is that of reading once all logs that are not known.
func Look(root *os.Root, known Known, weigh Weigh) ([]Found, error) {
	collections, err := datadir.Collections(root)
	if err != nil {
		return nil, err
	}
	found := make([]Found, 0, len(collections))
	for _, collection := range collections {
		in, err := look(root, collection, known, weigh)
		if err != nil {
			return nil, fmt.Errorf("collection %s of tenant %s: %w", collection.Name, collection.Tenant, err)
		}
		found = append(found, in)
	}
	return found, nil
}

func look(root *os.Root, collection datadir.Collection, known Known, weigh Weigh) (Found, error) {
	found := Found{Collection: collection}
	var err error
	if found.Schema, err = lookAtSchema(root, collection); err != nil {
		return found, err
	}
	files, err := collection.Files(root)
	if err != nil {
		return found, err
	}
	each := weigh(collection, found.Schema.Read)
	for _, name := range files {
		file, err := lookAtFile(root, name, found.Schema, known, each)
		if err != nil {
			return found, fmt.Errorf("%s: %w", name, err)
		}
		found.Files = append(found.Files, file)
	}
	return found, nil
}

func lookAtSchema(root *os.Root, collection datadir.Collection) (Schema, error) {
	var found Schema
	kept, err := schemacopy.Read(root, collection)
	if err != nil {
		return found, err
	}
	found.HasCopy = kept != nil
	content, err := root.ReadFile(collection.Schema())
	if errors.Is(err, fs.ErrNotExist) {
		found.State = Missing
		return found, nil
	}
	if err != nil {
		return found, err
	}
	found.Read, err = schema.Parse(content)
	switch {
	case errors.Is(err, schema.ErrTorn):
		found.State = Torn
		if found.CopyFits = kept != nil && schemacopy.Fits(content, kept); found.CopyFits {
			// schemacopy.Read has read it too.
			found.Read, _ = schema.Parse(kept)
		}
	case err != nil:
		found.State, found.Problem = Wrong, err.Error()
	}
	return found, nil
}

// lookAtFile scans a file. Without a schema it only says how large the file is.
func lookAtFile(root *os.Root, name string, of Schema, known Known, each func(walline.Record)) (File, error) {
	file, err := root.Open(name)
	if err != nil {
		return File{}, err
	}
	defer func() { _ = file.Close() }()
	about, err := file.Stat()
	if err != nil {
		return File{}, err
	}
	if !about.Mode().IsRegular() {
		return File{}, errors.New("it is not a file")
	}
	found := File{Path: name, Size: about.Size(), Changed: about.ModTime(), Counts: map[Sort]int{}}
	if of.State != Sound && !of.CopyFits {
		return found, nil
	}
	if summary, is := known(name, about, of.Read.Rules()); is && datadir.IsSegment(name) {
		found.Summary = summary
		return found, nil
	}
	found.Summary, err = wal.ScanRecords(file, of.Read.Rules(), each, func(damage wal.Damage, _ []byte) error {
		found.add(damage)
		return nil
	})
	return found, err
}

func (f *File) add(damage wal.Damage) {
	f.Counts[Sort{damage.Kind, damage.Cure}]++
	if len(f.Damages) < MaxDamages {
		f.Damages = append(f.Damages, damage)
	}
	first := f.Edit == Keep
	switch begin, tail := beginning(damage); {
	case !first || damage.Ended || !tail:
		f.Edit = Rewrite
	case damage.Kind == walline.Unended:
		f.Edit = End
	default:
		f.Edit, f.CutAt, f.EndAfter = Cut, damage.Offset+begin, begin > 0
	}
}

// beginning returns how long the record is that the line begins with. tail says that nothing else
// of the line is kept.
func beginning(damage wal.Damage) (length int64, tail bool) {
	pieces := damage.Pieces
	if len(pieces) > 0 && pieces[0].Kind == walline.Good {
		length = int64(pieces[0].End)
		pieces = pieces[1:]
	}
	for _, piece := range pieces {
		if piece.Kind == walline.Good {
			return length, false
		}
	}
	return length, true
}

func (f *File) isCompacted() bool {
	_, err := compactedAt(f.Path)
	return err == nil
}

const compacted = "segment_compacted_"

// compactedAt returns when the server began to write a file into which it compacts segments.
func compactedAt(file string) (time.Time, error) {
	// Its name has milliseconds without a point, which time.Parse wants.
	const digits = len("20060102150405000")
	name := path.Base(file)
	if len(name) < len(compacted)+digits || name[:len(compacted)] != compacted {
		return time.Time{}, errors.New("another name")
	}
	at := name[len(compacted) : len(compacted)+digits]
	return time.Parse("20060102150405.000", at[:digits-3]+"."+at[digits-3:])
}
