// Package backupstore is the controller that finds out whether BarqBackupStores can be used.
//
// It has a pod try each store: after a change of its spec or of a Secret, each hour while it works, and more often while it fails. The
// agent in the pod asks the store, so the operator needs neither credentials nor a way to it.
//
// What lives here: requests and writes. What a pod looks like, what it said and when the next one is due are in internal/backupstore.
package backupstore
