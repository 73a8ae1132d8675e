//go:build linux

// Package child runs one process as the child of this one, which may be process 1 of a container.
//
// The child ends when this process does, whatever ends it. As process 1 this process also reaps the
// orphans of others. The package waits for any child of the process, so no other code of the
// program may start one.
//
// What lives here: processes and signals. Why a child ended is read by internal/barq/ending.
package child
