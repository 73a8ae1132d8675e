package release

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/klauspost/compress/s2"
	"github.com/stretchr/testify/require"
)

func TestTextsAreUnpackedAsTheyWere(t *testing.T) {
	random := make([]byte, 2*s2.MaxDictSize)
	source := rand.NewChaCha8([32]byte{1})
	_, _ = source.Read(random)
	texts := [][]byte{
		nil, []byte("short"), []byte("a text of more than sixteen bytes"), []byte("a text of more than fifteen bytes"),
		bytes.Repeat([]byte("long"), s2.MaxDictSize), random, []byte("short"),
		{},
	}
	for first := range texts {
		t.Run(fmt.Sprint(first), func(t *testing.T) {
			var p packer
			var all []packedText
			for i := range texts {
				all = append(all, p.pack(texts[(first+i)%len(texts)]))
			}
			for i, one := range all {
				text, err := one.unpack()
				require.NoError(t, err)
				require.True(t, bytes.Equal(texts[(first+i)%len(texts)], text))
			}
		})
	}
}

func TestTextsThatAreAlikeTakeLittle(t *testing.T) {
	var p packer
	manifest := func(name string) []byte {
		var text strings.Builder
		for i := range 200 {
			fmt.Fprintf(&text, "field%d: value of all\n", i*i*i)
			if i%20 == 0 {
				text.WriteString("name: " + name + "\n")
			}
		}
		return []byte(text.String())
	}
	first := p.pack(manifest("first"))
	require.Less(t, len(first.content), 64)
	alone := len(s2.Encode(nil, manifest("other")))
	require.Less(t, len(p.pack(manifest("other")).content), alone/5)
}
