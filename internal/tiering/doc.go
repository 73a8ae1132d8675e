// Package tiering says what the status of a BarqCluster says about the buckets of its tiers, from the answers of the agents in its pods.
//
// What lives here: pure functions from an observation to status.tiering and to the conditions TiersReachable and Archiving. The
// observation is that of internal/database. internal/controller/database writes what is computed here.
package tiering
