// Package database is the controller that asks the agents in the pods, and writes what they say into the status.
//
// It makes the certificates by which the operator and the agents know each other, in a Secret of each BarqCluster, and renews
// them. Pods start without that Secret too: a database depends neither on the operator nor on its certificates. Agents are
// asked every half minute, which asks nothing of the API server. An agent that is silent is asked less and less often.
//
// What lives here: requests and writes. What the status says is in internal/database, the certificates are in
// internal/agentcert, and the requests to agents in internal/agentclient.
package database
