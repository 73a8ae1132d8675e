// Package backupstore says how a BarqBackupStore is tried, when, and what its status says about that.
//
// What lives here: the pod of a probe, what it said, the next time, and the condition Ready. The functions are pure.
//
// What must not: requests. The controller makes them (internal/controller/backupstore), and the agent in the pod asks the store.
package backupstore
