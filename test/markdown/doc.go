// Package markdown reads the blocks of code in documents, and the markers that say what
// runs the commands in them. A test runs the commands of a page out of that page, so
// that the two cannot come to differ. It also writes the tables and the parts of pages that hold what runs have measured.
//
// What must not live here: running commands, which is for the tests that have a
// cluster, and what a document may say, which is for the tests in docs.
package markdown
