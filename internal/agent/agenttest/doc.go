// Package agenttest has data directories for tests of what the agent does to them: damaged ones with what a repair makes of
// them, and histories of writes.
//
// What lives here: data, and how it becomes files. What must hold of them is in the tests.
package agenttest
