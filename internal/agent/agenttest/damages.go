package agenttest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/agent/repair"
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

// Paths of the collection in a data directory.
const (
	Folder    = "tenants/default/collections/things/"
	Schema    = Folder + "schema.json"
	Log       = Folder + "wal.jsonl"
	Rotated   = Folder + "segments/segment_rotated_00000000000000000001.jsonl"
	Compacted = Folder + "segments/segment_compacted_20260103120000123.jsonl"
	Copy      = ".agent/schemas/default/things/schema.json"
)

// Now is when files are written, and repaired.
var Now = time.Date(2026, 1, 4, 0, 0, 0, 0, time.UTC)

// Files are the contents of files by their paths in a data directory.
type Files map[string]string

// Write writes the files into a new data directory, which is removed at the end of the test.
func (f Files) Write(t testing.TB) *os.Root {
	t.Helper()
	at := t.TempDir()
	for name, content := range f {
		require.NoError(t, os.MkdirAll(filepath.Join(at, filepath.Dir(name)), 0o750))
		require.NoError(t, os.WriteFile(filepath.Join(at, name), []byte(content), 0o600))
		require.NoError(t, os.Chtimes(filepath.Join(at, name), time.Time{}, Now))
	}
	root, err := os.OpenRoot(at)
	require.NoError(t, err)
	t.Cleanup(func() { _ = root.Close() })
	return root
}

// Damaged is a data directory, and what a repair makes of it.
type Damaged struct {
	Files Files
	// After are the files that differ afterwards. An empty text is a file that is gone, and a minus an empty file.
	After Files
	// Taken is what is in quarantine then, each with its kind before it.
	Taken []string
	// Losses name what is lost by kind, and Blocks are words of each message.
	Losses, Blocks []string
	TakeOut        []repair.Place
}

// Damages are data directories with one collection of wallinetest, by what is wrong with them.
var Damages = map[string]Damaged{
	"nothing":         {},
	"sound":           {Files: Files{Schema: sound, Log: one + "\n" + gone + "\n\n", Rotated: two + "\r\n"}},
	"no log":          {Files: Files{Schema: sound}},
	"an empty folder": {Files: Files{Folder + "other": "x", "tenants/default/collections/empty/wal.jsonl": ""}},

	// Certain.
	"no newline":         {Files: Files{Schema: sound, Log: two + "\n" + one}, After: Files{Log: two + "\n" + one + "\n"}},
	"torn tail":          {Files: Files{Schema: sound, Log: one + "\n" + torn}, After: Files{Log: one + "\n"}, Taken: []string{"Torn " + torn}},
	"only a torn tail":   {Files: Files{Schema: sound, Log: torn}, After: Files{Log: "-"}, Taken: []string{"Torn " + torn}},
	"zeros":              {Files: Files{Schema: sound, Log: one + "\n\x00\x00\x00"}, After: Files{Log: one + "\n"}, Taken: []string{"Zeros \x00\x00\x00"}},
	"record, torn tail":  {Files: Files{Schema: sound, Log: two + "\n" + one + torn}, After: Files{Log: two + "\n" + one + "\n"}, Taken: []string{"Torn " + torn}},
	"record, zeros":      {Files: Files{Schema: sound, Log: one + "\x00"}, After: Files{Log: one + "\n"}, Taken: []string{"Zeros \x00"}},
	"two on a line":      {Files: Files{Schema: sound, Log: one + gone + "\n" + two + "\n"}, After: Files{Log: one + "\n" + gone + "\n" + two + "\n"}},
	"two at the end":     {Files: Files{Schema: sound, Log: one + gone}, After: Files{Log: one + "\n" + gone + "\n"}},
	"torn, whole":        {Files: Files{Schema: sound, Log: two + "\n" + torn + one + "\n" + gone + "\n"}, After: Files{Log: two + "\n" + one + "\n" + gone + "\n"}, Taken: []string{"Torn " + torn}},
	"torn, unended":      {Files: Files{Schema: sound, Log: torn + one}, After: Files{Log: one + "\n"}, Taken: []string{"Torn " + torn}},
	"torn twice":         {Files: Files{Schema: sound, Log: torn + one + "\n\n" + torn + two + "\n" + torn}, After: Files{Log: one + "\n\n" + two + "\n"}, Taken: []string{"Torn " + torn, "Torn " + torn, "Torn " + torn}},
	"sealed":             {Files: Files{Schema: sound, Log: torn + wal.Seal + one + "\n"}, After: Files{Log: " \t\n" + one + "\n"}, Taken: []string{"Torn " + torn}},
	"a rotated log":      {Files: Files{Schema: sound, Rotated: one + "\n" + torn, Log: two + "\n"}, After: Files{Rotated: one + "\n"}, Taken: []string{"Torn " + torn}},
	"poison, whole":      {Files: Files{Schema: sound, Log: poison + one + "\n"}, After: Files{Log: one + "\n"}, Taken: []string{"NoNumber " + poison}},
	"poison tail":        {Files: Files{Schema: sound, Log: one + "\n" + poison}, After: Files{Log: one + "\n"}, Taken: []string{"NoNumber " + poison}},
	"torn compaction":    {Files: Files{Schema: sound, Compacted: one + "\n" + torn, Folder + "segments/segment_20260101000000000.jsonl": one + "\n" + two + "\n"}, After: Files{Compacted: ""}, Taken: []string{"TornSegment " + one + "\n" + torn}},
	"unended compaction": {Files: Files{Schema: sound, Compacted: one}, After: Files{Compacted: one + "\n"}},
	"torn schema":        {Files: Files{Schema: sound[:50], Copy: sound, Log: one + "\n" + torn + two + "\n"}, After: Files{Schema: sound, Log: one + "\n" + two + "\n"}, Taken: []string{"TornSchema " + sound[:50], "Torn " + torn}},
	"empty schema":       {Files: Files{Schema: "", Copy: sound, Log: one + "\n"}, After: Files{Schema: sound}},
	"schema of zeros":    {Files: Files{Schema: "\x00\x00", Copy: sound, Log: one + "\n"}, After: Files{Schema: sound}, Taken: []string{"TornSchema \x00\x00"}},
	"torn in a rebuild":  {Files: Files{Schema: strings.Split(sound, "null")[0] + `"Fl`, Copy: sound, Log: one + "\n"}, After: Files{Schema: sound}, Taken: []string{"TornSchema " + strings.Split(sound, "null")[0] + `"Fl`}},

	// An acknowledged write is lost.
	"poison":                             {Files: Files{Schema: sound, Log: one + "\n" + poison + "\n" + two + "\n"}, After: Files{Log: one + "\n" + two + "\n"}, Taken: []string{"lost: NoNumber " + poison}, Losses: []string{"NoNumber"}},
	"torn, poison":                       {Files: Files{Schema: sound, Log: torn + poison + "\n"}, After: Files{Log: "-"}, Taken: []string{"Torn " + torn, "lost: NoNumber " + poison}, Losses: []string{"NoNumber"}},
	"other JSON":                         {Files: Files{Schema: sound, Log: "{}\n" + one + "\n"}, After: Files{Log: one + "\n"}, Taken: []string{"lost: Foreign {}"}, Losses: []string{"Foreign"}},
	"a misfit":                           {Files: Files{Schema: sound, Log: one + "\n" + foreign + "\n"}, After: Files{Log: one + "\n"}, Taken: []string{"lost: WrongDimension " + foreign}, Losses: []string{"WrongDimension"}},
	"a collection that was not finished": {Files: Files{Schema: sound[:50]}, After: Files{Schema: ""}, Taken: []string{"lost: TornSchema " + sound[:50]}, Losses: []string{"TornSchema"}},
	"decided": {
		Files: Files{Schema: sound, Log: one + "\n" + torn + "\n" + two + "\n"}, TakeOut: []repair.Place{{File: Log, Offset: int64(len(one) + 1)}},
		After: Files{Log: one + "\n" + two + "\n"}, Taken: []string{"lost: Torn " + torn}, Losses: []string{"Torn"},
	},

	// Not certain.
	"torn line":                {Files: Files{Schema: sound, Log: one + "\n" + torn + "\n" + two + "\n"}, Blocks: []string{"line 2 (Torn)"}},
	"hole":                     {Files: Files{Schema: sound, Log: one + "\n" + torn + "\x00\x00]\n" + two + "\n"}, Blocks: []string{"line 2 (Zeros)"}},
	"one of two decided":       {Files: Files{Schema: sound, Log: torn + "\n" + torn + "\n"}, TakeOut: []repair.Place{{File: Log}}, Blocks: []string{"line 2 (Torn)"}},
	"log without schema":       {Files: Files{Log: one + "\n", Copy: sound}, Blocks: []string{"a log and no schema. If the collection was deleted"}},
	"segment without schema":   {Files: Files{Rotated: one + "\n"}, Blocks: []string{"There is no copy"}},
	"torn schema without copy": {Files: Files{Schema: sound[:50], Log: one + "\n"}, Blocks: []string{"cut off"}},
	"torn schema of another":   {Files: Files{Schema: `{"name":"things","fields":[{"na`, Log: one + "\n", Copy: sound}, Blocks: []string{"cut off"}},
	"copy of another":          {Files: Files{Schema: "", Log: one + "\n", Copy: strings.Replace(sound, "things", "others", 1)}, Blocks: []string{"There is no copy"}},
	"wrong schema":             {Files: Files{Schema: `{"name":"things"}`}, Blocks: []string{"refuses the schema: fields"}},
	"schema of another":        {Files: Files{Schema: strings.Replace(sound, `"dimension": 2`, `"dimension": 3`, 1), Log: one + "\n" + two + "\n" + foreign + "\n"}, Blocks: []string{"schema of another collection"}},
	"name":                     {Files: Files{Schema: strings.Replace(sound, "things", "things/", 1), Log: one + "\n"}, Blocks: []string{`"things/"`}},
	"name without log":         {Files: Files{Schema: strings.Replace(sound, "things", "others", 1)}},
	"copied folder":            {Files: Files{Schema: sound, "tenants/default/collections/a copy/schema.json": sound}, Blocks: []string{"as tenants/default/collections/a copy/schema.json does"}},
	"two tenants":              {Files: Files{Schema: sound, "tenants/a/collections/things/schema.json": sound}},
	"lists":                    {Files: Files{Schema: strings.Replace(sound, `"index": null`, `"index": {"Ivf":{"nlist":0,"nprobe":2,"pq":null}}`, 1), Log: one + "\n"}, Blocks: []string{"nlist"}},
	"lists without documents":  {Files: Files{Schema: strings.Replace(sound, `"index": null`, `"index": {"Ivf":{"nlist":0,"nprobe":2,"pq":null}}`, 1), Log: gone + "\n"}},
	"a collection in segments": {Files: Files{Schema: sound, Folder + "segments/schema.json": sound}, Blocks: []string{"things/segments"}},
	"a file in segments":       {Files: Files{Schema: sound, Folder + "segments/README": "hello\n"}, Blocks: []string{"no log"}},
	"compaction, inputs gone":  {Files: Files{Schema: sound, Compacted: one + "\n" + torn, Rotated: two + "\n"}, Blocks: []string{"what it was made of is gone"}},
}
