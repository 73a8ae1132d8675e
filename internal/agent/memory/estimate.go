//go:build linux

package memory

import (
	"encoding/binary"

	"github.com/axiomhq/hyperloglog"

	"github.com/barq-db/barq-operator/internal/barq/datadir"
	"github.com/barq-db/barq-operator/internal/barq/schema"
	"github.com/barq-db/barq-operator/internal/barq/walline"
)

// What the server takes, in bytes. The figures follow from its types, and are held to what it takes
// in test/agent.
const (
	// program is what it takes without a document.
	program = 16 << 20
	// ofFlat, ofIVF and ofHNSW are what a document takes in an index, besides its vectors.
	ofFlat = 280
	ofIVF  = 400
	ofHNSW = 1500
	// ofPayload is what a payload takes, and ofMember each member of it.
	ofPayload = 350
	ofMember  = 500
)

// Estimate is what a server takes that reads some logs. Its own memory is a few KiB for each collection.
type Estimate struct {
	collections map[datadir.Collection]*weight
}

// weight is what the inserts of a collection have.
type weight struct {
	index schema.Index
	// ids tells how many different documents there are, within a few percent.
	ids *hyperloglog.Sketch
	// inserts, components, members and text are sums over all inserts.
	inserts, components, payloads, members, text uint64
}

// Weigh returns what takes note of each record of a collection.
func (e *Estimate) Weigh(collection datadir.Collection, read schema.Schema) func(walline.Record) {
	if e.collections == nil {
		e.collections = map[datadir.Collection]*weight{}
	}
	w := &weight{index: read.Index, ids: hyperloglog.New()}
	e.collections[collection] = w
	return w.add
}

func (w *weight) add(record walline.Record) {
	if record.Op != walline.Insert {
		return
	}
	if record.ID.IsText {
		w.ids.Insert([]byte(record.ID.Text))
	} else {
		w.ids.Insert(binary.LittleEndian.AppendUint64(nil, record.ID.Number))
	}
	w.inserts++
	w.components += uint64(record.Dimension) //nolint:gosec // It counts.
	if record.Payload != walline.NoPayload {
		w.payloads++
		w.members += uint64(record.Members)                                 //nolint:gosec // It counts.
		w.text += uint64(record.PayloadText.End - record.PayloadText.Start) //nolint:gosec // It is the length of a text.
	}
}

// Bytes returns what the server takes. Documents that were deleted count as if they were there.
func (e *Estimate) Bytes() int64 {
	bytes := uint64(program)
	for _, w := range e.collections {
		if w.inserts == 0 {
			continue
		}
		documents := min(w.ids.Estimate(), w.inserts)
		// Each insert of a document replaces the one before, so the average of all inserts is that of a document.
		all := w.ofIndex() + ofPayload*w.payloads + ofMember*w.members + 2*w.text
		bytes += all / w.inserts * documents
	}
	return int64(bytes)
}

// ofIndex is what all inserts take in the index.
func (w *weight) ofIndex() uint64 {
	const ofComponent = 4
	switch w.index {
	case schema.HNSW:
		return ofHNSW*w.inserts + ofComponent*w.components
	case schema.IVF:
		return ofIVF*w.inserts + ofComponent*w.components
	default:
		// An index of the kind Flat has each vector twice.
		return ofFlat*w.inserts + 2*ofComponent*w.components
	}
}
