// Package volumes makes the volumes of a BarqCluster as large as its spec asks
// for, and says how far that is: it owns the conditions VolumesResized and VolumesRetained, and
// status.storage.
//
// It changes the requests of PersistentVolumeClaims, because the volume claim
// template of a StatefulSet cannot change and Helm can do nothing; and it restarts a
// pod whose file system grows only then. Every pass begins from what there is, so it
// can be interrupted anywhere. The questions have a file each:
//
//   - which claims are whose: volume.go
//   - what a claim is to ask for: request.go
//   - what the API server refused, and when to ask again: refusals.go
//   - which labels and annotations a claim inherits: inherited.go
//   - which pod has to restart, and when it may: restart.go
//   - which volumes go with pods that a lower number removes: retain.go
//   - which volumes stay when their claims go: reclaim.go
//   - what the status says: progress.go and compute.go
//
// These are functions of what was observed; controller.go reads and writes. Volumes are made by the StatefulSet. Those of a BarqCluster
// that is deleted are the business of internal/retention.
package volumes
