// Package agentclient asks the agents in the pods.
//
// What lives here: one request and its answer. What the answers mean is in internal/database, and when agents are asked in
// internal/controller/database.
package agentclient
