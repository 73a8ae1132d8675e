package volume

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/barq-db/barq-operator/internal/agent/archive"
	"github.com/barq-db/barq-operator/internal/agent/durable"
	"github.com/barq-db/barq-operator/internal/barq/datadir"
)

// file is in the data directory.
const file = datadir.Agent + "/archive.json"

// Volume is what is known of a volume.
type Volume struct {
	// ID tells the volume from any other one. It is empty for a volume that has no archive yet.
	ID string `json:"volume"`
	// Restoring is the archive whose data the volume gets. It is empty if it has all.
	Restoring archive.Path `json:"restoring,omitempty"`
}

// New returns a Volume with a name of its own.
func New() Volume { return Volume{ID: rand.Text()} }

// Load returns what is known of the volume of a data directory.
func Load(root *os.Root) (Volume, error) {
	content, err := root.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return Volume{}, nil
	}
	var found Volume
	if err == nil {
		err = json.Unmarshal(content, &found)
	}
	if err != nil {
		return Volume{}, fmt.Errorf("%s: %w", file, err)
	}
	return found, nil
}

// Save remembers it.
func (v Volume) Save(root *os.Root) error {
	content, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if err := durable.MakeFolder(root, datadir.Agent); err != nil {
		return err
	}
	return durable.WriteFile(root, file, content, 0o644)
}
