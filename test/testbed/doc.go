// Package testbed is what the suites share that have the operator work on a test cluster: the cluster with all that the
// operator is installed with, and for those that write pages, their commands and results.
//
// What must not live here: what a suite does to the operator, and what it expects.
package testbed
