package documents

import "hash/maphash"

// table finds the position of an id in a list. It has 4 bytes for each slot, because the ids are in the list. A map from ids to
// positions would have 17, which would be the most of all that is kept.
type table struct {
	seed maphash.Seed
	list *list
	// slots have positions, each raised by one. An id is in the first free slot from that of its hash on.
	slots []uint32
	used  int
}

const (
	// fewestSlots is a power of two, as every number of slots.
	fewestSlots = 1 << 6
	// Of four slots three are used at most.
	fullPart, fullOf = 3, 4
)

func newTable(of *list) table {
	return table{seed: maphash.MakeSeed(), list: of, slots: make([]uint32, fewestSlots)}
}

// home is the slot of an id, if it is free. It cannot be foreseen by those who choose ids.
func (t *table) home(id identity) int {
	return int(maphash.Comparable(t.seed, id) & uint64(len(t.slots)-1)) //nolint:gosec // It is below the number of slots.
}

// slot returns the slot that has an id, or that it would have.
func (t *table) slot(id identity) int {
	for slot := t.home(id); ; slot = t.after(slot) {
		if t.slots[slot] == 0 || t.idAt(slot) == id {
			return slot
		}
	}
}

func (t *table) after(slot int) int { return (slot + 1) & (len(t.slots) - 1) }

// idAt is the id whose position is in a slot.
func (t *table) idAt(slot int) identity { return t.list.at(int(t.slots[slot]) - 1).id() }

// find returns the position of an id.
func (t *table) find(id identity) (position int, known bool) {
	position = int(t.slots[t.slot(id)]) - 1
	return position, position >= 0
}

// put takes note of the position of an id that is in the list.
func (t *table) put(id identity, position int) {
	slot := t.slot(id)
	if t.slots[slot] == 0 {
		t.used++
	}
	t.slots[slot] = uint32(position) + 1 //nolint:gosec // No server has 2^32 documents in memory.
	if t.used*fullOf > len(t.slots)*fullPart {
		t.grow()
	}
}

func (t *table) grow() {
	before := t.slots
	t.slots = make([]uint32, 2*len(before))
	for _, position := range before {
		if position != 0 {
			t.slots[t.slot(t.list.at(int(position)-1).id())] = position
		}
	}
}

// remove forgets an id that is still in the list. Those that come after it move up, so that no search ends before them.
func (t *table) remove(id identity) {
	free := t.slot(id)
	t.used--
	for slot := t.after(free); t.slots[slot] != 0; slot = t.after(slot) {
		// It may move if the free slot is not before its home.
		if mask := len(t.slots) - 1; (slot-t.home(t.idAt(slot)))&mask >= (slot-free)&mask {
			t.slots[free] = t.slots[slot]
			free = slot
		}
	}
	t.slots[free] = 0
}
