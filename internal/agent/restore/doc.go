// Package restore brings the data back from the buckets before the server starts.
//
// A volume that is empty and that has no name gets what its archive has, or what the archive of another database has
// if that is asked for. Each chunk is compared with what its round says of it. All files are written beside the data directory,
// and one rename puts them in their place. So a restore that is interrupted leaves nothing that the server would read, and
// the next one takes what is there and right.
//
// The archive is taken over before anything is read, so that a database that is cut off, and still writes
// it, cannot go on meanwhile.
//
// What lives here: when there is a restore, and what it does. What an archive is belongs to internal/agent/archive.
package restore
