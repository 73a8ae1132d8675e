// Package stores opens a store of objects of any provider.
//
// What lives here: which provider has which backend.
//
// What must not: anything else. The backends lie in the packages beside this one.
package stores

import (
	"fmt"

	"github.com/barq-db/barq-operator/internal/objectstore"
	"github.com/barq-db/barq-operator/internal/objectstore/bucket"
	"github.com/barq-db/barq-operator/internal/objectstore/folder"
)

// Open returns the store of the options. It asks no server: [objectstore.Probe] says whether the store can be used.
// It fails if the options name no store that there could be.
func Open(options objectstore.Options) (objectstore.Store, error) {
	if options.Bucket == "" {
		return nil, fmt.Errorf("a store of %s needs a bucket", options.Provider)
	}
	if options.Provider == objectstore.Folder {
		return objectstore.New(folder.New(options.Bucket), options)
	}
	backend, err := bucket.New(options)
	if err != nil {
		return nil, err
	}
	return objectstore.New(backend, options)
}
