// Package agentcert makes the certificates by which the operator and the agents in the pods know each other.
//
// The authority is derived from the operator's key, so it is stored nowhere, and every start of the operator has the same
// one. The certificate of an agent is for servers only, and names its BarqCluster. So the key of one BarqCluster neither
// asks the agents of another one nor answers for them.
//
// What lives here: pure functions, and no request to an API server or an agent. Where the certificates are stored is in
// internal/controller/database, and internal/agentclient uses them.
package agentcert
