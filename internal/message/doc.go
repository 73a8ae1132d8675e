// Package message bounds the messages of conditions and events, which quote texts of others without a limit. The answer of a
// registry is one of these texts. What a message says belongs to its writer.
package message
