package stores_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/objectstore"
	"github.com/barq-db/barq-operator/internal/objectstore/stores"
)

// Sizes of what a backend sends in one request, and in several parts with every provider.
const (
	oneRequest = 8<<20 + 345
	manyParts  = 16<<20 + 12_345
)

// subject is a store that the contract is held against.
type subject struct {
	options objectstore.Options
	// file returns the file in which the server keeps an object, where a test may damage it, or "".
	file func(key string) string
	// wrong is a folder of credentials that the server refuses for the reason. It may be empty.
	wrong   string
	refusal objectstore.Reason
}

func TestFolder(t *testing.T) {
	root := t.TempDir()
	contract(t, subject{
		options: objectstore.Options{Provider: objectstore.Folder, Bucket: root},
		file:    func(key string) string { return filepath.Join(root, key) },
	})
}

// contract is what every store keeps.
func contract(t *testing.T, s subject) {
	t.Helper()
	for name, check := range map[string]func(*testing.T, subject, objectstore.Store){
		"what is created can be read":              createdIsRead,
		"an object is created once":                createdOnce,
		"one of many creates it":                   oneOfMany,
		"objects that are large":                   largeOnes,
		"a content that changes is not stored":     changingContent,
		"a list has pages in order":                pages,
		"stores with other prefixes do not meet":   prefixes,
		"a deletion may be repeated":               deletion,
		"what is missing is not found":             missing,
		"a part is compared with the caller's sum": parts,
		"damage is found":                          damage,
		"the probe may be repeated":                probe,
		"what is tried is taken away":              exercise,
		"a bucket that is missing":                 missingBucket,
		"credentials that are refused":             refused,
	} {
		t.Run(name, func(t *testing.T) {
			own := s
			own.options.Prefix = fmt.Sprintf("run-%d/", rand.Uint64())
			check(t, own, opened(t, own.options))
		})
	}
}

func opened(t *testing.T, options objectstore.Options) objectstore.Store {
	t.Helper()
	s, err := stores.Open(options)
	require.NoError(t, err)
	return s
}

func create(t *testing.T, s objectstore.Store, key, content string) objectstore.Attributes {
	t.Helper()
	require.NoError(t, s.Create(t.Context(), key, strings.NewReader(content)))
	object, err := s.Attributes(t.Context(), key)
	require.NoError(t, err)
	return object
}

func content(size int) []byte {
	made := make([]byte, size)
	source := rand.NewChaCha8([32]byte{1})
	_, _ = source.Read(made)
	return made
}

func createdIsRead(t *testing.T, _ subject, s objectstore.Store) {
	for _, said := range []string{"hello", "", strings.Repeat("x", 100_000)} {
		key := fmt.Sprintf("a/b-%d/c.json", len(said))
		before := time.Now()
		object := create(t, s, key, said)
		assert.Equal(t, key, object.Key)
		assert.Equal(t, int64(len(said)), object.Size)
		assert.Equal(t, objectstore.Sum(sha256.Sum256([]byte(said))), object.SHA256)
		assert.WithinDuration(t, before, object.Time, time.Minute)

		var read bytes.Buffer
		attributes, err := s.Read(t.Context(), key, &read)
		require.NoError(t, err)
		assert.Equal(t, said, read.String())
		assert.Equal(t, object, attributes)
	}
}

func createdOnce(t *testing.T, _ subject, s objectstore.Store) {
	create(t, s, "once", "first")
	// Not even with the same content: that it is there already is for the caller to judge.
	for _, again := range []string{"second", "first", ""} {
		err := s.Create(t.Context(), "once", strings.NewReader(again))
		require.ErrorIs(t, err, objectstore.Exists)
	}
	var read bytes.Buffer
	_, err := s.Read(t.Context(), "once", &read)
	require.NoError(t, err)
	assert.Equal(t, "first", read.String())
}

func oneOfMany(t *testing.T, _ subject, s objectstore.Store) {
	results := make([]error, 8)
	var group sync.WaitGroup
	for i := range results {
		group.Go(func() {
			results[i] = s.Create(t.Context(), "raced", strings.NewReader(fmt.Sprint("content ", i%2)))
		})
	}
	group.Wait()
	won := 0
	for _, err := range results {
		if err == nil {
			won++
			continue
		}
		require.ErrorIs(t, err, objectstore.Exists)
	}
	assert.Equal(t, 1, won)
}

func largeOnes(t *testing.T, _ subject, s objectstore.Store) {
	for _, size := range []int{oneRequest, manyParts} {
		key, large := fmt.Sprintf("large-%d", size), content(size)
		require.NoError(t, s.Create(t.Context(), key, bytes.NewReader(large)))
		var read bytes.Buffer
		object, err := s.Read(t.Context(), key, &read)
		require.NoError(t, err)
		assert.Equal(t, int64(len(large)), object.Size)
		assert.True(t, bytes.Equal(large, read.Bytes()))
		err = s.Create(t.Context(), key, bytes.NewReader(large[1:]))
		require.ErrorIs(t, err, objectstore.Exists)
	}
}

// changing is a file that is written while it is stored: its last byte is another one after the first pass.
type changing struct {
	*bytes.Reader

	size, passes int
}

func (c *changing) Seek(offset int64, whence int) (int64, error) {
	c.passes++
	if c.passes == 2 {
		other := content(c.size)
		other[c.size-1]++
		c.Reader = bytes.NewReader(other)
	}
	return c.Reader.Seek(offset, whence)
}

func changingContent(t *testing.T, _ subject, s objectstore.Store) {
	for _, size := range []int{1, oneRequest, manyParts} {
		key := fmt.Sprintf("changed-%d", size)
		err := s.Create(t.Context(), key, &changing{Reader: bytes.NewReader(content(size)), size: size})
		require.ErrorIs(t, err, objectstore.ErrChanged)
		_, err = s.Attributes(t.Context(), key)
		require.ErrorIs(t, err, objectstore.NotFound)
	}
}

func pages(t *testing.T, _ subject, s objectstore.Store) {
	// A slash sorts after a dash and before a letter, unlike in the order of folders.
	expected := []string{"t/a-b", "t/a/1", "t/a/10", "t/a/2", "t/aa/1", "t/b"}
	for _, key := range []string{"t/aa/1", "t/b", "t/a/2", "t/a-b", "u", "t/a/10", "t/a/1", "s"} {
		create(t, s, key, key)
	}
	for prefix, within := range map[string][]string{"t/": expected, "t/a": expected[:5], "t/a/": expected[1:4], "t/a/1": expected[1:3], "none/": nil} {
		for _, limit := range []int{1, 2, 3, 1000} {
			var keys []string
			for token := ""; ; {
				page, err := s.List(t.Context(), prefix, token, limit)
				require.NoError(t, err)
				require.LessOrEqual(t, len(page.Objects), limit)
				for _, object := range page.Objects {
					keys = append(keys, object.Key)
					assert.Equal(t, int64(len(object.Key)), object.Size)
				}
				if token = page.Next; token == "" {
					break
				}
			}
			assert.Equal(t, within, keys, "prefix %s with pages of %d", prefix, limit)
		}
	}
}

func prefixes(t *testing.T, own subject, s objectstore.Store) {
	create(t, s, "shared", "ours")
	own.options.Prefix += "other/"
	other := opened(t, own.options)
	create(t, other, "shared", "theirs")
	page, err := other.List(t.Context(), "", "", 10)
	require.NoError(t, err)
	require.Len(t, page.Objects, 1)
	assert.Equal(t, "shared", page.Objects[0].Key)
}

func deletion(t *testing.T, _ subject, s objectstore.Store) {
	create(t, s, "folder/gone", "content")
	for range 2 {
		require.NoError(t, s.Delete(t.Context(), "folder/gone"))
	}
	require.NoError(t, s.Delete(t.Context(), "folder"))
	create(t, s, "folder/gone", "another")
}

func missing(t *testing.T, _ subject, s objectstore.Store) {
	_, err := s.Attributes(t.Context(), "none")
	require.ErrorIs(t, err, objectstore.NotFound)
	_, err = s.Read(t.Context(), "none", io.Discard)
	require.ErrorIs(t, err, objectstore.NotFound)
	require.ErrorIs(t, s.ReadRange(t.Context(), "none", objectstore.Range{Length: 1}, io.Discard), objectstore.NotFound)
	for _, key := range []string{"", "/a", "a/", "a//b", "../a", ".a", "a/./b", "a.", "ä", "a b", strings.Repeat("k", 901)} {
		err := s.Create(t.Context(), key, strings.NewReader(""))
		assert.Error(t, err, "the key %q", key)
	}
}

func parts(t *testing.T, _ subject, s objectstore.Store) {
	create(t, s, "parts", "0123456789")
	sum := objectstore.Sum(sha256.Sum256([]byte("345")))
	var read bytes.Buffer
	require.NoError(t, s.ReadRange(t.Context(), "parts", objectstore.Range{Offset: 3, Length: 3, SHA256: sum}, &read))
	require.NoError(t, s.ReadRange(t.Context(), "parts", objectstore.Range{Offset: 0, Length: 10}, &read))
	assert.Equal(t, "3450123456789", read.String())

	for _, part := range []objectstore.Range{{Offset: 2, Length: 3, SHA256: sum}, {Offset: 8, Length: 3}} {
		err := s.ReadRange(t.Context(), "parts", part, io.Discard)
		var corrupted *objectstore.CorruptError
		require.ErrorAs(t, err, &corrupted)
		assert.Equal(t, "parts", corrupted.Key)
	}
	require.ErrorIs(t, s.ReadRange(t.Context(), "parts", objectstore.Range{Offset: 100, Length: 3}, io.Discard), objectstore.Corrupt)
}

func damage(t *testing.T, own subject, s objectstore.Store) {
	create(t, s, "damaged", "0123456789")
	file := own.file(own.options.Prefix + "damaged")
	if file == "" {
		t.Skip("this server keeps its objects in memory")
	}
	stored, err := os.ReadFile(file)
	require.NoError(t, err)
	stored[4] ^= 1
	require.NoError(t, os.WriteFile(file, stored, 0o600))
	_, err = s.Read(t.Context(), "damaged", io.Discard)
	require.ErrorIs(t, err, objectstore.Corrupt)
	var corrupted *objectstore.CorruptError
	require.ErrorAs(t, err, &corrupted)
	assert.Equal(t, "damaged", corrupted.Key)
}

func probe(t *testing.T, _ subject, s objectstore.Store) {
	for range 3 {
		require.NoError(t, objectstore.Probe(t.Context(), s, "probe"))
	}
}

func exercise(t *testing.T, _ subject, s objectstore.Store) {
	for range 2 {
		require.NoError(t, objectstore.Exercise(t.Context(), s, "tried/once"))
		page, err := s.List(t.Context(), "", "", 10)
		require.NoError(t, err)
		require.Empty(t, page.Objects)
	}
}

func missingBucket(t *testing.T, own subject, _ objectstore.Store) {
	own.options.Bucket += "-that-is-missing"
	s := opened(t, own.options)
	require.ErrorIs(t, objectstore.Probe(t.Context(), s, "probe"), objectstore.BucketMissing)
	err := s.Create(t.Context(), "key", strings.NewReader("content"))
	require.ErrorIs(t, err, objectstore.BucketMissing)
}

func refused(t *testing.T, own subject, _ objectstore.Store) {
	if own.wrong == "" {
		t.Skip("this store asks for no credentials")
	}
	own.options.Credentials = own.wrong
	s := opened(t, own.options)
	require.ErrorIs(t, objectstore.Probe(t.Context(), s, "probe"), own.refusal)
	_, err := s.Attributes(t.Context(), "key")
	require.ErrorIs(t, err, own.refusal)
	require.ErrorIs(t, s.Delete(t.Context(), "key"), own.refusal)

	own.options.Credentials = t.TempDir()
	_, err = opened(t, own.options).Attributes(context.Background(), "key")
	require.ErrorIs(t, err, objectstore.CredentialsMissing)
}
