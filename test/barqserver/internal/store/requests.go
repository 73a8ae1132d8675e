package store

import "encoding/json"

// CreateCollection makes a collection.
func (s *Store) CreateCollection(schema Schema) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	owner := s.request(schema.Tenant)
	if owner.collections[schema.Name] != nil {
		return refused("collection %s already exists", schema.Name)
	}
	made, err := newCollection(schema)
	if err != nil {
		return &RefusedError{reason: err}
	}
	owner.collections[schema.Name] = made
	if err := s.writeSchema(schema); err != nil {
		return err
	}
	s.change(owner, 1, 0, 0)
	return nil
}

// DropCollection removes a collection and its files.
func (s *Store) DropCollection(tenant, name string) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	owner := s.request(tenant)
	found, err := owner.collection(name)
	if err != nil {
		return err
	}
	documents, bytes := found.footprint()
	delete(owner.collections, name)
	if err := s.root.RemoveAll(collectionPath(tenant, name)); err != nil {
		return broken(err)
	}
	s.change(owner, -1, -documents, -bytes)
	return nil
}

// Collection tells whether there is a collection.
func (s *Store) Collection(tenant, name string) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	_, err := s.existing(tenant).collection(name)
	return err
}

// Rebuild puts all documents into an index of another kind, or of the same if there is none, and writes the
// schema. It loses the vectors that no document has.
func (s *Store) Rebuild(tenant, name string, index json.RawMessage) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	found, err := s.request(tenant).collection(name)
	if err != nil {
		return err
	}
	found.rebuild(index)
	return s.writeSchema(found.schema)
}

// Insert adds a document, or with upsert replaces the one with its id. It is in
// memory before it is in the log: when the disk is full the write fails and yet is
// found until the next start.
func (s *Store) Insert(tenant, name string, document Document, upsert bool) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	owner := s.request(tenant)
	found, err := owner.collection(name)
	if err != nil {
		return err
	}
	before := found.bytes(document.ID)
	add := found.add
	if upsert {
		add = found.replace
	}
	if err := add(document); err != nil {
		return &RefusedError{reason: err}
	}
	added := 0
	if before == 0 {
		added = 1
	}
	s.change(owner, 0, added, document.bytes()-before)
	return s.appendLog(tenant, name, write{insert: &document})
}

// Delete removes a document and tells whether there was one.
func (s *Store) Delete(tenant, name string, id ID) (bool, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	owner := s.request(tenant)
	found, err := owner.collection(name)
	if err != nil {
		return false, err
	}
	bytes := found.bytes(id)
	if !found.remove(id) {
		return false, nil
	}
	s.change(owner, 0, -1, -bytes)
	return true, s.appendLog(tenant, name, write{delete: &id})
}

// Get gives a document, or nil. It does not count as a request of the tenant.
func (s *Store) Get(tenant, name string, id ID) (*Document, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	found, err := s.existing(tenant).collection(name)
	if err != nil {
		return nil, err
	}
	return found.get(id), nil
}

// Search gives the nearest documents, best first.
func (s *Store) Search(tenant, name string, vector []Component, count int) ([]Hit, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.request(tenant).search(name, vector, count)
}

// SearchUncounted gives the same, and does not count as a request of the tenant.
func (s *Store) SearchUncounted(tenant, name string, vector []Component, count int) ([]Hit, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.existing(tenant).search(name, vector, count)
}

func (t *tenant) search(name string, vector []Component, count int) ([]Hit, error) {
	found, err := t.collection(name)
	if err != nil {
		return nil, err
	}
	hits, err := found.search(vector, count)
	if err != nil {
		return nil, &RefusedError{reason: err}
	}
	return hits, nil
}

// BatchSearch gives the nearest documents to each vector. It does not count as a
// request of the tenant.
func (s *Store) BatchSearch(tenant, name string, vectors [][]Component, count int) ([][]Hit, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	found, err := s.existing(tenant).collection(name)
	if err != nil {
		return nil, err
	}
	results := make([][]Hit, 0, len(vectors))
	for _, vector := range vectors {
		if err := found.schema.admitsQuery(vector); err != nil {
			return nil, &RefusedError{reason: err}
		}
		results = append(results, found.nearest(vector, count))
	}
	return results, nil
}

// existing gives a tenant without making it known.
func (s *Store) existing(name string) *tenant {
	if found := s.tenants[name]; found != nil {
		return found
	}
	return &tenant{}
}

// Usage tells what a tenant has.
func (s *Store) Usage(tenant string) Usage {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	usage := s.tenant(tenant).usage
	s.observer.Used(usage)
	return usage
}
