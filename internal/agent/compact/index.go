//go:build linux

package compact

import (
	"errors"
	"fmt"
	"hash/maphash"
	"io"

	"github.com/barq-db/barq-operator/internal/barq/wal"
	"github.com/barq-db/barq-operator/internal/barq/walline"
)

// errSameHash is two texts that cannot be told apart. Another seed can.
var errSameHash = errors.New("two ids have one hash")

// place says where a line is: the number of its file, and its offset there.
type place uint64

const (
	offsetBits = 48
	fileBits   = 14
	isText     = place(1) << 62
	noPayload  = place(1) << 63
	maxFiles   = 1 << fileBits
	maxOffset  = int64(1) << offsetBits
)

// where is the place without what else is known of the line.
func (p place) where() place  { return p &^ (isText | noPayload) }
func (p place) file() int     { return int(p>>offsetBits) & (maxFiles - 1) }
func (p place) offset() int64 { return int64(p & (1<<offsetBits - 1)) }

// entry is a document in the server's list. Its key is the number, or the hash of the text, that is
// its id.
type entry struct {
	key   uint64
	place place
}

// identity is the id of a document: its key, and which of the two kinds it is.
type identity struct {
	key    uint64
	isText bool
}

func (e entry) id() identity { return identity{key: e.key, isText: e.place&isText != 0} }

// chunk is how many entries are allocated at once. A slice that grows would need twice its memory.
const chunk = 1 << 15

// list is the server's list of documents, as an index of the kind Flat has it.
type list struct {
	chunks [][]entry
	length int
}

func (l *list) at(position int) *entry { return &l.chunks[position/chunk][position%chunk] }

func (l *list) push(added entry) {
	if l.length == len(l.chunks)*chunk {
		l.chunks = append(l.chunks, make([]entry, chunk))
	}
	l.length++
	*l.at(l.length - 1) = added
}

// index is the state that a server has after it has read what was added.
type index struct {
	seed maphash.Seed
	// positions say where in the list a document is.
	positions table
	list      list
	// dirty counts documents that are in the server's list more than once.
	dirty int
	// textAt returns the id of a line, which is a text.
	textAt func(place) (string, error)
}

func newIndex(textAt func(place) (string, error)) *index {
	made := &index{seed: maphash.MakeSeed(), textAt: textAt}
	made.positions = newTable(&made.list)
	return made
}

// add does what the server does with a record that is at the place.
func (i *index) add(record walline.Record, at place) error {
	key := record.ID.Number
	if record.ID.IsText {
		key = maphash.String(i.seed, record.ID.Text)
		at |= isText
	}
	if record.Payload == walline.NoPayload {
		at |= noPayload
	}
	added := entry{key: key, place: at}
	position, known := i.positions.find(added.id())
	if known && record.ID.IsText {
		text, err := i.textAt(i.list.at(position).place)
		if err != nil {
			return err
		}
		if text != record.ID.Text {
			return errSameHash
		}
	}
	if record.Op == walline.Delete {
		if known {
			i.remove(position)
		}
		return nil
	}
	if known {
		if i.list.at(position).place&noPayload != 0 {
			// The server finds the older one by its payload, and so not at all.
			i.dirty++
		}
		i.remove(position)
	}
	i.list.push(added)
	i.positions.put(added.id(), i.list.length-1)
	return nil
}

// remove takes an entry out of the list. The last one takes its position.
func (i *index) remove(position int) {
	i.positions.remove(i.list.at(position).id())
	last := *i.list.at(i.list.length - 1)
	if position < i.list.length-1 {
		i.positions.put(last.id(), position)
		*i.list.at(position) = last
	}
	i.list.length--
}

// placeOf returns where the line of a document is, if the document is there.
func (i *index) placeOf(id walline.ID) (place, bool, error) {
	wanted := identity{key: id.Number, isText: id.IsText}
	if id.IsText {
		wanted.key = maphash.String(i.seed, id.Text)
	}
	position, known := i.positions.find(wanted)
	if !known {
		return 0, false, nil
	}
	at := i.list.at(position).place
	if !id.IsText {
		return at.where(), true, nil
	}
	text, err := i.textAt(at)
	return at.where(), text == id.Text, err
}

// read adds all records of a file, and hands over each before.
func (i *index) read(number uint16, file io.Reader, rules walline.Rules, each func(text []byte, record walline.Record, at place) error) error {
	return wal.Records(file, rules, func(text []byte, offset int64, record walline.Record) error {
		if offset >= maxOffset {
			return fmt.Errorf("it is larger than %d bytes", maxOffset)
		}
		at := place(number)<<offsetBits | place(offset) //nolint:gosec // No offset is negative.
		if err := each(text, record, at); err != nil {
			return err
		}
		return i.add(record, at)
	})
}
