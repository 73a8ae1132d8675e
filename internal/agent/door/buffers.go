package door

import "sync"

// sizeOfBuffer is how many bytes of an answer are copied at a time.
const sizeOfBuffer = 32 << 10

// buffers are used again, because a new one for each answer takes a tenth of the agent's time.
type buffers struct{ pool sync.Pool }

// Get returns a buffer of any content.
func (b *buffers) Get() []byte {
	if used, is := b.pool.Get().(*[sizeOfBuffer]byte); is {
		return used[:]
	}
	return make([]byte, sizeOfBuffer)
}

// Put takes back a buffer that Get returned.
func (b *buffers) Put(buffer []byte) { b.pool.Put((*[sizeOfBuffer]byte)(buffer)) }
