package schemacopy

import (
	"os"

	v1 "github.com/barq-db/barq-operator/internal/agentapi/v1"
	"github.com/barq-db/barq-operator/internal/barq/datadir"
	"github.com/barq-db/barq-operator/internal/barq/schema"
)

// Unsound returns which collections have an index that gives wrong answers, or nil. It reads the copies, which are always whole.
func Unsound(root *os.Root) (*v1.Unsound, error) {
	collections, err := datadir.Collections(root)
	if err != nil {
		return nil, err
	}
	var found *v1.Unsound
	for _, collection := range collections {
		kept, err := Read(root, collection)
		if err != nil {
			return nil, err
		}
		// What is read can be parsed, and nothing is Flat.
		parsed, _ := schema.Parse(kept)
		fault := parsed.Fault()
		if fault == "" {
			continue
		}
		if found == nil {
			found = &v1.Unsound{Tenant: collection.Tenant, Collection: collection.Name, Index: fault}
		}
		found.Collections++
	}
	return found, nil
}
