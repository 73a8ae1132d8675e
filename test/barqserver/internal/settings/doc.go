// Package settings reads the environment of the stand-in the way Barq DB reads its
// own.
//
// What lives here: which variables there are, what each may hold, and what follows
// from one that holds something else. Nothing here opens a file or a port.
package settings
