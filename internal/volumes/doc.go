// Package volumes makes the volumes of a BarqCluster as large as its spec asks
// for. It changes nothing but the requests of PersistentVolumeClaims: the volume
// claim template of a StatefulSet cannot change, so Helm cannot do it.
//
// What the volumes have by then is reported by internal/status.
package volumes
