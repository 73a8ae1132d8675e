// Package programcache builds the Go programs that a module pins with tool
// directives, each once, into a cache of the user's that all checkouts share.
//
// What lives here: reading which programs a module has, the key that says
// whether a built program is still the right one, and the build itself. What a
// program is for, and how it is run, is the caller's business; nothing here may
// know one program from another. An option that one program needs is written in
// the programs.yaml beside its go.mod.
package programcache
