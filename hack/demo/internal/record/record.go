package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"k8s.io/apimachinery/pkg/types"
)

// Record is what one demo has started and made.
type Record struct {
	// Kubeconfig is the absolute path of the kubeconfig of the Kubernetes cluster.
	Kubeconfig string `json:"kubeconfig"`
	// ClusterUID tells the cluster from another that gets the same kubeconfig later. It is
	// that of the namespace kube-system, which no cluster can be without.
	ClusterUID types.UID `json:"clusterUID,omitempty"`
	// Started says that the demo has started the cluster, and so may stop it.
	Started bool `json:"started,omitempty"`
	// OwnerPID is the process that owns the started cluster; 0 while it is being started.
	OwnerPID int `json:"ownerPID,omitempty"`
	// Created are the objects that the demo has made, in their order. One that was
	// there before is not among them.
	Created []Object `json:"created,omitempty"`
}

// Object names an object in the cluster.
type Object struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Namespace  string `json:"namespace,omitempty"`
	Name       string `json:"name"`
}

func (o Object) String() string {
	if o.Namespace == "" {
		return o.Kind + " " + o.Name
	}
	return fmt.Sprintf("%s %s/%s", o.Kind, o.Namespace, o.Name)
}

// HasStarted tells whether the demo has started the cluster that a process owns.
func (r *Record) HasStarted(ownerPID int) bool {
	return r.Started && (r.OwnerPID == 0 || r.OwnerPID == ownerPID)
}

// Add remembers an object, once.
func (r *Record) Add(object Object) {
	if !slices.Contains(r.Created, object) {
		r.Created = append(r.Created, object)
	}
}

// Load reads a record, and gives nil when there is none.
func Load(path string) (*Record, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	record := &Record{}
	if err := json.Unmarshal(data, record); err != nil {
		return nil, fmt.Errorf("%s, which the demo writes, cannot be read: %w", path, err)
	}
	return record, nil
}

// Save writes the record, in place of any older one. A process that is killed leaves
// either the old or the new one.
func (r *Record) Save(path string) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	unfinished := path + ".unfinished"
	if err := os.WriteFile(unfinished, append(data, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(unfinished, path)
}
