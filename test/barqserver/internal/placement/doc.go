// Package placement reads the cluster file and tells which process has which shard.
//
// What lives here: the file's form, the placements that follow from it, and where a
// key belongs. It opens no connection to another process: neither does Barq DB.
package placement
