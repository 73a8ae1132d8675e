// Package retention knows what becomes of the volumes of a BarqCluster that is deleted, that gets fewer pods, or whose PVCs go.
//
// Only the operator deletes a PVC. The StatefulSet's own policy is Retain in every release, and no PVC has the StatefulSet, a pod
// or the BarqCluster for an owner: the garbage collector acts on what an owner reference said last, and not on the newest spec. Some
// references are left from former operators, which used the StatefulSet's policy; they are taken off.
//
//   - what becomes of the PVCs of a BarqCluster that is deleted, for the status and for what is done: fate.go
//   - that it is done, before and after the objects of the release go: settle.go
//   - which PVCs go with the pods that a lower number removes: scaled.go
//   - which volumes stay when their PVCs go: reclaim.go
//
// When that happens is the business of the controllers: internal/controller/release for a deletion, internal/controller/volumes for
// all else. So are the deletion of PVCs that go with their pods, and events.
package retention
