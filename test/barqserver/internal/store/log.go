package store

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
)

// Where the data is, under the storage directory.
const (
	tenantsFolder     = "tenants"
	collectionsFolder = "collections"
	schemaFile        = "schema.json"
	logFile           = "wal.jsonl"
)

// write is one line of the log: exactly one of the two.
type write struct {
	Insert *Document `json:"Insert,omitempty"`
	Delete *ID       `json:"Delete,omitempty"`
}

type logLine struct {
	Op *write `json:"op"`
}

func collectionsPath(tenant string) string {
	return path.Join(tenantsFolder, tenant, collectionsFolder)
}

func collectionPath(tenant, name string) string { return path.Join(collectionsPath(tenant), name) }

// appendLog adds a line to the log of a collection. It is not synced: a write
// survives the process, not the machine.
func (s *Store) appendLog(tenant, name string, line write) (err error) {
	content, err := json.Marshal(logLine{Op: &line})
	if err != nil {
		return err
	}
	file, err := s.root.OpenFile(path.Join(collectionPath(tenant, name), logFile), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	_, err = file.Write(append(content, '\n'))
	return err
}

// replay applies the log of a collection, a later line winning over an earlier one.
// A line that cannot be read ends the start, the torn last line of a crash too.
func (s *Store) replay(tenant, name string, into *collection) (err error) {
	file, err := s.root.Open(path.Join(collectionPath(tenant, name), logFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()

	lines := bufio.NewReader(file)
	for number := 1; ; number++ {
		line, readErr := lines.ReadString('\n')
		if readErr != nil && readErr != io.EOF {
			return readErr
		}
		if strings.TrimSpace(line) != "" {
			if err := apply(into, line); err != nil {
				return fmt.Errorf("%s line %d: %w", file.Name(), number, err)
			}
		}
		if readErr == io.EOF {
			return nil
		}
	}
}

func apply(into *collection, line string) error {
	var read logLine
	if err := json.Unmarshal([]byte(line), &read); err != nil {
		return err
	}
	switch {
	case read.Op != nil && read.Op.Insert != nil:
		return into.replace(*read.Op.Insert)
	case read.Op != nil && read.Op.Delete != nil:
		into.remove(*read.Op.Delete)
		return nil
	default:
		return errors.New("neither an insert nor a delete")
	}
}

func (s *Store) writeSchema(schema Schema) error {
	folder := collectionPath(schema.Tenant, schema.Name)
	if err := s.root.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	content, err := json.MarshalIndent(schema, "", "  ")
	if err != nil {
		return err
	}
	return s.root.WriteFile(path.Join(folder, schemaFile), content, 0o644)
}

func (s *Store) readSchema(tenant, folder string) (Schema, error) {
	content, err := s.root.ReadFile(path.Join(collectionPath(tenant, folder), schemaFile))
	if err != nil {
		return Schema{}, err
	}
	var schema Schema
	if err := json.Unmarshal(content, &schema); err != nil {
		return Schema{}, fmt.Errorf("%s of collection %s of tenant %s: %w", schemaFile, folder, tenant, err)
	}
	schema.Tenant = tenant
	return schema, nil
}
