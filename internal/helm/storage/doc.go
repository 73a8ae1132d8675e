// Package storage keeps the records of a Helm release in Secrets, for one reconcile of one BarqCluster at a time. It signs what it
// stores, reads little of what it has not signed, and knows what was written before the caches show it.
//
// It decides nothing about a release: what is rendered, applied or refused is the business of its callers.
package storage
