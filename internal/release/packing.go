package release

import (
	"bytes"
	"sync"

	"github.com/klauspost/compress/s2"
)

// packer packs texts that are much alike, such as the manifests of one chart: the first is the dictionary of all
// others, of which only the differences are kept.
type packer struct {
	lock       sync.Mutex
	dictionary *s2.Dict
}

// packedText is what a packer makes of a text.
type packedText struct {
	content []byte
	// dictionary is nil if there was none. A packer never changes its own.
	dictionary *s2.Dict
}

func (p *packer) pack(text []byte) packedText {
	dictionary := p.learn(text)
	if dictionary == nil {
		return packedText{content: bytes.Clone(s2.Encode(nil, text))}
	}
	// The library gives room for what cannot be made smaller.
	return packedText{content: bytes.Clone(dictionary.Encode(nil, text)), dictionary: dictionary}
}

// learn gives the dictionary, and makes it of the text if there is none. A text of a few bytes makes none.
func (p *packer) learn(text []byte) *s2.Dict {
	p.lock.Lock()
	defer p.lock.Unlock()
	if p.dictionary == nil {
		p.dictionary = s2.MakeDict(bytes.Clone(text), nil)
	}
	return p.dictionary
}

func (t packedText) unpack() ([]byte, error) {
	if t.dictionary == nil {
		return s2.Decode(nil, t.content)
	}
	return t.dictionary.Decode(nil, t.content)
}
