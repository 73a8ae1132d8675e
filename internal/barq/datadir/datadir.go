package datadir

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

// Names of folders and files.
const (
	Tenants     = "tenants"
	collections = "collections"

	// What there is in the folder of a collection.
	SchemaFile     = "schema.json"
	LogFile        = "wal.jsonl"
	SegmentsFolder = "segments"

	// Agent is the folder of the server's parent. The server reads nothing outside Tenants.
	Agent = ".agent"
)

// Collection names the folder of a collection. The server calls the collection what its schema
// says, and looks for its log under the name of the folder.
type Collection struct {
	Tenant string `json:"tenant"`
	Name   string `json:"collection"`
}

// Folder is where all of the collection is.
func (c Collection) Folder() string { return path.Join(Tenants, c.Tenant, collections, c.Name) }

// Schema is the file of the schema.
func (c Collection) Schema() string { return path.Join(c.Folder(), SchemaFile) }

// Log is the file that the server appends to.
func (c Collection) Log() string { return path.Join(c.Folder(), LogFile) }

// Segments is the folder of the files that the server reads before Log, in the order of their
// names.
func (c Collection) Segments() string { return path.Join(c.Folder(), SegmentsFolder) }

// IsSegment reports whether a file of the log with this path is one of Segments.
func IsSegment(file string) bool { return path.Base(path.Dir(file)) == SegmentsFolder }

// OfCollection returns the collection that a file is in, with its path in the data directory, and the file's path in the folder of the
// collection. It reports false for a path that is neither a schema, a log nor a segment.
func OfCollection(file string) (Collection, string, bool) {
	parts := strings.SplitN(file, "/", 5)
	if len(parts) < 5 || parts[0] != Tenants || parts[2] != collections {
		return Collection{}, "", false
	}
	folder, name := path.Split(parts[4])
	isKnown := folder == "" && (name == SchemaFile || name == LogFile) || folder == SegmentsFolder+"/" && name != ""
	return Collection{Tenant: parts[1], Name: parts[3]}, parts[4], isKnown
}

// Files returns the files of the collection's log that are there, in the order in which the
// server reads them.
func (c Collection) Files(root *os.Root) ([]string, error) {
	var files []string
	entries, err := read(root, c.Segments())
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		if entry.Type().IsRegular() {
			files = append(files, path.Join(c.Segments(), entry.Name()))
		}
	}
	switch _, err := root.Stat(c.Log()); {
	case err == nil:
		files = append(files, c.Log())
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	return files, nil
}

// Collections returns the folders that the server looks for collections in, sorted. There may be
// no schema in one, and then the server passes it over.
func Collections(root *os.Root) ([]Collection, error) {
	tenants, err := folders(root, Tenants)
	if err != nil {
		return nil, err
	}
	var found []Collection
	for _, tenant := range tenants {
		names, err := folders(root, path.Join(Tenants, tenant, collections))
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			found = append(found, Collection{Tenant: tenant, Name: name})
		}
	}
	slices.SortFunc(found, func(a, b Collection) int {
		return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.Name, b.Name))
	})
	return found, nil
}

// folders returns the names of the folders in one. Links are passed over, as the server does.
func folders(root *os.Root, name string) ([]string, error) {
	entries, err := read(root, name)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		if entry.IsDir() {
			names = append(names, entry.Name())
		}
	}
	return names, nil
}

// read returns what is in a folder, sorted, and nothing of a folder that is not there.
func read(root *os.Root, name string) ([]fs.DirEntry, error) {
	folder, err := root.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = folder.Close() }()
	entries, err := folder.ReadDir(-1)
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	return entries, err
}
