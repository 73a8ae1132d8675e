package documents

// Place says where a line is: the number of its file, and its offset there.
type Place uint64

// MaxFiles is how many files there can be.
const MaxFiles = 1 << fileBits

const (
	offsetBits = 48
	fileBits   = 14
	isText     = Place(1) << 62
	noPayload  = Place(1) << 63
	maxOffset  = int64(1) << offsetBits
)

// where is the place without what else is known of the line.
func (p Place) where() Place { return p &^ (isText | noPayload) }

// File is the number of the file.
func (p Place) File() int { return int(p>>offsetBits) & (MaxFiles - 1) }

// Offset is that in the file, in bytes.
func (p Place) Offset() int64 { return int64(p & (1<<offsetBits - 1)) }

// entry is a document in the server's list. Its key is the number, or the hash of the text, that is
// its id.
type entry struct {
	key   uint64
	place Place
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
