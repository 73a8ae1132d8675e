// Package durable changes files of the data directory so that a crash at any moment leaves the old
// content or the new one.
//
// What lives here: the order of write, sync and rename, and the folder for what is not finished.
package durable
