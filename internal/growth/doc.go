// Package growth decides how the volumes of a BarqCluster come to have the size that the spec asks for, and says how far they are.
//
//   - what a PVC is to ask for: request.go
//   - how far the file system of a grown volume is: filesystem.go
//   - which pod has to restart for it, and when it may: restarts.go
//   - how far a volume is that is too small: progress.go
//   - what the status says: condition.go
//
// These are functions of what was observed (package pvcs). Reads, writes and events are the business of internal/controller/volumes.
package growth
