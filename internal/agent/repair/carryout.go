package repair

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"syscall"
	"time"

	"github.com/barq-db/barq-operator/internal/agent/durable"
	"github.com/barq-db/barq-operator/internal/agent/quarantine"
	"github.com/barq-db/barq-operator/internal/agent/schemacopy"
	"github.com/barq-db/barq-operator/internal/barq/datadir"
	"github.com/barq-db/barq-operator/internal/barq/wal"
	"github.com/barq-db/barq-operator/internal/barq/walline"
)

// ErrChanged is a file that is no longer as it was when the plan was made.
var ErrChanged = errors.New("the file has changed since it was read")

// Kinds of files in quarantine. Pieces of lines have the names of walline.Kind.
const (
	// TornSchema: a schema.json that was cut off.
	TornSchema = "TornSchema"
	// TornSegment: a file that the server was compacting into.
	TornSegment = "TornSegment"
)

// interrupt is called where a crash leaves a state of its own. Tests end the repair there.
var interrupt = func() error { return nil }

// Done is a step that was carried out.
type Done struct {
	Step
	// Quarantine names the folder of what was taken out, and is empty if nothing was.
	Quarantine string
}

// CarryOut does what a plan says. The server must not run. Each step leaves its file whole and
// synced; after an error the steps that were done stay done, and a new plan has the rest.
func CarryOut(root *os.Root, plan Plan, now time.Time) ([]Done, error) {
	if len(plan.Blocks) > 0 {
		return nil, fmt.Errorf("%s: %s", plan.Blocks[0].File, plan.Blocks[0].Message)
	}
	var all []Done
	for _, step := range plan.Steps {
		folder, err := carrier{root: root, step: step, now: now}.do()
		if err != nil {
			return all, fmt.Errorf("%s: %w", step.Path, err)
		}
		all = append(all, Done{Step: step, Quarantine: folder})
	}
	return all, durable.Clean(root)
}

// Sync syncs every file that the server reads, and its folder. The server syncs nothing.
func Sync(root *os.Root) error {
	collections, err := datadir.Collections(root)
	if err != nil {
		return err
	}
	for _, collection := range collections {
		files, err := collection.Files(root)
		if err != nil {
			return err
		}
		paths := append([]string{collection.Folder(), collection.Schema(), collection.Segments()}, files...)
		for _, name := range paths {
			// The server makes no folder of segments, and deletes what it compacts.
			if err := durable.Sync(root, name); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

type carrier struct {
	root *os.Root
	step Step
	now  time.Time
}

func (c carrier) do() (folder string, err error) {
	file, err := c.root.OpenFile(c.step.Path, os.O_RDWR|os.O_APPEND, 0)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	about, err := file.Stat()
	if err != nil {
		return "", err
	}
	if before := c.step.File; c.step.Kind == EditFile && (about.Size() != before.Size || !about.ModTime().Equal(before.Changed)) {
		return "", ErrChanged
	}
	if c.step.Kind == EditFile && c.step.File.Edit == Cut {
		return c.cut(file)
	}
	taken, err := quarantine.New(c.root, c.now)
	if err != nil {
		return "", err
	}
	switch {
	case c.step.Kind == RestoreSchema:
		return c.restoreSchema(file, about, taken)
	case c.step.Kind == TakeFile:
		return c.takeFile(file, about, taken)
	case c.step.File.Edit == Rewrite:
		return c.rewrite(file, about, taken)
	default:
		return "", errors.Join(taken.Discard(), end(file))
	}
}

// end appends a newline.
func end(file *os.File) error {
	_, err := file.WriteString("\n")
	return errors.Join(err, file.Sync())
}

// whole puts all of a file into quarantine.
func (c carrier) whole(file *os.File, about os.FileInfo, taken *quarantine.Writer) (string, error) {
	if about.Size() == 0 {
		return "", taken.Discard()
	}
	entry := quarantine.Entry{Collection: c.step.Collection, File: c.step.Path, Line: 1, Kind: TornSchema}
	if datadir.IsSegment(c.step.Path) {
		entry.Kind = TornSegment
	}
	entry.Lost = entry.Kind == TornSchema && c.step.Kind == TakeFile
	if err := taken.Add(entry, io.NewSectionReader(file, 0, about.Size())); err != nil {
		return "", errors.Join(err, taken.Discard())
	}
	return publish(taken)
}

// publish completes the quarantine. What is in it is still in its file.
func publish(taken *quarantine.Writer) (string, error) {
	folder, err := taken.Publish()
	return folder, errors.Join(err, interrupt())
}

func (c carrier) restoreSchema(file *os.File, about os.FileInfo, taken *quarantine.Writer) (string, error) {
	folder, err := c.whole(file, about, taken)
	if err != nil {
		return "", err
	}
	content, err := schemacopy.Read(c.root, c.step.Collection)
	if err != nil {
		return "", err
	}
	if content == nil {
		return "", ErrChanged
	}
	return folder, durable.WriteFile(c.root, c.step.Path, content, about.Mode().Perm())
}

func (c carrier) takeFile(file *os.File, about os.FileInfo, taken *quarantine.Writer) (string, error) {
	folder, err := c.whole(file, about, taken)
	if err != nil {
		return "", err
	}
	if err := c.root.Remove(c.step.Path); err != nil {
		return "", err
	}
	return folder, durable.Sync(c.root, path.Dir(c.step.Path))
}

// cut cuts off the end of the file in place, which needs no space. A full disk has none for the quarantine. What was
// never acknowledged is cut off without it, or the database could not start before the disk has grown.
func (c carrier) cut(file *os.File) (string, error) {
	found := c.step.File
	folder, err := c.keepEnd(file)
	if errors.Is(err, syscall.ENOSPC) && !slices.ContainsFunc(found.Damages, mayLose) {
		folder, err = "", nil
	}
	if err != nil {
		return "", err
	}
	if err := errors.Join(file.Truncate(found.CutAt), file.Sync(), interrupt()); err != nil {
		return "", err
	}
	if found.EndAfter {
		return folder, end(file)
	}
	return folder, nil
}

// keepEnd puts what is to be cut off into quarantine.
func (c carrier) keepEnd(file *os.File) (string, error) {
	taken, err := quarantine.New(c.root, c.now)
	if err != nil {
		return "", err
	}
	for _, damage := range c.step.File.Damages {
		if err := c.take(file, damage, taken); err != nil {
			return "", errors.Join(err, taken.Discard())
		}
	}
	return publish(taken)
}

// mayLose reports whether a repair takes out what may have been acknowledged.
func mayLose(damage wal.Damage) bool { return damage.Cure != wal.Certain }

// take puts into quarantine what a line has besides records.
func (c carrier) take(file *os.File, damage wal.Damage, taken *quarantine.Writer) error {
	for index, piece := range damage.Pieces {
		if piece.Kind == walline.Good {
			continue
		}
		entry := quarantine.Entry{
			Collection: c.step.Collection, File: c.step.Path, Line: damage.Line, Offset: damage.Offset + int64(piece.Start),
			Kind: piece.Kind.String(),
			Lost: damage.Cure == wal.Unsure || (damage.Cure == wal.Losing && index == len(damage.Pieces)-1),
		}
		if piece.Record.Op != 0 {
			entry.Op, entry.ID = piece.Record.Op.String(), piece.Record.ID.String()
		}
		if err := taken.Add(entry, io.NewSectionReader(file, entry.Offset, int64(piece.End-piece.Start))); err != nil {
			return err
		}
	}
	return nil
}

// rewrite writes the file anew without what is taken out, each record on a line of its own. It
// needs as much space as the file has.
func (c carrier) rewrite(file *os.File, about os.FileInfo, taken *quarantine.Writer) (string, error) {
	staged, err := durable.Stage(c.root, "log")
	if err != nil {
		return "", errors.Join(err, taken.Discard())
	}
	target, err := c.root.OpenFile(staged, os.O_CREATE|os.O_EXCL|os.O_WRONLY, about.Mode().Perm())
	if err != nil {
		return "", errors.Join(err, taken.Discard())
	}
	if err := errors.Join(c.repaired(file, target, taken), durable.Finish(target)); err != nil {
		return "", errors.Join(fmt.Errorf("write it anew, which needs %d bytes of space: %w", about.Size(), err), taken.Discard(), c.root.Remove(staged))
	}
	folder, err := publish(taken)
	if err != nil {
		return "", err
	}
	return folder, durable.Move(c.root, staged, c.step.Path)
}

// repaired writes the file as it will be.
func (c carrier) repaired(file *os.File, into io.Writer, taken *quarantine.Writer) error {
	buffered := bufio.NewWriterSize(into, 1<<20)
	copied := int64(0)
	visit := func(damage wal.Damage, text []byte) error {
		if _, err := io.Copy(buffered, io.NewSectionReader(file, copied, damage.Offset-copied)); err != nil {
			return err
		}
		copied = damage.Offset + damage.Length
		if damage.Ended {
			copied++
		}
		for _, piece := range damage.Pieces {
			if piece.Kind != walline.Good {
				continue
			}
			if _, err := buffered.Write(append(text[piece.Start:piece.End:piece.End], '\n')); err != nil {
				return err
			}
		}
		return c.take(file, damage, taken)
	}
	if _, err := wal.Scan(io.NewSectionReader(file, 0, c.step.File.Size), c.step.Rules, visit); err != nil {
		return err
	}
	if _, err := io.Copy(buffered, io.NewSectionReader(file, copied, c.step.File.Size-copied)); err != nil {
		return err
	}
	return buffered.Flush()
}
