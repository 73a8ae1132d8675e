// Package volumes is the controller that grows the volumes of a BarqCluster to the size that its spec asks for. It owns the conditions
// VolumesResized and VolumesRetained, and status.storage.
//
// It changes PVCs, because the volume claim template of a StatefulSet cannot change and Helm can do nothing; and it restarts a
// pod whose file system grows only then. Every reconcile begins from what there is, so it can be interrupted anywhere. controller.go is
// the loop; what it reads and writes has a file each:
//
//   - what PVCs ask for, and the pod that restarts for its file system: resize.go
//   - the notes of spec.storage.retention on PVCs, volumes that stay, and PVCs that go with their pods: retain.go
//   - the labels and annotations that PVCs inherit: inherit.go
//   - the first PVCs, which are replaced until one is bound: replace.go
//   - what provisioners say: provision.go
//   - the status, and the events of what changes in it: compute.go and announce.go
//
// What is decided from the caches is decided again from the API server before something is deleted, and that is deleted only as it was
// seen. The decisions are functions in other packages: internal/pvcs, internal/growth and internal/retention. Volumes are made by the
// StatefulSet. Those of a BarqCluster that is deleted are the business of internal/controller/release.
package volumes
