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
	// numbers and texts say where in the list a document is, by the key of its id.
	numbers, texts map[uint64]uint32
	list           list
	// dirty counts documents that are in the server's list more than once.
	dirty int
	// textAt returns the id of a line, which is a text.
	textAt func(place) (string, error)
}

func newIndex(textAt func(place) (string, error)) *index {
	return &index{seed: maphash.MakeSeed(), numbers: map[uint64]uint32{}, texts: map[uint64]uint32{}, textAt: textAt}
}

func (i *index) positions(of place) map[uint64]uint32 {
	if of&isText != 0 {
		return i.texts
	}
	return i.numbers
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
	position, known := i.positions(at)[key]
	if known && record.ID.IsText {
		text, err := i.textAt(i.list.at(int(position)).place)
		if err != nil {
			return err
		}
		if text != record.ID.Text {
			return errSameHash
		}
	}
	if record.Op == walline.Delete {
		if known {
			i.remove(int(position))
		}
		return nil
	}
	if known {
		if i.list.at(int(position)).place&noPayload != 0 {
			// The server finds the older one by its payload, and so not at all.
			i.dirty++
		}
		i.remove(int(position))
	}
	i.positions(at)[key] = uint32(i.list.length) //nolint:gosec // No server has 2^32 documents in memory.
	i.list.push(entry{key: key, place: at})
	return nil
}

// remove takes an entry out of the list. The last one takes its position.
func (i *index) remove(position int) {
	removed := *i.list.at(position)
	delete(i.positions(removed.place), removed.key)
	i.list.length--
	if position == i.list.length {
		return
	}
	last := *i.list.at(i.list.length)
	*i.list.at(position) = last
	i.positions(last.place)[last.key] = uint32(position) //nolint:gosec // It is below the length.
}

// placeOf returns where the line of a document is, if the document is there.
func (i *index) placeOf(id walline.ID) (place, bool, error) {
	key, positions := id.Number, i.numbers
	if id.IsText {
		key, positions = maphash.String(i.seed, id.Text), i.texts
	}
	position, known := positions[key]
	if !known {
		return 0, false, nil
	}
	at := i.list.at(int(position)).place
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
