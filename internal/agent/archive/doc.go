// Package archive is the form in which a database is kept in a bucket.
//
// Every object is created once and never changed. Below the path of the archive there are
//
//	rounds/NUMBER                        what there was at a moment: each file that has changed since the base
//	bases/EPOCH/NUMBER                   each file, and the chunks that it is made of
//	chunks/EPOCH/INCARNATION/NUMBER      at most 8 MiB of one file, in the bucket of the warm tier
//	cold/EPOCH/INCARNATION/NUMBER        the same in the bucket of the cold tier
//
// # Rounds
//
// The numbers of the rounds have no gap, and a round counts once it is there. So two that write the same archive
// meet at a number, which a store gives to one of them. The other has lost the archive, and knows it. One that
// takes an archive over writes a round at once, with the next epoch.
//
// A round names the files that differ from those of its base, which names all of them. Two objects are read for the
// newest state, however long the chain is. A base is used for an hour, so the bases of a day say what was needed in it.
//
// # Chunks
//
// A name has the epoch of who wrote the chunk, the incarnation of its collection, and a number that is used once in an
// epoch. So no two writers choose the same name. A round has the SHA-256 of the content of each chunk.
//
// What lives here: names, content, the chain of rounds, and which chunks become one. What gets into an archive
// is said by internal/agent/shipping, and what comes out by internal/agent/restore.
package archive
