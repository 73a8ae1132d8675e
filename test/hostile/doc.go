// Package hostile makes requests that no client with good intentions makes.
//
// What lives here: what is sent, and what may come back. What has to hold meanwhile is said by the tests that send them: those of the
// agent with its server in test/agent, and those on a real node in test/e2e.
package hostile
