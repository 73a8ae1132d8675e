// Package storage is Helm's storage of releases, for one reconcile of one BarqCluster at a time. It reads few records, stores a
// revision that the spec asks for once, and notes what it writes.
//
// It decides nothing about a release: what is rendered, applied or refused is the business of its callers. What a record says, and
// what of it is believed, is the business of package records.
package storage
