//go:build linux

// Package parent runs the server from before its start to after its end.
//
// Before: it takes the lock of the data directory, repairs what has to be repaired, and syncs it.
// While: it passes signals on, and keeps copies of the schemas. After: it syncs what the server
// wrote, and says why the server ended. It exits as the server did, so that the kubelet's back-off
// counts.
//
// What lives here: the order of these. Each of them has a room of its own in internal/agent.
package parent
