// Package snapshot reads every object of a cluster, of every kind that can be listed and in every namespace, and says what differs
// between two moments. Tests show with it that something touched nothing.
//
// Only what a person or a controller decides counts: status, versions and managed fields do not, nor do kinds that change by
// themselves, such as leases and events.
//
// What must not live here: who may change what. The caller says which differences are expected.
package snapshot
