package archive_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/agent/archive"
	"github.com/barq-db/barq-operator/internal/objectstore"
	"github.com/barq-db/barq-operator/internal/objectstore/stores"
)

const at = archive.Path("team/things/uid/0")

var now = time.Date(2026, time.December, 1, 12, 0, 0, 0, time.UTC)

// stored is a store in a folder.
type stored struct {
	objectstore.Store
	folder string
}

func newStore(t *testing.T) stored {
	t.Helper()
	at := t.TempDir()
	store, err := stores.Open(objectstore.Options{Provider: objectstore.Folder, Bucket: at})
	require.NoError(t, err)
	return stored{Store: store, folder: at}
}

// files returns the keys of all objects.
func (s stored) files(t *testing.T) []string {
	t.Helper()
	var keys []string
	require.NoError(t, fs.WalkDir(os.DirFS(s.folder), ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			keys = append(keys, name)
		}
		return err
	}))
	return keys
}

// age makes an object older.
func (s stored) age(t *testing.T, key string, by time.Duration) {
	t.Helper()
	name := filepath.Join(s.folder, key)
	about, err := os.Stat(name)
	require.NoError(t, err)
	require.NoError(t, os.Chtimes(name, time.Time{}, about.ModTime().Add(-by)))
}

func plain(t *testing.T) *archive.Codec {
	t.Helper()
	codec, err := archive.NewCodec(nil)
	require.NoError(t, err)
	return codec
}

// put writes a chunk.
func put(t *testing.T, store objectstore.Store, codec *archive.Codec, content string, chunk archive.Chunk) archive.Chunk {
	t.Helper()
	var object bytes.Buffer
	sum, err := codec.Encode(&object, strings.NewReader(content))
	require.NoError(t, err)
	chunk.SHA256, chunk.Size, chunk.Stored = sum, int64(len(content)), int64(object.Len())
	err = store.Create(t.Context(), at.Key("incarnation", chunk), bytes.NewReader(object.Bytes()))
	require.NoError(t, err)
	return chunk
}

// The newest round has what was appended last, whatever came before.
func TestTheNewestRoundIsRead(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	store, codec := newStore(t), plain(t)
	chain, err := archive.Continue(t.Context(), store, codec, at, nil, "volume", now)
	require.NoError(t, err)
	state := archive.State{}
	bases := 0
	for number := range int64(120) {
		next := archive.State{}
		for name, file := range state {
			if random.IntN(8) > 0 {
				next[name] = file
			}
		}
		for range random.IntN(3) {
			next[fmt.Sprint("file", random.IntN(40))] = archive.File{
				Incarnation: "i", Chunks: []archive.Chunk{{Epoch: 1, Number: random.Int64N(1000), SHA256: "s"}},
			}
		}
		until := now.Add(time.Duration(number) * time.Second)
		require.NoError(t, chain.Append(t.Context(), archive.Round{Epoch: 1, Volume: "volume", Until: until, State: next}, now.Add(time.Duration(number)*time.Minute)))
		state = next
		found, err := archive.Latest(t.Context(), store, codec, at)
		require.NoError(t, err)
		require.Equal(t, number+2, found.Number)
		require.Equal(t, until, found.Until)
		require.True(t, archive.SameFiles(state, found.State), "round %d", found.Number)
	}
	for _, key := range store.files(t) {
		if strings.Contains(key, "/bases/") {
			bases++
		}
	}
	require.Less(t, bases, 60, "most rounds have no base of their own")
	require.Greater(t, bases, 2, "a base is used for an hour at most")
}

// One that has taken an archive over fences the one before, which can write nothing more that counts.
func TestAnArchiveIsTakenOver(t *testing.T) {
	store, codec := newStore(t), plain(t)
	former, err := archive.Continue(t.Context(), store, codec, at, nil, "a", now)
	require.NoError(t, err)
	require.NoError(t, former.Append(t.Context(), archive.Round{Epoch: 1, Volume: "a", State: archive.State{"file": {Content: []byte("1")}}}, now))

	newest, err := archive.Latest(t.Context(), store, codec, at)
	require.NoError(t, err)
	latter, err := archive.Continue(t.Context(), store, codec, at, newest, "b", now)
	require.NoError(t, err)
	require.Equal(t, int64(2), latter.Last().Epoch)
	require.ErrorIs(t, former.Append(t.Context(), archive.Round{Epoch: 1, Volume: "a", State: archive.State{"file": {Content: []byte("2")}}}, now), archive.ErrTaken)

	// Both saw the same newest round. One of them gets the archive.
	_, err = archive.Continue(t.Context(), store, codec, at, newest, "c", now)
	require.ErrorIs(t, err, archive.ErrTaken)
	newest, err = archive.Latest(t.Context(), store, codec, at)
	require.NoError(t, err)
	require.Equal(t, "b", newest.Volume)
	require.Equal(t, []byte("1"), newest.State["file"].Content)
}

// Each byte that is not as it was written is found.
func TestDamageIsFound(t *testing.T) {
	identity, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	encrypted, err := archive.NewCodec([]byte(identity.String()))
	require.NoError(t, err)
	for name, codec := range map[string]*archive.Codec{"plain": plain(t), "encrypted": encrypted} {
		t.Run(name, func(t *testing.T) {
			store := newStore(t)
			content := strings.Repeat("a line\n", 100)
			chunk := put(t, store, codec, content, archive.Chunk{Epoch: 1, Number: 1})
			var found bytes.Buffer
			require.NoError(t, archive.ReadChunk(t.Context(), store, codec, at.Key("incarnation", chunk), chunk, &found))
			require.Equal(t, content, found.String())

			file := filepath.Join(store.folder, at.Key("incarnation", chunk))
			object, err := os.ReadFile(file)
			require.NoError(t, err)
			for index := range chunk.Stored {
				damaged := bytes.Clone(object)
				damaged[index] ^= 1
				require.NoError(t, os.WriteFile(file, damaged, 0o600))
				var damage *archive.DamagedError
				require.ErrorAs(t, archive.ReadChunk(t.Context(), store, codec, at.Key("incarnation", chunk), chunk, &bytes.Buffer{}), &damage, "byte %d", index)
			}
			// Another object in its place, whole as it is.
			require.NoError(t, os.Remove(file))
			other := put(t, store, codec, strings.ToUpper(content), archive.Chunk{Epoch: 1, Number: 1})
			require.ErrorContains(t, archive.ReadChunk(t.Context(), store, codec, at.Key("incarnation", other), chunk, &bytes.Buffer{}), "SHA-256")
		})
	}
}

func TestKeys(t *testing.T) {
	store := newStore(t)
	identity, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	codec, err := archive.NewCodec([]byte("# a comment\n" + identity.String() + "\n"))
	require.NoError(t, err)
	_, err = archive.Continue(t.Context(), store, codec, at, nil, "volume", now)
	require.NoError(t, err)
	_, err = archive.Latest(t.Context(), store, plain(t), at)
	var damage *archive.DamagedError
	require.ErrorAs(t, err, &damage)
	require.ErrorContains(t, err, "it is encrypted, and there is no key")
	// An archive may get its key later.
	before := newStore(t)
	_, err = archive.Continue(t.Context(), before, plain(t), at, nil, "volume", now)
	require.NoError(t, err)
	_, err = archive.Latest(t.Context(), before, codec, at)
	require.NoError(t, err)
	other, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	wrong, err := archive.NewCodec([]byte(other.String()))
	require.NoError(t, err)
	_, err = archive.Latest(t.Context(), store, wrong, at)
	require.ErrorContains(t, err, "it cannot be decrypted")
	_, err = archive.NewCodec([]byte("AGE-SECRET-KEY-1NONE"))
	require.EqualError(t, err, "the key is no list of age identities; make one with age-keygen")
}

// What a round of the last day needs stays, in both tiers, and the rest goes.
func TestSweep(t *testing.T) {
	store, cold, codec := newStore(t), newStore(t), plain(t)
	chain, err := archive.Continue(t.Context(), store, codec, at, nil, "volume", now)
	require.NoError(t, err)
	chunks := make([]archive.Chunk, 6)
	for index := range chunks {
		chunks[index] = put(t, store, codec, fmt.Sprint(index), archive.Chunk{Epoch: 1, Number: int64(index + 1)})
	}
	coldOne := put(t, cold, codec, "cold", archive.Chunk{Epoch: 1, Number: 7, Cold: true})
	coldGone := put(t, cold, codec, "gone", archive.Chunk{Epoch: 1, Number: 8, Cold: true})
	round := func(after time.Duration, chunks ...archive.Chunk) {
		require.NoError(t, chain.Append(t.Context(), archive.Round{Epoch: 1, State: archive.State{"file": {Incarnation: "incarnation", Chunks: chunks}}}, now.Add(after)))
	}
	round(0, chunks[0])                       // 2, on the base of 1
	round(2*time.Hour, chunks[1])             // 3, with a base
	round(4*time.Hour, chunks[2], chunks[3])  // 4, with a base
	round(4*time.Hour+time.Minute, chunks[3]) // 5
	round(8*time.Hour, chunks[3], coldOne)    // 6, with a base
	round(8*time.Hour+time.Minute, chunks[4]) // 7
	old := []string{at.Round(1), at.Round(2), at.Round(3), string(at) + "/bases/00000001/000000000001", string(at) + "/bases/00000001/000000000003"}
	for _, key := range old {
		store.age(t, key, 27*time.Hour)
	}
	for _, chunk := range chunks {
		store.age(t, at.Key("incarnation", chunk), 27*time.Hour)
	}
	cold.age(t, at.Key("incarnation", coldOne), 27*time.Hour)
	cold.age(t, at.Key("incarnation", coldGone), 27*time.Hour)
	young := put(t, store, codec, "young", archive.Chunk{Epoch: 1, Number: 9})

	deleted, err := chain.Sweep(t.Context(), store, cold)
	require.NoError(t, err)
	require.Equal(t, []string{at.Key("incarnation", coldOne)}, cold.files(t))
	var kept []string
	for _, chunk := range []archive.Chunk{chunks[2], chunks[3], chunks[4], young} {
		kept = append(kept, at.Key("incarnation", chunk))
	}
	for _, number := range []int64{4, 5, 6, 7} {
		kept = append(kept, at.Round(number))
	}
	kept = append(kept, string(at)+"/bases/00000001/000000000004", string(at)+"/bases/00000001/000000000006")
	require.ElementsMatch(t, kept, store.files(t))
	require.Equal(t, len(old)+3+1, deleted, "three chunks, and one that was cold")
	found, err := archive.Read(t.Context(), store, codec, at, 4)
	require.NoError(t, err)
	require.Len(t, found.State["file"].Chunks, 2)
}

// However small the parts are in which a file is written, it has few chunks, and each byte is written a few times.
func TestChunksBecomeOne(t *testing.T) {
	for name, part := range map[string]func(*rand.Rand) int64{
		"small": func(random *rand.Rand) int64 { return 1 + random.Int64N(2000) },
		"large": func(random *rand.Rand) int64 { return 1 + random.Int64N(400_000) },
		"mixed": func(random *rand.Rand) int64 { return 1 + int64(1)<<random.IntN(21) },
	} {
		t.Run(name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(3, 4))
			var chunks []archive.Chunk
			var size, written int64
			most := 0
			for size < 64<<20 {
				next := part(random)
				absorbed := archive.Absorbed(chunks, next)
				size += next
				for _, chunk := range chunks[len(chunks)-absorbed:] {
					next += chunk.Size
				}
				require.LessOrEqual(t, next, int64(archive.LargestChunk))
				chunks = append(chunks[:len(chunks)-absorbed], archive.Chunk{Size: next})
				written += next
				most = max(most, len(chunks))
			}
			t.Logf("at most %d chunks, each byte written %.1f times", most, float64(written)/float64(size))
			require.Less(t, most, 90)
			require.Less(t, float64(written)/float64(size), 5.0)
			for {
				from, to := archive.Joined(chunks)
				if to == 0 {
					break
				}
				joined := archive.File{Chunks: chunks[from:to]}.Size()
				require.LessOrEqual(t, joined, int64(archive.LargestChunk))
				chunks = append(chunks[:from:from], append([]archive.Chunk{{Size: joined}}, chunks[to:]...)...)
			}
			require.Equal(t, size, archive.File{Chunks: chunks}.Size())
			require.LessOrEqual(t, len(chunks), 2*64/8)
		})
	}
	none, _ := archive.Joined([]archive.Chunk{{Size: 1, Cold: true}, {Size: 1, Cold: true}})
	require.Zero(t, none)
	require.Zero(t, archive.Absorbed([]archive.Chunk{{Size: 1, Cold: true}}, 1))
}

func TestPaths(t *testing.T) {
	require.NoError(t, archive.Of("team/things/0b9bd8a4-1", 12).Check())
	for _, wrong := range []archive.Path{"", "a/b/c", "a/b/c/d/e", "a/../c/0", "A/b/c/0", "a//c/0", "/a/b/c"} {
		require.ErrorContains(t, wrong.Check(), "NAMESPACE/NAME/UID/ORDINAL", "%s", wrong)
	}
}
