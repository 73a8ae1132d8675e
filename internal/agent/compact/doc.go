//go:build linux

// Package compact makes one segment of several, with what is alive in them.
//
// The server reads all that was ever written at its start. A document that was written twenty times
// is read twenty times, and one that was deleted is read too. A compaction reads the sealed segments
// of a collection from the first one on, and keeps of each document the line that counts, as it was
// written. It keeps them in the order of the list that an index of the kind Flat is, so that a server
// that reads them has the same list, answers with equal scores included. Of an index of the kind Ivf
// it keeps the first lines where they are, because its centroids come from them.
//
// A document that is written twice without a payload stays in the server's list twice. A collection
// with such documents is left as it is.
//
// The order of steps makes sure that a crash at any of them loses nothing: Recover finishes or
// undoes what it finds. A server that starts in between without Recover has the same documents.
//
// What lives here: which lines count, and how files replace others. When a compaction is worth it is
// said by Scheduler. What a line is belongs to internal/barq/walline.
package compact
