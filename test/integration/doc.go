// Package integration tests the operator as a person meets it: the real program,
// with the permissions of config/rbac, against a real API server with the real
// controllers. Only the nodes are simulated (docs/test-cluster.md), so containers
// do not really run.
//
// Each test has a namespace of its own and takes it away afterwards. What
// belongs to one concern of the operator is in one file.
package integration
