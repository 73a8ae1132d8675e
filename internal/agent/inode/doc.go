//go:build linux

// Package inode tells a file from another one that has, or had, its name.
//
// What lives here: the identity of a file. What a change of it means is said by the packages that watch files.
package inode
