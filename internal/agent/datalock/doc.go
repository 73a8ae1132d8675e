//go:build linux

// Package datalock makes sure that one process at a time uses a data directory.
//
// Barq DB has no lock of its own, and two servers on one directory lose each other's writes. The
// lock is the kernel's, on a file in .agent, so it cannot outlive its process. It keeps apart the
// processes of one node, and on a network file system those of several where that supports locks.
//
// What lives here: the lock and the name of who holds it.
package datalock
