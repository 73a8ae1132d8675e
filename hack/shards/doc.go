// Package shards tests shards.sh, which runs the tests of a folder in several processes.
package shards
