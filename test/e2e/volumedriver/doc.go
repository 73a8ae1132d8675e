// Package volumedriver is a storage driver for one node, for tests: its volumes are
// folders, and its storage classes grow in the ways that real ones do and fail to.
// It speaks Kubernetes' container storage interface to the kubelet and to the
// sidecars that provision and grow volumes, all of which are real.
//
// What it does not do: keep a volume to its size.
package volumedriver
