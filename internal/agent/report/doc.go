//go:build linux

// Package report collects what the agent knows of its database, for whom asks.
//
// What lives here: the one place where it is kept. What it means is in internal/agentapi/v1.
package report
