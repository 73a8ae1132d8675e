package placement

import (
	"encoding/json"
	"fmt"
	"os"
)

// Shard says which nodes have one shard.
type Shard struct {
	Shard    uint32   `json:"shard"`
	Primary  string   `json:"primary"`
	Replicas []string `json:"replicas"`
}

type node struct {
	ID      string `json:"id"`
	Address string `json:"address"`
}

// file is the cluster file. Pointers are fields that must be there.
type file struct {
	NodeID            *string          `json:"node_id"`
	Nodes             *[]node          `json:"nodes"`
	ShardCount        *uint32          `json:"shard_count"`
	ReplicationFactor *uint32          `json:"replication_factor"`
	ReadPreference    *string          `json:"read_preference"`
	Placements        map[uint32]Shard `json:"placements"`
}

// Load reads a cluster file and checks what Barq DB checks.
func Load(path string) (*Router, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("cluster file: %w", err)
	}
	var read file
	if err := json.Unmarshal(content, &read); err != nil {
		return nil, fmt.Errorf("cluster file %s: %w", path, err)
	}
	if read.NodeID == nil || read.Nodes == nil || read.ShardCount == nil {
		return nil, fmt.Errorf("cluster file %s: node_id, nodes and shard_count are required", path)
	}
	router, err := route(read)
	if err != nil {
		return nil, fmt.Errorf("cluster file %s: %w", path, err)
	}
	return router, nil
}

// Single is the router of a process that has no cluster file.
func Single() *Router {
	return &Router{
		node:       "local",
		preference: preferPrimary,
		shards:     map[uint32]Shard{0: {Primary: "local", Replicas: []string{}}},
		addresses:  map[string]string{"local": "localhost"},
		seed:       newSeed(),
	}
}
