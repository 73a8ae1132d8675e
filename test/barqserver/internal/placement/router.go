package placement

import (
	"errors"
	"fmt"
	"hash/maphash"
	"maps"
	"slices"
)

// Router knows which node has which shard.
type Router struct {
	node       string
	preference string
	shards     map[uint32]Shard
	addresses  map[string]string
	// seed is another one in every process, as in Barq DB: with more than one shard,
	// processes disagree about where a key belongs.
	seed maphash.Seed
}

// The values of read_preference.
const (
	preferPrimary   = "Primary"
	preferFollowers = "Followers"
	preferAny       = "Any"
)

// mostShards keeps a file from taking all memory. More than one shard does not work.
const mostShards = 1 << 16

func newSeed() maphash.Seed { return maphash.MakeSeed() }

func route(read file) (*Router, error) {
	if len(*read.Nodes) == 0 {
		return nil, errors.New("nodes is empty")
	}
	replication := uint32(1)
	if read.ReplicationFactor != nil {
		replication = *read.ReplicationFactor
	}
	if replication == 0 {
		return nil, errors.New("replication_factor is 0")
	}
	router := &Router{
		node: *read.NodeID, preference: preferPrimary,
		shards: read.Placements, addresses: map[string]string{}, seed: newSeed(),
	}
	if read.ReadPreference != nil {
		router.preference = *read.ReadPreference
	}
	if !slices.Contains([]string{preferPrimary, preferFollowers, preferAny}, router.preference) {
		return nil, fmt.Errorf("read_preference is %q", router.preference)
	}
	for _, node := range *read.Nodes {
		router.addresses[node.ID] = node.Address
	}
	if len(router.shards) == 0 && *read.ShardCount > mostShards {
		return nil, fmt.Errorf("shard_count is %d; this stand-in places at most %d shards", *read.ShardCount, mostShards)
	}
	if len(router.shards) == 0 {
		router.shards = roundRobin(*read.Nodes, max(1, *read.ShardCount), replication)
	}
	for _, shard := range router.shards {
		for _, node := range append([]string{shard.Primary}, shard.Replicas...) {
			if _, known := router.addresses[node]; !known {
				return nil, fmt.Errorf("shard %d is placed on %q, which is not in nodes", shard.Shard, node)
			}
		}
	}
	return router, nil
}

// roundRobin places each shard on the next node, and its replicas on those after it.
func roundRobin(nodes []node, shards, replication uint32) map[uint32]Shard {
	placed := map[uint32]Shard{}
	count := uint32(len(nodes))
	for index := range shards {
		replicas := []string{}
		for offset := uint32(1); offset < min(replication, count); offset++ {
			replicas = append(replicas, nodes[(index+offset)%count].ID)
		}
		placed[index] = Shard{Shard: index, Primary: nodes[index%count].ID, Replicas: replicas}
	}
	return placed
}

// Shards gives all placements, by the number of the shard.
func (r *Router) Shards() map[uint32]Shard { return maps.Clone(r.shards) }

// Elsewhere is the refusal of a request that belongs to another node.
type Elsewhere struct {
	// Address is the other node's, without the path of the request.
	Address string
}

func (e *Elsewhere) Error() string { return "redirecting to leader at " + e.Address }

// ErrNoShard is what a key meets whose shard has no placement.
var ErrNoShard = errors.New("the shard is not placed anywhere")

// Write refuses a key whose primary is another node.
func (r *Router) Write(key string) error {
	shard, placed := r.shard(key)
	if !placed {
		return ErrNoShard
	}
	if shard.Primary == r.node {
		return nil
	}
	return &Elsewhere{Address: r.addresses[shard.Primary]}
}

// Read refuses a key of which this node is neither primary nor replica. A replica
// may read, although nothing ever gives it any data.
func (r *Router) Read(key string) error {
	shard, placed := r.shard(key)
	if !placed {
		return ErrNoShard
	}
	if shard.Primary == r.node || slices.Contains(shard.Replicas, r.node) {
		return nil
	}
	target := shard.Primary
	if r.preference != preferPrimary && len(shard.Replicas) > 0 {
		target = shard.Replicas[0]
	}
	return &Elsewhere{Address: r.addresses[target]}
}

func (r *Router) shard(key string) (Shard, bool) {
	index := maphash.String(r.seed, key) % uint64(len(r.shards))
	found, placed := r.shards[uint32(index)]
	return found, placed
}
