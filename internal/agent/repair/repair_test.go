package repair_test

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/agent/agenttest"
	"github.com/barq-db/barq-operator/internal/agent/quarantine"
	"github.com/barq-db/barq-operator/internal/agent/repair"
	"github.com/barq-db/barq-operator/internal/agent/schemacopy"
	"github.com/barq-db/barq-operator/internal/barq/datadir"
	"github.com/barq-db/barq-operator/internal/barq/walline/wallinetest"
)

const (
	one    = wallinetest.One
	poison = wallinetest.Poison
	torn   = wallinetest.Torn
	sound  = wallinetest.WrittenSchema
)

// read returns what is in tenants, and checks that nothing unfinished is left.
func read(t testing.TB, root *os.Root) agenttest.Files {
	t.Helper()
	found := agenttest.Files{}
	require.NoError(t, fs.WalkDir(root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		require.NoError(t, err)
		require.NotEqual(t, ".agent/stage", name)
		if entry.Type().IsRegular() && strings.HasPrefix(name, datadir.Tenants) {
			content, err := root.ReadFile(name)
			require.NoError(t, err)
			found[name] = string(content)
		}
		return nil
	}))
	return found
}

// taken returns what is in quarantine, a line for each piece.
func taken(t testing.TB, root *os.Root) []string {
	t.Helper()
	found := []string{}
	eachPiece(t, root, func(entry quarantine.Entry, content []byte) {
		require.Len(t, content, int(entry.Length))
		said := entry.Kind + " " + string(content)
		if entry.Lost {
			said = "lost: " + said
		}
		found = append(found, said)
	})
	return found
}

func plan(t testing.TB, root *os.Root, options repair.Options) repair.Plan {
	t.Helper()
	found, err := repair.Look(root, repair.Nothing, repair.Weightless)
	require.NoError(t, err)
	return repair.Decide(found, options)
}

func TestRepair(t *testing.T) {
	for name, c := range agenttest.Damages {
		t.Run(name, func(t *testing.T) {
			root := c.Files.Write(t)
			if name == "torn compaction" {
				older := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
				require.NoError(t, root.Chtimes(agenttest.Folder+"segments/segment_20260101000000000.jsonl", older, older))
			}
			before := read(t, root)
			options := repair.Options{Policy: repair.Quarantine, TakeOut: c.TakeOut}

			refused := plan(t, root, repair.Options{Policy: repair.Refuse, TakeOut: c.TakeOut})
			require.Equal(t, len(c.Losses) > 0 || len(c.Blocks) > 0, len(refused.Blocks) > 0, "%v", refused.Blocks)

			made := plan(t, root, options)
			require.Len(t, made.Blocks, len(c.Blocks), "%v", made.Blocks)
			for index, words := range c.Blocks {
				require.Contains(t, made.Blocks[index].Message, words)
			}
			_, err := repair.CarryOut(root, made, agenttest.Now)
			if len(c.Blocks) > 0 {
				require.ErrorContains(t, err, made.Blocks[0].Message)
				require.Equal(t, before, read(t, root), "a plan that blocks changes nothing")
				require.Empty(t, taken(t, root))
				return
			}
			require.NoError(t, err)
			kinds := []string{}
			for _, loss := range made.Losses {
				kinds = append(kinds, loss.Kind)
				require.Equal(t, 1, loss.Count)
				require.Positive(t, loss.Line)
			}
			require.ElementsMatch(t, c.Losses, kinds)
			after := before
			for name, content := range c.After {
				after[name] = strings.TrimPrefix(content, "-")
				if content == "" {
					delete(after, name)
				}
			}
			require.Equal(t, after, read(t, root))
			require.ElementsMatch(t, c.Taken, taken(t, root))

			require.Equal(t, repair.Plan{}, plan(t, root, options), "a repair leaves nothing to do")
		})
	}
}

var errCrash = errors.New("crash")

// A repair that ends anywhere is finished by the next one, as if nothing had been, and keeps
// nothing twice.
func TestCrash(t *testing.T) {
	for name, c := range agenttest.Damages {
		if len(c.Blocks) > 0 || name == "torn compaction" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			root := c.Files.Write(t)
			options := repair.Options{Policy: repair.Quarantine, TakeOut: c.TakeOut}
			whole := c.Files.Write(t)
			_, err := repair.CarryOut(whole, plan(t, whole, options), agenttest.Now)
			require.NoError(t, err)

			crashes := 0
			for at := 1; ; at++ {
				left := at
				undo := repair.Interrupt(func() error {
					if left--; left == 0 {
						return errCrash
					}
					return nil
				})
				// What a crash leaves in the stage.
				require.NoError(t, root.MkdirAll(".agent/stage/quarantine", 0o755))
				require.NoError(t, root.WriteFile(".agent/stage/quarantine/bytes", []byte("rest"), 0o644))
				require.NoError(t, root.WriteFile(".agent/stage/log", []byte("rest"), 0o644))
				_, err := repair.CarryOut(root, plan(t, root, options), agenttest.Now.Add(time.Duration(at)*time.Hour))
				undo()
				if err == nil {
					break
				}
				require.ErrorIs(t, err, errCrash)
				crashes++
				require.Less(t, crashes, 10)
			}
			require.Equal(t, read(t, whole), read(t, root))
			require.ElementsMatch(t, taken(t, whole), taken(t, root))
			if len(c.Taken) > 0 {
				require.Positive(t, crashes)
			}
		})
	}
}

// A plan is not carried out on a file that has changed since.
func TestChangedFile(t *testing.T) {
	root := agenttest.Files{agenttest.Schema: sound, agenttest.Log: one + "\n" + torn}.Write(t)
	made := plan(t, root, repair.Options{})
	require.NoError(t, root.WriteFile(agenttest.Log, []byte(one+"\n"+torn+one), 0o644))
	_, err := repair.CarryOut(root, made, agenttest.Now)
	require.ErrorIs(t, err, repair.ErrChanged)
	require.Equal(t, one+"\n"+torn+one, read(t, root)[agenttest.Log])
}

func TestManifest(t *testing.T) {
	root := agenttest.Files{agenttest.Schema: sound, agenttest.Log: one + "\n" + torn + poison + "\n"}.Write(t)
	made := plan(t, root, repair.Options{Policy: repair.Quarantine})
	require.Equal(t, []repair.Loss{{
		Collection: datadir.Collection{Tenant: "default", Name: "things"}, File: agenttest.Log, Kind: "NoNumber", Count: 1, Line: 2,
	}}, made.Losses)
	done, err := repair.CarryOut(root, made, agenttest.Now)
	require.NoError(t, err)
	require.Len(t, done, 1)
	entries, err := quarantine.Read(root, done[0].Quarantine)
	require.NoError(t, err)
	for index := range entries {
		require.Len(t, entries[index].Sum, 64)
		entries[index].Sum = ""
	}
	things := datadir.Collection{Tenant: "default", Name: "things"}
	require.Equal(t, []quarantine.Entry{
		{Collection: things, File: agenttest.Log, Line: 2, Offset: int64(len(one) + 1), Length: int64(len(torn)), Kind: "Torn", Time: agenttest.Now},
		{Collection: things, File: agenttest.Log, Line: 2, Offset: int64(len(one) + 1 + len(torn)), Length: int64(len(poison)), Kind: "NoNumber", Lost: true, Op: "Insert", ID: "3", At: int64(len(torn)), Time: agenttest.Now},
	}, entries)
}

// A log of which every line is damaged is repaired with bounded memory, and all of it is counted.
func TestManyDamages(t *testing.T) {
	const lines = 2500
	root := agenttest.Files{agenttest.Schema: sound, agenttest.Log: strings.Repeat(one+"\n"+poison+"\n", lines)}.Write(t)
	made := plan(t, root, repair.Options{Policy: repair.Quarantine})
	require.Len(t, made.Losses, 1)
	require.Equal(t, lines, made.Losses[0].Count)
	require.Len(t, made.Steps[0].File.Damages, repair.MaxDamages)
	_, err := repair.CarryOut(root, made, agenttest.Now)
	require.NoError(t, err)
	require.Equal(t, strings.Repeat(one+"\n", lines), read(t, root)[agenttest.Log])
	require.Len(t, taken(t, root), lines)
}

func TestCopies(t *testing.T) {
	root := agenttest.Files{agenttest.Schema: sound, "tenants/a/collections/torn/schema.json": sound[:10], "tenants/a/collections/b/schema.json": strings.Replace(sound, "things", "b", 1)}.Write(t)
	require.NoError(t, schemacopy.KeepAll(root))
	things := datadir.Collection{Tenant: "default", Name: "things"}
	content, err := root.ReadFile(schemacopy.Path(things))
	require.NoError(t, err)
	require.Equal(t, sound, string(content))
	require.Equal(t, agenttest.Copy, schemacopy.Path(things))
	_, err = root.Stat(".agent/schemas/a/torn")
	require.ErrorIs(t, err, fs.ErrNotExist)

	// A changed one is copied, a torn one is not, and that of a deleted collection is removed.
	changed := strings.Replace(sound, `"index": null`, `"index": "Flat"`, 1)
	require.NoError(t, root.WriteFile(agenttest.Schema, []byte(changed), 0o644))
	require.NoError(t, root.RemoveAll("tenants/a/collections/b"))
	require.NoError(t, schemacopy.KeepAll(root))
	require.NoError(t, root.WriteFile(agenttest.Schema, []byte(sound[:20]), 0o644))
	require.NoError(t, schemacopy.KeepAll(root))
	content, err = root.ReadFile(schemacopy.Path(things))
	require.NoError(t, err)
	require.Equal(t, changed, string(content))
	_, err = root.Stat(path.Dir(schemacopy.Path(datadir.Collection{Tenant: "a", Name: "b"})))
	require.ErrorIs(t, err, fs.ErrNotExist)

	require.NoError(t, repair.Sync(root))
}

// eachPiece visits what is in quarantine, in order.
func eachPiece(t testing.TB, root *os.Root, visit func(entry quarantine.Entry, content []byte)) {
	t.Helper()
	folders, err := quarantine.List(root)
	require.NoError(t, err)
	for _, folder := range folders {
		entries, err := quarantine.Read(root, folder)
		require.NoError(t, err)
		for _, entry := range entries {
			content, err := quarantine.Bytes(root, folder, entry)
			require.NoError(t, err)
			visit(entry, content)
		}
	}
}
