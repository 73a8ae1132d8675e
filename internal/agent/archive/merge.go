package archive

// classFactor is how many chunks of about one size become one. With more of them there are more objects; with fewer, each byte is
// written more often.
const classFactor = 8

// smallestClass is the size below which all chunks are alike, in bytes.
const smallestClass = 16 << 10

// class returns a number that grows by one with each factor of size.
func class(size int64) int {
	found := 0
	for limit := int64(smallestClass); size > limit; limit *= classFactor {
		found++
	}
	return found
}

// Absorbed returns how many of the last chunks of a file become one with the next bytes, of which there are size. So a file has about as
// many chunks as classFactor times the logarithm of its size, and each byte is written about as often as that logarithm says.
func Absorbed(chunks []Chunk, size int64) int {
	absorbed := 0
	for {
		alike, sum := 0, size
		for alike < len(chunks)-absorbed {
			chunk := chunks[len(chunks)-1-absorbed-alike]
			if chunk.Cold || class(chunk.Size) > class(size) || sum+chunk.Size > LargestChunk {
				break
			}
			sum += chunk.Size
			alike++
		}
		if alike < classFactor-1 {
			return absorbed
		}
		absorbed, size = absorbed+alike, sum
	}
}

// Joined returns the first run of chunks that can become one, as from and to, of a file that does not grow any more. Both are 0 if there
// is none.
func Joined(chunks []Chunk) (from, to int) {
	for from := range chunks {
		size, to := int64(0), from
		for to < len(chunks) && !chunks[to].Cold && size+chunks[to].Size <= LargestChunk {
			size += chunks[to].Size
			to++
		}
		if to-from > 1 {
			return from, to
		}
	}
	return 0, 0
}
