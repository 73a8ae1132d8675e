// Package repair makes a data directory one that Barq DB starts with, before it starts.
//
// Look reads what is there. Decide says what to do about it, and is pure: Look's findings and the
// policy go in, a plan comes out. CarryOut does it. A plan either blocks the start or can be
// carried out; what is done in part after a crash, the next Look finds again, and the next plan
// finishes.
//
// A repair that is certain is always made: it loses no write that the server acknowledged. What
// loses one follows the policy. What could have lost more than can be known blocks the start, with
// a message that says what to do. Everything that is taken out goes to internal/agent/quarantine
// first, and a schema.json that is cut off is replaced by its copy from internal/agent/schemacopy.
//
// What lives here: the decision and the file operations. What a line is belongs to
// internal/barq/walline.
package repair
