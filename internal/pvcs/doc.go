// Package pvcs says what the PVCs of a BarqCluster's pods are, as they were observed.
//
//   - which PVCs are whose, and what is observed beside them: observation.go
//   - what one PVC says: pvc.go
//   - which volumes are at risk, and which are missing: trouble.go
//   - in what PVCs differ from the spec, and whether the first ones can still be replaced: template.go
//   - which labels and annotations a PVC inherits: metadata.go
//   - what the API server refused, and when to ask again: refusals.go
//   - how much of that a message repeats: text.go
//
// Observe reads; all else is a function of what was observed, but for Refusals, which remembers. Writes are the business of
// internal/controller/volumes, sizes that of internal/growth, and what becomes of volumes that of internal/retention.
package pvcs
