// Package objectstore is a store of objects that never change, in a bucket or in a folder.
//
// What lives here: the six operations on objects, their SHA-256, deadlines and retries, and the reasons
// why a store cannot be used. The rooms below have what differs by provider. The agent alone uses it.
//
// What must not: what the objects mean, and which of them may go. Their owner knows that.
//
// # What is verified
//
// Each object carries the SHA-256 of its content: as metadata in a bucket, as a trailer in a folder.
// [Store.Read] compares every byte with it. That finds damage; it does not find an object that was
// replaced together with its sum. So the owner of a list of objects keeps the sums in the list too,
// and compares them with what Read returns.
//
// A part of an object has no sum in the store. [Store.ReadRange] takes one from the caller, who has
// it from such a list.
package objectstore
