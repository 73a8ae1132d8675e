// Package quarantine keeps the bytes that a repair takes out of the data directory.
//
// Each repair of a file has a folder of its own in .agent/quarantine, which the server does not
// read. bytes holds what was taken out, one piece behind the other, and manifest.jsonl says of each
// piece where it was and why it had to go. A folder appears when it is complete and synced, before
// the bytes disappear from their file. A repair that a crash interrupts starts anew and finds the
// folder that it made, so nothing is kept twice. A person closes a folder once nothing more is to be
// done about it; until then it is open.
//
// What lives here: the form of the folder. What is taken out is decided in internal/agent/repair.
package quarantine
