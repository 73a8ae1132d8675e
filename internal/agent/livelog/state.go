//go:build linux

package livelog

import (
	"path"
	"time"

	"github.com/barq-db/barq-operator/internal/barq/datadir"
)

// Sealed returns the segments of a collection that nothing is written to any more, in the order in
// which the server reads them. Their paths are relative to the folder of the collection.
func (k *Keeper) Sealed(collection datadir.Collection) ([]string, error) {
	files, err := collection.Files(k.root)
	if err != nil {
		return nil, err
	}
	known := k.logs[collection]
	var sealed []string
	for _, file := range files {
		name := path.Join(datadir.SegmentsFolder, path.Base(file))
		if datadir.IsSegment(file) && (known == nil || name != known.unsealed) {
			sealed = append(sealed, name)
		}
	}
	return sealed, nil
}

// State is what there is of logs.
type State struct {
	Tenants     []string
	Collections int
	// Bytes is what the logs and segments have.
	Bytes    int64
	Segments int
	Unsealed int
}

// State returns what there was at the last pass.
func (k *Keeper) State() (State, error) {
	var state State
	collections, err := datadir.Collections(k.root)
	if err != nil {
		return state, err
	}
	state.Collections = len(collections)
	for _, collection := range collections {
		if count := len(state.Tenants); count == 0 || state.Tenants[count-1] != collection.Tenant {
			state.Tenants = append(state.Tenants, collection.Tenant)
		}
		files, err := collection.Files(k.root)
		if err != nil {
			return state, err
		}
		for _, file := range files {
			if datadir.IsSegment(file) {
				state.Segments++
			}
			// It may be gone since.
			if about, err := k.root.Stat(file); err == nil {
				state.Bytes += about.Size()
			}
		}
		if known := k.logs[collection]; known != nil && known.unsealed != "" {
			state.Unsealed++
		}
	}
	return state, nil
}

// OldestUnsynced returns when the oldest write was seen that is not synced, or the zero time.
func (k *Keeper) OldestUnsynced() time.Time {
	var oldest time.Time
	for _, known := range k.logs {
		if known.size > 0 && !known.synced && (oldest.IsZero() || known.unsynced.Before(oldest)) {
			oldest = known.unsynced
		}
	}
	return oldest
}
