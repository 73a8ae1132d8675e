package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
)

// RefusedError is a request that the data does not allow. Every other error of this
// package is the disk's.
type RefusedError struct{ reason error }

func (e *RefusedError) Error() string { return "catalog error: " + e.reason.Error() }

func refused(format string, arguments ...any) error {
	return &RefusedError{reason: fmt.Errorf(format, arguments...)}
}

type tenant struct {
	collections map[string]*collection
	usage       Usage
}

// Store holds everything. One request at a time reads or changes it.
type Store struct {
	mutex    sync.Mutex
	root     *os.Root
	tiers    Tiers
	tenants  map[string]*tenant
	observer Observer
}

// Open reads all data under the directory, and makes the directory if there is none.
func Open(directory, defaultTenant string, tiers Tiers) (*Store, error) {
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return nil, broken(err)
	}
	// Barq DB lets a name lead out of its directory. Here the kernel forbids it.
	root, err := os.OpenRoot(directory)
	if err != nil {
		return nil, broken(err)
	}
	tiers.directory = directory
	store := &Store{root: root, tiers: tiers, tenants: map[string]*tenant{}, observer: noObserver{}}
	store.tiers.load(root)
	if err := root.MkdirAll(collectionsPath(defaultTenant), 0o755); err != nil {
		return nil, broken(err)
	}
	names, err := store.folders(tenantsFolder)
	if err != nil {
		return nil, broken(err)
	}
	for _, name := range names {
		if err := store.load(name); err != nil {
			return nil, err
		}
	}
	return store, nil
}

// Observe has the observer told of everything from now on. It learns nothing of what
// was replayed until a tenant does something.
func (s *Store) Observe(observer Observer) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.observer = observer
}

type noObserver struct{}

func (noObserver) Requested(string, int) {}
func (noObserver) Used(Usage)            {}

// load reads the collections of a tenant. A folder without a schema.json is none, so
// a collection whose name has a slash, which is a folder in a folder, is not found
// again.
func (s *Store) load(name string) error {
	folders, err := s.folders(collectionsPath(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return broken(err)
	}
	for _, folder := range folders {
		if err := s.loadCollection(name, folder); err != nil {
			return err
		}
	}
	owner := s.tenants[name]
	if owner == nil {
		return nil
	}
	for _, loaded := range owner.collections {
		documents, bytes := loaded.footprint()
		owner.usage.add(1, documents, bytes)
	}
	return nil
}

// loadCollection reads the collection of a folder. It is called what its schema says, and the
// folder's files are those of the collection that is called like the folder.
func (s *Store) loadCollection(name, folder string) error {
	schema, found, err := s.readSchema(name, folder)
	if err != nil || !found {
		return err
	}
	owner := s.tenant(name)
	if owner.collections[schema.Name] != nil {
		return refusedData(fmt.Errorf("collection %s already exists", schema.Name))
	}
	loaded, err := newCollection(schema)
	if err != nil {
		return refusedData(err)
	}
	owner.collections[schema.Name] = loaded
	return s.replay(name, folder)
}

func (c *collection) footprint() (documents, bytes int) {
	for id := range c.vectors {
		bytes += c.bytes(id)
	}
	return len(c.vectors), bytes
}

func (s *Store) folders(path string) ([]string, error) {
	entries, err := fs.ReadDir(s.root.FS(), path)
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

func (s *Store) tenant(name string) *tenant {
	found := s.tenants[name]
	if found == nil {
		found = &tenant{collections: map[string]*collection{}, usage: Usage{Tenant: name}}
		s.tenants[name] = found
	}
	return found
}

// request counts a request of a tenant and gives it.
func (s *Store) request(name string) *tenant {
	owner := s.tenant(name)
	owner.usage.CurrentQPS++
	s.observer.Requested(name, owner.usage.CurrentQPS)
	return owner
}

func (t *tenant) collection(name string) (*collection, error) {
	found := t.collections[name]
	if found == nil {
		return nil, refused("collection %s not found", name)
	}
	return found, nil
}

func (s *Store) change(owner *tenant, collections, documents, bytes int) {
	owner.usage.add(collections, documents, bytes)
	s.observer.Used(owner.usage)
}
