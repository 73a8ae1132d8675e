// Package retention decides what becomes of the volumes of a BarqCluster that is deleted, and does it.
//
// Only the operator deletes a claim. The StatefulSet's own policy is Retain in every release, and no claim has the StatefulSet, a pod
// or the BarqCluster for an owner: the garbage collector acts on what an owner reference said last, and not on the newest spec. Some
// references are left from former operators, which used the StatefulSet's policy; they are taken off.
//
// fate.go says what becomes of the claims, for the status and for what is done. settle.go does it, before and after the objects of the
// release go. Volumes of pods that a lower number removes are the business of internal/controller/volumes.
package retention
