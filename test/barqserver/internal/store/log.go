package store

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"runtime"
	"strings"
	"unicode/utf8"

	"github.com/barq-db/barq-operator/test/barqserver/internal/serde"
)

// Where the data is, under the storage directory.
const (
	tenantsFolder     = "tenants"
	collectionsFolder = "collections"
	segmentsFolder    = "segments"
	schemaFile        = "schema.json"
	logFile           = "wal.jsonl"
)

// write is one line of the log: exactly one of the two.
type write struct {
	insert *Document
	delete *ID
}

// append writes the line without its end.
func (w write) append(text []byte) []byte {
	if w.delete != nil {
		text = w.delete.append(append(text, `{"op":{"Delete":`...))
		return append(text, "}}"...)
	}
	text = w.insert.ID.append(append(text, `{"op":{"Insert":{"id":`...))
	text = appendVector(append(text, `,"vector":`...), w.insert.Vector)
	text = append(text, `,"payload":`...)
	if w.insert.Payload == nil {
		text = append(text, "null"...)
	} else {
		text = w.insert.Payload.append(text)
	}
	return append(text, "}}}"...)
}

// read reads a line.
func (w *write) read(reader *serde.Reader) error {
	operation := func() error {
		return reader.Enum("`Insert` or `Delete`",
			serde.Variant{Name: "Insert", Read: func() error {
				w.insert = &Document{}
				return w.insert.read(reader)
			}},
			serde.Variant{Name: "Delete", Read: func() error {
				w.delete = &ID{}
				return w.delete.read(reader)
			}})
	}
	return reader.Struct("WalEntry", serde.Field{Name: "op", Read: operation})
}

func (d *Document) read(reader *serde.Reader) error {
	return reader.Struct("Document",
		serde.Field{Name: "id", Read: func() error { return d.ID.read(reader) }},
		serde.Field{Name: "vector", Read: func() error {
			return reader.List("a sequence", func() error {
				var component Component
				err := component.read(reader)
				d.Vector = append(d.Vector, component)
				return err
			})
		}},
		serde.Field{Name: "payload", Optional: true, Read: func() error {
			if missing, err := reader.Null(); missing || err != nil {
				return err
			}
			d.Payload = &Payload{}
			return d.Payload.read(reader)
		}})
}

func collectionsPath(tenant string) string {
	return path.Join(tenantsFolder, tenant, collectionsFolder)
}

func collectionPath(tenant, name string) string { return path.Join(collectionsPath(tenant), name) }

// appendLog adds a line to the log of a collection, and its end in a second step, as Barq DB
// does. It opens the log each time, and syncs nothing: a write survives the process, not the machine.
func (s *Store) appendLog(tenant, name string, line write) error {
	return s.writePieces(path.Join(collectionPath(tenant, name), logFile), os.O_APPEND, line.append(nil), []byte("\n"))
}

// writePieces writes each piece to a file with a system call of its own, all from one thread. So a test can
// end the process between any two.
func (s *Store) writePieces(name string, mode int, pieces ...[]byte) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	file, err := s.root.OpenFile(name, mode|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return broken(err)
	}
	for _, piece := range pieces {
		if _, err := file.Write(piece); err != nil {
			_ = file.Close()
			return broken(err)
		}
	}
	return file.Close()
}

// replay applies the segments of a collection in the order of their names, and then its log. A later
// line wins over an earlier one. The collection is that of the folder's name.
func (s *Store) replay(tenant, folder string) error {
	at := path.Join(collectionPath(tenant, folder), segmentsFolder)
	entries, err := fs.ReadDir(s.root.FS(), at)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return broken(err)
	}
	segments := map[string]bool{}
	for _, entry := range entries {
		if entry.Type().IsRegular() {
			segments[path.Join(at, entry.Name())] = true
		}
	}
	if err := s.tiers.restore(at+"/", segments); err != nil {
		return err
	}
	for _, segment := range sorted(segments) {
		if err := s.replayFile(segment, tenant, folder); err != nil {
			return err
		}
	}
	return s.replayFile(path.Join(collectionPath(tenant, folder), logFile), tenant, folder)
}

// replayFile applies the lines of a file, if it is there. A line that cannot be read ends the start, the torn last
// line of a crash too.
func (s *Store) replayFile(name, tenant, folder string) error {
	file, err := s.root.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return broken(err)
	}
	defer func() { _ = file.Close() }()

	for lines := bufio.NewReader(file); ; {
		line, readErr := lines.ReadString('\n')
		if readErr != nil && readErr != io.EOF {
			return broken(readErr)
		}
		if !utf8.ValidString(line) {
			return broken(errors.New("stream did not contain valid UTF-8"))
		}
		if line = strings.TrimSuffix(line, "\n"); strings.TrimSpace(line) != "" {
			if err := s.apply(tenant, folder, line); err != nil {
				return err
			}
		}
		if readErr == io.EOF {
			return nil
		}
	}
}

func (s *Store) apply(tenant, folder, line string) error {
	var read write
	if err := serde.Read([]byte(line), read.read); err != nil {
		return &DataError{"serialization error", err}
	}
	into := s.tenant(tenant).collections[folder]
	if into == nil {
		return refusedData(fmt.Errorf("collection %s not found", folder))
	}
	if read.insert != nil {
		return refusedData(into.replace(*read.insert))
	}
	into.remove(*read.delete)
	return nil
}
