package repair

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

// CopyOf is the path of the copy of a collection's schema.json.
func CopyOf(collection datadir.Collection) string {
	return path.Join(copies, collection.Tenant, collection.Name, "schema.json")
}

// readCopy returns a copy that can be put back, or nil.
func readCopy(root *os.Root, collection datadir.Collection) ([]byte, error) {
	content, err := root.ReadFile(CopyOf(collection))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if read, err := schema.Parse(content); err != nil || read.Name != collection.Name {
		return nil, nil
	}
	return content, nil
}

// fits reports whether a schema.json that is cut off began as its copy. The collection may have
// been deleted and made again with the same name since the copy, and then it is another one. A
// rebuild changes only the index.
func fits(torn, kept []byte) bool {
	torn = bytes.TrimRight(torn, "\x00")
	same := 0
	for same < min(len(torn), len(kept)) && torn[same] == kept[same] {
		same++
	}
	return same == len(torn) || bytes.Contains(kept[:same], []byte(`"index":`))
}

// KeepCopy copies the schema.json of a collection, if it is sound and differs from the copy.
func KeepCopy(root *os.Root, collection datadir.Collection) error {
	content, err := root.ReadFile(collection.Schema())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if read, err := schema.Parse(content); err != nil || read.Name != collection.Name {
		return nil
	}
	kept, err := readCopy(root, collection)
	if err != nil || bytes.Equal(kept, content) {
		return err
	}
	if err := durable.MakeFolder(root, path.Dir(CopyOf(collection))); err != nil {
		return err
	}
	return durable.WriteFile(root, CopyOf(collection), content, 0o644)
}

// KeepCopies copies the schema.json of every collection, and removes the copies of collections
// whose folder is gone.
func KeepCopies(root *os.Root) error {
	collections, err := datadir.Collections(root)
	if err != nil {
		return err
	}
	for _, collection := range collections {
		if err := KeepCopy(root, collection); err != nil {
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
			if err := root.RemoveAll(path.Dir(CopyOf(collection))); err != nil {
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
