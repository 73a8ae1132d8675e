// Package database says what the status of a BarqCluster says about its data, from the answers of the agents in its pods.
//
// What lives here: pure functions from an observation to status.database, status.tiering and the conditions AgentReachable, LogIntact,
// SpaceAvailable, MemoryTight, IndexesSound, TiersReachable and Archiving. The agents are asked in internal/controller/database, which also writes what is computed here.
package database
