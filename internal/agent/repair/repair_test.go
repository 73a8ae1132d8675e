package repair_test

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/agent/quarantine"
	"github.com/barq-db/barq-operator/internal/agent/repair"
	"github.com/barq-db/barq-operator/internal/agent/schemacopy"
	"github.com/barq-db/barq-operator/internal/barq/datadir"
	"github.com/barq-db/barq-operator/internal/barq/wal"
	"github.com/barq-db/barq-operator/internal/barq/walline/wallinetest"
)

// Lines, and what is no line.
const (
	one     = wallinetest.One
	two     = wallinetest.Two
	gone    = wallinetest.Gone
	poison  = wallinetest.Poison
	foreign = wallinetest.Foreign
	torn    = wallinetest.Torn
)

const sound = wallinetest.WrittenSchema

// Paths of the collection in these tests.
const (
	folder     = "tenants/default/collections/things/"
	schemaPath = folder + "schema.json"
	logPath    = folder + "wal.jsonl"
	rotated    = folder + "segments/segment_rotated_00000000000000000001.jsonl"
	compacted  = folder + "segments/segment_compacted_20260103120000123.jsonl"
	copyPath   = ".agent/schemas/default/things/schema.json"
)

var now = time.Date(2026, 1, 4, 0, 0, 0, 0, time.UTC)

// files are paths and their contents.
type files map[string]string

func (f files) write(t testing.TB) *os.Root {
	t.Helper()
	at := t.TempDir()
	for name, content := range f {
		require.NoError(t, os.MkdirAll(filepath.Join(at, filepath.Dir(name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(at, name), []byte(content), 0o644))
		require.NoError(t, os.Chtimes(filepath.Join(at, name), time.Time{}, now))
	}
	root, err := os.OpenRoot(at)
	require.NoError(t, err)
	t.Cleanup(func() { _ = root.Close() })
	return root
}

// read returns what is in tenants, and checks that nothing unfinished is left.
func read(t testing.TB, root *os.Root) files {
	t.Helper()
	found := files{}
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

// damaged is a data directory, and what becomes of it.
type damaged struct {
	files files
	// after are the files that differ afterwards; an empty text is a file that is gone.
	after files
	taken []string
	// losses name what is lost by kind, and blocks are words of each message.
	losses, blocks []string
	takeOut        []repair.Place
}

var cases = map[string]damaged{
	"nothing":         {},
	"sound":           {files: files{schemaPath: sound, logPath: one + "\n" + gone + "\n\n", rotated: two + "\r\n"}},
	"no log":          {files: files{schemaPath: sound}},
	"an empty folder": {files: files{folder + "other": "x", "tenants/default/collections/empty/wal.jsonl": ""}},

	// Certain.
	"no newline":         {files: files{schemaPath: sound, logPath: two + "\n" + one}, after: files{logPath: two + "\n" + one + "\n"}},
	"torn tail":          {files: files{schemaPath: sound, logPath: one + "\n" + torn}, after: files{logPath: one + "\n"}, taken: []string{"Torn " + torn}},
	"only a torn tail":   {files: files{schemaPath: sound, logPath: torn}, after: files{logPath: "-"}, taken: []string{"Torn " + torn}},
	"zeros":              {files: files{schemaPath: sound, logPath: one + "\n\x00\x00\x00"}, after: files{logPath: one + "\n"}, taken: []string{"Zeros \x00\x00\x00"}},
	"record, torn tail":  {files: files{schemaPath: sound, logPath: two + "\n" + one + torn}, after: files{logPath: two + "\n" + one + "\n"}, taken: []string{"Torn " + torn}},
	"record, zeros":      {files: files{schemaPath: sound, logPath: one + "\x00"}, after: files{logPath: one + "\n"}, taken: []string{"Zeros \x00"}},
	"two on a line":      {files: files{schemaPath: sound, logPath: one + gone + "\n" + two + "\n"}, after: files{logPath: one + "\n" + gone + "\n" + two + "\n"}},
	"two at the end":     {files: files{schemaPath: sound, logPath: one + gone}, after: files{logPath: one + "\n" + gone + "\n"}},
	"torn, whole":        {files: files{schemaPath: sound, logPath: two + "\n" + torn + one + "\n" + gone + "\n"}, after: files{logPath: two + "\n" + one + "\n" + gone + "\n"}, taken: []string{"Torn " + torn}},
	"torn, unended":      {files: files{schemaPath: sound, logPath: torn + one}, after: files{logPath: one + "\n"}, taken: []string{"Torn " + torn}},
	"torn twice":         {files: files{schemaPath: sound, logPath: torn + one + "\n\n" + torn + two + "\n" + torn}, after: files{logPath: one + "\n\n" + two + "\n"}, taken: []string{"Torn " + torn, "Torn " + torn, "Torn " + torn}},
	"sealed":             {files: files{schemaPath: sound, logPath: torn + wal.Seal + one + "\n"}, after: files{logPath: " \t\n" + one + "\n"}, taken: []string{"Torn " + torn}},
	"a rotated log":      {files: files{schemaPath: sound, rotated: one + "\n" + torn, logPath: two + "\n"}, after: files{rotated: one + "\n"}, taken: []string{"Torn " + torn}},
	"poison, whole":      {files: files{schemaPath: sound, logPath: poison + one + "\n"}, after: files{logPath: one + "\n"}, taken: []string{"NoNumber " + poison}},
	"poison tail":        {files: files{schemaPath: sound, logPath: one + "\n" + poison}, after: files{logPath: one + "\n"}, taken: []string{"NoNumber " + poison}},
	"torn compaction":    {files: files{schemaPath: sound, compacted: one + "\n" + torn, folder + "segments/segment_20260101000000000.jsonl": one + "\n" + two + "\n"}, after: files{compacted: ""}, taken: []string{"TornSegment " + one + "\n" + torn}},
	"unended compaction": {files: files{schemaPath: sound, compacted: one}, after: files{compacted: one + "\n"}},
	"torn schema":        {files: files{schemaPath: sound[:50], copyPath: sound, logPath: one + "\n" + torn + two + "\n"}, after: files{schemaPath: sound, logPath: one + "\n" + two + "\n"}, taken: []string{"TornSchema " + sound[:50], "Torn " + torn}},
	"empty schema":       {files: files{schemaPath: "", copyPath: sound, logPath: one + "\n"}, after: files{schemaPath: sound}},
	"schema of zeros":    {files: files{schemaPath: "\x00\x00", copyPath: sound, logPath: one + "\n"}, after: files{schemaPath: sound}, taken: []string{"TornSchema \x00\x00"}},
	"torn in a rebuild":  {files: files{schemaPath: strings.Split(sound, "null")[0] + `"Fl`, copyPath: sound, logPath: one + "\n"}, after: files{schemaPath: sound}, taken: []string{"TornSchema " + strings.Split(sound, "null")[0] + `"Fl`}},

	// An acknowledged write is lost.
	"poison":                             {files: files{schemaPath: sound, logPath: one + "\n" + poison + "\n" + two + "\n"}, after: files{logPath: one + "\n" + two + "\n"}, taken: []string{"lost: NoNumber " + poison}, losses: []string{"NoNumber"}},
	"torn, poison":                       {files: files{schemaPath: sound, logPath: torn + poison + "\n"}, after: files{logPath: "-"}, taken: []string{"Torn " + torn, "lost: NoNumber " + poison}, losses: []string{"NoNumber"}},
	"other JSON":                         {files: files{schemaPath: sound, logPath: "{}\n" + one + "\n"}, after: files{logPath: one + "\n"}, taken: []string{"lost: Foreign {}"}, losses: []string{"Foreign"}},
	"a misfit":                           {files: files{schemaPath: sound, logPath: one + "\n" + foreign + "\n"}, after: files{logPath: one + "\n"}, taken: []string{"lost: WrongDimension " + foreign}, losses: []string{"WrongDimension"}},
	"a collection that was not finished": {files: files{schemaPath: sound[:50]}, after: files{schemaPath: ""}, taken: []string{"lost: TornSchema " + sound[:50]}, losses: []string{"TornSchema"}},
	"decided": {
		files: files{schemaPath: sound, logPath: one + "\n" + torn + "\n" + two + "\n"}, takeOut: []repair.Place{{File: logPath, Offset: int64(len(one) + 1)}},
		after: files{logPath: one + "\n" + two + "\n"}, taken: []string{"lost: Torn " + torn}, losses: []string{"Torn"},
	},

	// Not certain.
	"torn line":                {files: files{schemaPath: sound, logPath: one + "\n" + torn + "\n" + two + "\n"}, blocks: []string{"line 2 (Torn)"}},
	"hole":                     {files: files{schemaPath: sound, logPath: one + "\n" + torn + "\x00\x00]\n" + two + "\n"}, blocks: []string{"line 2 (Zeros)"}},
	"one of two decided":       {files: files{schemaPath: sound, logPath: torn + "\n" + torn + "\n"}, takeOut: []repair.Place{{File: logPath}}, blocks: []string{"line 2 (Torn)"}},
	"log without schema":       {files: files{logPath: one + "\n", copyPath: sound}, blocks: []string{"a log and no schema. If the collection was deleted"}},
	"segment without schema":   {files: files{rotated: one + "\n"}, blocks: []string{"There is no copy"}},
	"torn schema without copy": {files: files{schemaPath: sound[:50], logPath: one + "\n"}, blocks: []string{"cut off"}},
	"torn schema of another":   {files: files{schemaPath: `{"name":"things","fields":[{"na`, logPath: one + "\n", copyPath: sound}, blocks: []string{"cut off"}},
	"copy of another":          {files: files{schemaPath: "", logPath: one + "\n", copyPath: strings.Replace(sound, "things", "others", 1)}, blocks: []string{"There is no copy"}},
	"wrong schema":             {files: files{schemaPath: `{"name":"things"}`}, blocks: []string{"refuses the schema: fields"}},
	"schema of another":        {files: files{schemaPath: strings.Replace(sound, `"dimension": 2`, `"dimension": 3`, 1), logPath: one + "\n" + two + "\n" + foreign + "\n"}, blocks: []string{"schema of another collection"}},
	"name":                     {files: files{schemaPath: strings.Replace(sound, "things", "things/", 1), logPath: one + "\n"}, blocks: []string{`"things/"`}},
	"name without log":         {files: files{schemaPath: strings.Replace(sound, "things", "others", 1)}},
	"copied folder":            {files: files{schemaPath: sound, "tenants/default/collections/a copy/schema.json": sound}, blocks: []string{"as tenants/default/collections/a copy/schema.json does"}},
	"two tenants":              {files: files{schemaPath: sound, "tenants/a/collections/things/schema.json": sound}},
	"lists":                    {files: files{schemaPath: strings.Replace(sound, `"index": null`, `"index": {"Ivf":{"nlist":0,"nprobe":2,"pq":null}}`, 1), logPath: one + "\n"}, blocks: []string{"nlist"}},
	"lists without documents":  {files: files{schemaPath: strings.Replace(sound, `"index": null`, `"index": {"Ivf":{"nlist":0,"nprobe":2,"pq":null}}`, 1), logPath: gone + "\n"}},
	"a collection in segments": {files: files{schemaPath: sound, folder + "segments/schema.json": sound}, blocks: []string{"things/segments"}},
	"a file in segments":       {files: files{schemaPath: sound, folder + "segments/README": "hello\n"}, blocks: []string{"no log"}},
	"compaction, inputs gone":  {files: files{schemaPath: sound, compacted: one + "\n" + torn, rotated: two + "\n"}, blocks: []string{"what it was made of is gone"}},
}

func TestRepair(t *testing.T) {
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			root := c.files.write(t)
			if name == "torn compaction" {
				older := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
				require.NoError(t, root.Chtimes(folder+"segments/segment_20260101000000000.jsonl", older, older))
			}
			before := read(t, root)
			options := repair.Options{Policy: repair.Quarantine, TakeOut: c.takeOut}

			refused := plan(t, root, repair.Options{Policy: repair.Refuse, TakeOut: c.takeOut})
			require.Equal(t, len(c.losses) > 0 || len(c.blocks) > 0, len(refused.Blocks) > 0, "%v", refused.Blocks)

			made := plan(t, root, options)
			require.Len(t, made.Blocks, len(c.blocks), "%v", made.Blocks)
			for index, words := range c.blocks {
				require.Contains(t, made.Blocks[index].Message, words)
			}
			_, err := repair.CarryOut(root, made, now)
			if len(c.blocks) > 0 {
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
			require.ElementsMatch(t, c.losses, kinds)
			after := before
			for name, content := range c.after {
				after[name] = strings.TrimPrefix(content, "-")
				if content == "" {
					delete(after, name)
				}
			}
			require.Equal(t, after, read(t, root))
			require.ElementsMatch(t, c.taken, taken(t, root))

			require.Equal(t, repair.Plan{}, plan(t, root, options), "a repair leaves nothing to do")
		})
	}
}

var errCrash = errors.New("crash")

// A repair that ends anywhere is finished by the next one, as if nothing had been, and keeps
// nothing twice.
func TestCrash(t *testing.T) {
	for name, c := range cases {
		if len(c.blocks) > 0 || name == "torn compaction" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			root := c.files.write(t)
			options := repair.Options{Policy: repair.Quarantine, TakeOut: c.takeOut}
			whole := c.files.write(t)
			_, err := repair.CarryOut(whole, plan(t, whole, options), now)
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
				_, err := repair.CarryOut(root, plan(t, root, options), now.Add(time.Duration(at)*time.Hour))
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
			if len(c.taken) > 0 {
				require.Positive(t, crashes)
			}
		})
	}
}

// A plan is not carried out on a file that has changed since.
func TestChangedFile(t *testing.T) {
	root := files{schemaPath: sound, logPath: one + "\n" + torn}.write(t)
	made := plan(t, root, repair.Options{})
	require.NoError(t, root.WriteFile(logPath, []byte(one+"\n"+torn+one), 0o644))
	_, err := repair.CarryOut(root, made, now)
	require.ErrorIs(t, err, repair.ErrChanged)
	require.Equal(t, one+"\n"+torn+one, read(t, root)[logPath])
}

func TestManifest(t *testing.T) {
	root := files{schemaPath: sound, logPath: one + "\n" + torn + poison + "\n"}.write(t)
	made := plan(t, root, repair.Options{Policy: repair.Quarantine})
	require.Equal(t, []repair.Loss{{
		Collection: datadir.Collection{Tenant: "default", Name: "things"}, File: logPath, Kind: "NoNumber", Count: 1, Line: 2,
	}}, made.Losses)
	done, err := repair.CarryOut(root, made, now)
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
		{Collection: things, File: logPath, Line: 2, Offset: int64(len(one) + 1), Length: int64(len(torn)), Kind: "Torn", Time: now},
		{Collection: things, File: logPath, Line: 2, Offset: int64(len(one) + 1 + len(torn)), Length: int64(len(poison)), Kind: "NoNumber", Lost: true, Op: "Insert", ID: "3", At: int64(len(torn)), Time: now},
	}, entries)
}

// A log of which every line is damaged is repaired with bounded memory, and all of it is counted.
func TestManyDamages(t *testing.T) {
	const lines = 2500
	root := files{schemaPath: sound, logPath: strings.Repeat(one+"\n"+poison+"\n", lines)}.write(t)
	made := plan(t, root, repair.Options{Policy: repair.Quarantine})
	require.Len(t, made.Losses, 1)
	require.Equal(t, lines, made.Losses[0].Count)
	require.Len(t, made.Steps[0].File.Damages, repair.MaxDamages)
	_, err := repair.CarryOut(root, made, now)
	require.NoError(t, err)
	require.Equal(t, strings.Repeat(one+"\n", lines), read(t, root)[logPath])
	require.Len(t, taken(t, root), lines)
}

func TestCopies(t *testing.T) {
	root := files{schemaPath: sound, "tenants/a/collections/torn/schema.json": sound[:10], "tenants/a/collections/b/schema.json": strings.Replace(sound, "things", "b", 1)}.write(t)
	require.NoError(t, schemacopy.KeepAll(root))
	things := datadir.Collection{Tenant: "default", Name: "things"}
	content, err := root.ReadFile(schemacopy.Path(things))
	require.NoError(t, err)
	require.Equal(t, sound, string(content))
	require.Equal(t, copyPath, schemacopy.Path(things))
	_, err = root.Stat(".agent/schemas/a/torn")
	require.ErrorIs(t, err, fs.ErrNotExist)

	// A changed one is copied, a torn one is not, and that of a deleted collection is removed.
	changed := strings.Replace(sound, `"index": null`, `"index": "Flat"`, 1)
	require.NoError(t, root.WriteFile(schemaPath, []byte(changed), 0o644))
	require.NoError(t, root.RemoveAll("tenants/a/collections/b"))
	require.NoError(t, schemacopy.KeepAll(root))
	require.NoError(t, root.WriteFile(schemaPath, []byte(sound[:20]), 0o644))
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
