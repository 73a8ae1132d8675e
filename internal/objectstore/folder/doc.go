// Package folder keeps objects in a folder of a file system that has hard links.
//
// What lives here: files of objects, each with a trailer, which appear whole or not at all.
//
// What must not: retries, sums and keys, which package objectstore has for all backends.
package folder
