// Package door stands between the clients and the server: every request to the HTTP API goes through it.
//
// The server alone takes requests after which it does not start, has no limit of time or connections, and listens on IPv4 only.
// The door carries requests to it as they are, streamed, but for those that refusal refuses. It reads a body whole only where
// a rule is about it.
//
// What lives here: connections, limits and the way to the server. What is refused is said in internal/agent/refusal.
package door
