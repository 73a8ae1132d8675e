// Package database says what the status of a BarqCluster says about its data, from the answers of the agents in its pods.
//
// What lives here: pure functions from an observation to status.database and to the conditions AgentReachable, LogIntact,
// SpaceAvailable, MemoryTight and IndexesSound. The agents are asked in internal/controller/database, which also writes what is computed here. What they say of
// buckets is in internal/tiering.
package database
