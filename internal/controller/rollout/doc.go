// Package rollout paces the rollouts that no spec asks for: those that a new version
// of the operator brings, by another chart or another default image.
// At most a given number of BarqClusters restart their pods for such a change at a
// time; the others wait in a line, and what their status says about it comes from
// here.
//
// The questions have a file each:
//
//   - who holds a slot, as far as Kubernetes stores it: slots.go
//   - who comes next: line.go
//   - what a BarqCluster that waits is told: message.go
//
// These are functions of what was observed (observe.go). The Queue around them
// (queue.go) adds what only memory holds: the line, and slots that were given a
// moment ago. Memory alone decides nothing that a restart of the operator could
// undo: a slot is held by what the release and the StatefulSet say.
//
// Whether a rollout was asked for is decided in internal/helm/upgrade; this package
// neither knows Helm nor changes an object.
package rollout
