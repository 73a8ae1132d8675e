package conformance

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/test/barqserver/client"
)

// Every file in segments/ is read before the log, whatever it is called, in the order of the names. What is no file is not.
func TestSegmentsAreReadInTheOrderOfTheirNames(t *testing.T) {
	title := func(id, title string) string {
		return insertOf(`{"U64":`+id+`}`, "[1.0,0.0]", `{"title":"`+title+`"}`) + "\n"
	}
	s := withFiles(t, goodSchema, title("1", "log"))
	segment := func(name string) string { return s.collectionFile("things", filepath.Join("segments", name)) }
	s.write(segment("segment_compacted_20260101000000000.jsonl"), title("1", "compacted")+title("2", "compacted")+title("3", "compacted"))
	s.write(segment("segment_20260202000000000.jsonl"), title("3", "flushed"))
	s.write(segment("segment_rotated_00000000000000000001.jsonl"), "\n"+title("1", "rotated")+title("2", "rotated")+title("4", "rotated"))
	s.write(segment("segment_rotated_00000000000000000002.jsonl"), `{"op":{"Delete":{"U64":4}}}`)
	s.write(segment(".hidden"), title("5", "hidden"))
	s.write(segment("folder.jsonl/segment.jsonl"), "anything")
	require.NoError(t, os.Symlink(s.collectionFile("things", "schema.json"), segment("link")))

	s = s.again()
	expected := []client.Document{}
	for id, text := range map[uint64]string{1: "log", 2: "rotated", 3: "compacted", 5: "hidden"} {
		expected = append(expected, client.Document{ID: client.Number(id), Vector: []float32{1, 0}, Payload: map[string]any{"title": text}})
	}
	s.requireAll(expected)
	missing, err := s.Missing(t.Context(), "things", client.Number(4))
	require.NoError(t, err)
	require.Len(t, missing, 1)
	s.stop()

	s.write(segment("a file of whatever name"), "anything")
	s.requireFailure(unreadable("expected value at line 1 column 1"))
}

// What is beside the collections is not looked at.
func TestFilesThatAreNotRead(t *testing.T) {
	s := withFiles(t, goodSchema, goodLine)
	for _, file := range []string{
		".agent/wal.jsonl", "lost+found/x", "tenants/file", "tenants/default/file", "tenants/default/other/x/schema.json",
		"tenants/default/collections/file", "tenants/default/collections/empty/segments/x", "tenants/default/collections/things/wal.jsonl.tmp",
		"tenants/default/collections/things/folder/x",
	} {
		s.write(filepath.Join(s.dir, "data", file), "anything")
	}
	s.again().requireAll(documents(1))
}
