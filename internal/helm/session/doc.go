// Package session gives the library Helm's actions for one reconcile of one BarqCluster. They know which releases are the operator's,
// recover an interrupted one, try an upgrade whole before its first write, pace it, take a release over or hand it back, and ask the
// API server for nothing that is known.
//
// The library decides which action is called. What its order of calls means is said at each method, and held by the tests of the
// package.
//
// How objects are written is in package kubeclient, which records are believed in package records, and what is asked before an upgrade
// in package admission. When a reconcile starts, and what the status says of it, does not belong here.
package session
