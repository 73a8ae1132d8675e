package repair

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/barq-db/barq-operator/internal/agent/schemacopy"
	"github.com/barq-db/barq-operator/internal/barq/datadir"
	"github.com/barq-db/barq-operator/internal/barq/schema"
	"github.com/barq-db/barq-operator/internal/barq/wal"
	"github.com/barq-db/barq-operator/internal/barq/walline"
)

// Policy says what becomes of a line whose repair loses an acknowledged write.
type Policy string

// The policies.
const (
	// Quarantine: the line is taken out, and the database starts without it.
	Quarantine Policy = "Quarantine"
	// Refuse: the database does not start.
	Refuse Policy = "Refuse"
)

// Place is a line of a file.
type Place struct {
	File   string
	Offset int64
}

// Options are what Decide is asked to do.
type Options struct {
	Policy Policy
	// TakeOut names damaged lines that a person has decided to do without. They block nothing.
	TakeOut []Place
}

// Plan is what to do. If there is a block, nothing is done, and the database must not start.
type Plan struct {
	Steps  []Step
	Losses []Loss
	Blocks []Block
}

// StepKind is what a step does.
type StepKind uint8

// The kinds of step.
const (
	// EditFile does the edit of the file.
	EditFile StepKind = iota
	// TakeFile puts a whole file into quarantine.
	TakeFile
	// RestoreSchema puts the copy of schema.json back.
	RestoreSchema
)

// Step is one change of one file. Every other file may change before it or after it.
type Step struct {
	Kind StepKind
	datadir.Collection
	// File is what was found in the file, if it is one of the log.
	File  File
	Path  string
	Rules walline.Rules
}

// Loss is a kind of damage in a file whose repair loses acknowledged writes.
type Loss struct {
	datadir.Collection
	File string
	Kind string
	// Count is how many lines, and Line the first.
	Count, Line int
}

// Block is why the database must not start, and what to do.
type Block struct {
	datadir.Collection
	File string
	// Line is the number of the line, or 0.
	Line int
	// Offset is where the line begins.
	Offset  int64
	Message string
}

// Decide returns what to do about what was found.
func Decide(found []Found, options Options) Plan {
	var plan Plan
	for index, collection := range found {
		d := decision{plan: &plan, options: options, Found: collection}
		d.sameName(found[:index])
		d.schema()
		if collection.WasRead() {
			d.rules()
			for _, file := range collection.Files {
				d.file(file)
			}
		}
	}
	return plan
}

type decision struct {
	plan    *Plan
	options Options
	Found
}

func (d *decision) block(file string, message string, arguments ...any) {
	d.blockLine(file, wal.Damage{}, message, arguments...)
}

func (d *decision) blockLine(file string, damage wal.Damage, message string, arguments ...any) {
	d.plan.Blocks = append(d.plan.Blocks, Block{
		Collection: d.Collection, File: file, Line: damage.Line, Offset: damage.Offset, Message: fmt.Sprintf(message, arguments...),
	})
}

func (d *decision) step(kind StepKind, file File) {
	d.plan.Steps = append(d.plan.Steps, Step{
		Kind: kind, Collection: d.Collection, File: file, Path: file.Path, Rules: d.Found.Schema.Read.Rules(),
	})
}

// lose plans a step that loses acknowledged writes, if the policy allows it.
func (d *decision) lose(loss Loss) {
	if d.options.Policy == Refuse {
		d.blockLine(loss.File, wal.Damage{Line: loss.Line}, "%d lines have to go, the first is line %d (%s), and log.invalidLines is Refuse. Set it to Quarantine, or repair the file by hand", loss.Count, loss.Line, loss.Kind)
		return
	}
	loss.Collection = d.Collection
	d.plan.Losses = append(d.plan.Losses, loss)
}

// size returns how many bytes the log has.
func (d *decision) size() int64 {
	var size int64
	for _, file := range d.Files {
		size += file.Size
	}
	return size
}

// sameName blocks two folders whose schemas name one collection.
func (d *decision) sameName(before []Found) {
	for _, other := range before {
		if other.Tenant == d.Tenant && other.Schema.State == Sound && d.Found.Schema.State == Sound && other.Schema.Read.Name == d.Found.Schema.Read.Name {
			d.block(d.Found.Collection.Schema(), "the schema names the collection %s, as %s does. Move one of the two folders away", d.Found.Schema.Read.Name, other.Collection.Schema())
		}
	}
}

func (d *decision) schema() {
	file := d.Found.Collection.Schema()
	found := d.Found.Schema
	copied := "There is no copy of it"
	if found.HasCopy {
		copied = "A copy is " + schemacopy.Path(d.Collection)
	}
	switch {
	case found.State == Missing && d.size() > 0:
		d.block(file, "there is a log and no schema. If the collection was deleted, delete its folder. If not, put the schema back. %s", copied)
	case found.State == Wrong:
		d.block(file, "the server refuses the schema: %s. Restore the schema of the collection. %s", found.Problem, copied)
	case found.State == Torn && found.CopyFits:
		d.step(RestoreSchema, File{Path: file})
	case found.State == Torn && d.size() == 0:
		// Most probably a kill cut off the creation of the collection, which was not answered.
		d.lose(Loss{File: file, Kind: TornSchema, Count: 1, Line: 1})
		d.step(TakeFile, File{Path: file})
	case found.State == Torn:
		d.block(file, "the schema is cut off, and the collection has documents. Write it anew: the documents tell the dimension, but neither the metric nor the index nor the texts. %s", copied)
	}
}

// rules blocks what the server can read and not start with.
func (d *decision) rules() {
	var inserts, records, misfits int
	for _, file := range d.Files {
		inserts += file.Summary.Inserts
		records += file.Summary.Inserts + file.Summary.Deletes
		misfits += file.Summary.Misfits
	}
	read := d.Found.Schema.Read
	file := d.Found.Collection.Schema()
	if read.Name != d.Name && records+misfits > 0 {
		d.block(file, "the schema names the collection %q, and the folder %q. Restore the schema of the folder's collection", read.Name, d.Name)
	}
	if read.Index == schema.IVF && read.Lists == 0 && inserts > 0 {
		d.block(file, "nlist of the index Ivf is 0, with which the server ends at the first document. Write a larger one into the schema")
	}
	if misfits > inserts {
		d.block(file, "%d documents do not suit the schema, and %d do, so it is the schema of another collection. Restore the schema of this one", misfits, inserts)
	}
}

func (d *decision) file(file File) {
	switch {
	case len(file.Damages) == 0:
		return
	case datadir.IsSegment(file.Path) && file.Edit != End && !d.isOurs(file):
		return
	case d.unsure(file):
		return
	}
	for _, loss := range losses(file) {
		d.lose(loss)
	}
	d.step(EditFile, file)
}

// losses returns what the edit of a file loses, by kind.
func losses(file File) []Loss {
	counts := map[walline.Kind]int{}
	for sort, count := range file.Counts {
		if sort.Cure != wal.Certain {
			counts[sort.Kind] += count
		}
	}
	var found []Loss
	for _, kind := range slices.Sorted(maps.Keys(counts)) {
		loss := Loss{File: file.Path, Kind: kind.String(), Count: counts[kind]}
		for _, damage := range file.Damages {
			if damage.Kind == kind && damage.Cure != wal.Certain {
				loss.Line = damage.Line
				break
			}
		}
		found = append(found, loss)
	}
	return found
}

// isOurs looks at a damaged segment. It reports whether its lines may be repaired as those of the
// log are: it must have been the log once.
func (d *decision) isOurs(file File) bool {
	name := path.Base(file.Path)
	switch {
	case file.isCompacted():
		began, _ := compactedAt(file.Path)
		older := slices.ContainsFunc(d.Files, func(other File) bool {
			return other.Path != file.Path && datadir.IsSegment(other.Path) && other.Changed.Before(began)
		})
		if older {
			// The server deletes what it compacts when it is done, so all of it is there still.
			d.step(TakeFile, file)
			return false
		}
		d.blockLine(file.Path, file.Damages[0], "a file that the server compacted is damaged, and what it was made of is gone. Take out the line by hand, or go back to a backup")
		return false
	case name == "schema.json":
		d.block(file.Path, "there is a collection %s/segments, whose schema the server reads as documents of %s. Delete the file", d.Name, d.Name)
		return false
	case !strings.HasPrefix(name, "segment_") || path.Ext(name) != ".jsonl":
		d.blockLine(file.Path, file.Damages[0], "the server reads every file in this folder, and this one is no log. Move it away")
		return false
	default:
		return true
	}
}

// unsure blocks if what a line held cannot be known, and no person has decided.
func (d *decision) unsure(file File) bool {
	open := 0
	for sort, count := range file.Counts {
		if sort.Cure == wal.Unsure {
			open += count
		}
	}
	var first *wal.Damage
	for index, damage := range file.Damages {
		if damage.Cure != wal.Unsure {
			continue
		}
		if slices.Contains(d.options.TakeOut, Place{File: file.Path, Offset: damage.Offset}) {
			open--
		} else if first == nil {
			first = &file.Damages[index]
		}
	}
	if open == 0 {
		return false
	}
	if first == nil {
		first = &file.Damages[0]
	}
	d.blockLine(file.Path, *first, "line %d (%s) cannot be read, and may have held acknowledged writes. Go back to a backup, or decide to do without it. %d such lines are left", first.Line, first.Kind, open)
	return true
}
