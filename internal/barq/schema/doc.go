// Package schema reads the schema.json of a collection of Barq DB, and says whether the server
// starts with it.
//
// It takes what the server takes, with one difference: the server also reads an object as an array
// of its members, which nothing writes. It tells a file that is cut off, which a kill of the
// server leaves, from one that says something else.
//
// What lives here: the meaning of one file. Which folder it lies in belongs to
// internal/barq/datadir, and how a lost one comes back to internal/agent/repair.
package schema
