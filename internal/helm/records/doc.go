// Package records knows the Secrets in which Helm stores the revisions of a release: their names, which of them exist, and what one of
// them says. It reads little of a record that the operator has not signed, signs those of the operator, and refuses a revision that
// does not fit a Secret. It remembers what was written until the caches show it.
//
// It asks the API server for nothing and writes nothing there. Which records are read, and when one is written, is decided in package
// storage.
package records
