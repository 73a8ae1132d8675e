// Package plan makes up what an adversary does: a sequence of forged records, edits, adoptions, deletions and restarts of the
// operator. One seed gives one sequence, whatever becomes of the cluster meanwhile.
//
// What must not live here: access to a cluster, and any expectation about what the operator does.
package plan
