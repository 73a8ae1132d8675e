// Package documents knows which documents a server has after it has read lines of its log, and where their lines are.
//
// A document takes 16 bytes in the list and 4 to 11 in the table of positions, because the agent has little memory and
// databases have many documents.
//
// What lives here: that state, in memory. What is made of it is in internal/agent/compact.
package documents
