package documents

import (
	"errors"
	"fmt"
	"hash/maphash"
	"io"

	"github.com/barq-db/barq-operator/internal/barq/wal"
	"github.com/barq-db/barq-operator/internal/barq/walline"
)

// ErrSameHash is two texts that cannot be told apart. Another Documents can, because it hashes otherwise.
var ErrSameHash = errors.New("two ids have one hash")

// Documents are those that a server has after it has read lines of its log, in the order of its own list.
type Documents struct {
	seed maphash.Seed
	// positions say where in the list a document is.
	positions table
	list      list
	// dirty counts documents that are in the server's list more than once.
	dirty int
	// textAt returns the id of a line, which is a text.
	textAt func(Place) (string, error)
}

// New returns no documents. textAt returns the id of a line, which is a text.
func New(textAt func(Place) (string, error)) *Documents {
	made := &Documents{seed: maphash.MakeSeed(), textAt: textAt}
	made.positions = newTable(&made.list)
	return made
}

// add does what the server does with a record that is at the place.
func (d *Documents) add(record walline.Record, at Place) error {
	key := record.ID.Number
	if record.ID.IsText {
		key = maphash.String(d.seed, record.ID.Text)
		at |= isText
	}
	if record.Payload == walline.NoPayload {
		at |= noPayload
	}
	added := entry{key: key, place: at}
	position, known := d.positions.find(added.id())
	if known && record.ID.IsText {
		text, err := d.textAt(d.list.at(position).place)
		if err != nil {
			return err
		}
		if text != record.ID.Text {
			return ErrSameHash
		}
	}
	if record.Op == walline.Delete {
		if known {
			d.remove(position)
		}
		return nil
	}
	if known {
		if d.list.at(position).place&noPayload != 0 {
			// The server finds the older one by its payload, and so not at all.
			d.dirty++
		}
		d.remove(position)
	}
	d.list.push(added)
	d.positions.put(added.id(), d.list.length-1)
	return nil
}

// remove takes an entry out of the list. The last one takes its position.
func (d *Documents) remove(position int) {
	d.positions.remove(d.list.at(position).id())
	last := *d.list.at(d.list.length - 1)
	if position < d.list.length-1 {
		d.positions.put(last.id(), position)
		*d.list.at(position) = last
	}
	d.list.length--
}

// Len returns how many there are.
func (d *Documents) Len() int { return d.list.length }

// Dirty returns how many are in the server's list more than once.
func (d *Documents) Dirty() int { return d.dirty }

// At returns where the line of the document at a position of the list is.
func (d *Documents) At(position int) Place { return d.list.at(position).place.where() }

// PlaceOf returns where the line of a document is, if the document is there.
func (d *Documents) PlaceOf(id walline.ID) (Place, bool, error) {
	wanted := identity{key: id.Number, isText: id.IsText}
	if id.IsText {
		wanted.key = maphash.String(d.seed, id.Text)
	}
	position, known := d.positions.find(wanted)
	if !known {
		return 0, false, nil
	}
	at := d.list.at(position).place
	if !id.IsText {
		return at.where(), true, nil
	}
	text, err := d.textAt(at)
	return at.where(), text == id.Text, err
}

// Read adds all records of a file, which has a number below MaxFiles, and hands over each before.
func (d *Documents) Read(number uint16, file io.Reader, rules walline.Rules, each func(text []byte, record walline.Record, at Place) error) error {
	return wal.Records(file, rules, func(text []byte, offset int64, record walline.Record) error {
		if offset >= maxOffset {
			return fmt.Errorf("it is larger than %d bytes", maxOffset)
		}
		at := Place(number)<<offsetBits | Place(offset) //nolint:gosec // No offset is negative.
		if err := each(text, record, at); err != nil {
			return err
		}
		return d.add(record, at)
	})
}
