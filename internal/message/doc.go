// Package message bounds the messages of conditions and events, which quote texts of others that have no limit of their own:
// the answer of a registry, for instance. What a message says belongs to its writer.
package message
