package schemacopy

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path"
	"slices"

	"github.com/barq-db/barq-operator/internal/agent/durable"
	"github.com/barq-db/barq-operator/internal/barq/datadir"
	"github.com/barq-db/barq-operator/internal/barq/schema"
)

const copies = datadir.Agent + "/schemas"

// Path is the path of the copy of a collection's schema.json.
func Path(collection datadir.Collection) string {
	return path.Join(copies, collection.Tenant, collection.Name, "schema.json")
}

// Read returns a copy that can be put back, or nil.
func Read(root *os.Root, collection datadir.Collection) ([]byte, error) {
	content, err := root.ReadFile(Path(collection))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if !isSound(content, collection) {
		return nil, nil
	}
	return content, nil
}

// isSound reports whether the server takes the schema for that of the collection.
func isSound(content []byte, collection datadir.Collection) bool {
	read, err := schema.Parse(content)
	return err == nil && read.Name == collection.Name
}

// Fits reports whether a schema.json that is cut off began as its copy. The collection may have
// been deleted and made again with the same name since the copy, and then it is another one. A
// rebuild changes only the index.
func Fits(torn, kept []byte) bool {
	torn = bytes.TrimRight(torn, "\x00")
	same := 0
	for same < min(len(torn), len(kept)) && torn[same] == kept[same] {
		same++
	}
	return same == len(torn) || bytes.Contains(kept[:same], []byte(`"index":`))
}

// Keep copies the schema.json of a collection, if it is sound and differs from the copy.
func Keep(root *os.Root, collection datadir.Collection) error {
	content, err := root.ReadFile(collection.Schema())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if !isSound(content, collection) {
		return nil
	}
	kept, err := Read(root, collection)
	if err != nil || bytes.Equal(kept, content) {
		return err
	}
	if err := durable.MakeFolder(root, path.Dir(Path(collection))); err != nil {
		return err
	}
	return durable.WriteFile(root, Path(collection), content, 0o644)
}

// KeepAll copies the schema.json of every collection, and removes the copies of collections
// whose folder is gone.
func KeepAll(root *os.Root) error {
	collections, err := datadir.Collections(root)
	if err != nil {
		return err
	}
	for _, collection := range collections {
		if err := Keep(root, collection); err != nil {
			return err
		}
	}
	tenants, err := names(root, copies)
	if err != nil {
		return err
	}
	for _, tenant := range tenants {
		kept, err := names(root, path.Join(copies, tenant))
		if err != nil {
			return err
		}
		for _, name := range kept {
			collection := datadir.Collection{Tenant: tenant, Name: name}
			if slices.Contains(collections, collection) {
				continue
			}
			if err := root.RemoveAll(path.Dir(Path(collection))); err != nil {
				return err
			}
		}
	}
	return nil
}

func names(root *os.Root, folder string) ([]string, error) {
	entries, err := fs.ReadDir(root.FS(), folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var found []string
	for _, entry := range entries {
		found = append(found, entry.Name())
	}
	return found, err
}
